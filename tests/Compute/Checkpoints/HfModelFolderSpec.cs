using System.Runtime.InteropServices;
using System.Text;
using ActorRing.Compute.Checkpoints.HuggingFace;
using ActorRing.Compute.Checkpoints.Safetensors;
using ActorRing.Compute.Model.Config;
using ActorRing.Compute.Specs.Model.Config;

namespace ActorRing.Compute.Specs.Checkpoints;

public sealed class HfModelFolderSpec : IDisposable
{
    private readonly TemporaryFolder folder = new();

    private string Model => folder.At("model");

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(ConfigJson.LlamaV4, SafetensorsDtype.BF16, ShardPlan.DefaultMaxShardBytes)]
    [InlineData(ConfigJson.LlamaV5, SafetensorsDtype.F32, 50_000)]
    [InlineData(ConfigJson.Mistral, SafetensorsDtype.F16, 1)]
    public void Folder_must_come_back_byte_for_byte_when_it_is_read_and_exported_again(string json, SafetensorsDtype dtype, long maxShardBytes)
    {
        Directory.CreateDirectory(folder.At("tokenizer"));
        File.WriteAllBytes(folder.At("tokenizer", "tokenizer.json"), [.. "{\"é\": 1}"u8, 0x0D, 0x0A]);
        File.WriteAllBytes(folder.At("tokenizer", "tokenizer.model"), SafetensorsBytes.Data(3_000_000));
        File.WriteAllBytes(folder.At("tokenizer", "unrelated.txt"), [1]);
        var generation = Encoding.UTF8.GetBytes("{ \"temperature\":0.6 }");
        Export(Model, ConfigJson.Parse(json),
            new() { Dtype = dtype, MaxShardBytes = maxShardBytes, TokenizerFolder = folder.At("tokenizer"), GenerationConfig = generation });

        using (var read = HfModelFolder.Open(Model))
        {
            Assert.Equal(ConfigJson.Parse(json) with { Dtype = dtype }, read.Config);
            Export(folder.At("again"), read.Config,
                new() { MaxShardBytes = maxShardBytes, TokenizerFolder = Model, GenerationConfig = read.GenerationConfig }, read.Weights);
        }

        var names = Directory.EnumerateFiles(Model).Select(Path.GetFileName).Order(StringComparer.Ordinal).ToList();
        Assert.Equal(names, Directory.EnumerateFiles(folder.At("again")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.DoesNotContain("unrelated.txt", names);
        Assert.All(names, name => Assert.Equal(File.ReadAllBytes(Path.Combine(Model, name!)), File.ReadAllBytes(folder.At("again", name!))));
        Assert.Equal(["again", "model", "tokenizer"], folder.Names());
    }

    [Fact]
    public void Folder_must_hold_these_files_when_a_new_model_is_exported()
    {
        Export(Model, ConfigJson.Parse(ConfigJson.LlamaV4), null);

        Assert.Equal(["config.json", "generation_config.json", "model.safetensors"],
            Directory.EnumerateFiles(Model).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(ConfigJson.LlamaV4, File.ReadAllText(Path.Combine(Model, "config.json")));
        Assert.Equal("{\n  \"_from_model_config\": true,\n  \"bos_token_id\": 1,\n  \"eos_token_id\": [2, 3]\n}\n",
            File.ReadAllText(Path.Combine(Model, "generation_config.json")));
        using var read = HfModelFolder.Open(Model);
        Assert.Empty(read.Tokenizer);
        Assert.Equal(ParameterNames.Of(read.Config).Select(parameter => parameter.Name), read.Weights.Files[0].Entries.Select(entry => entry.Name));
    }

    [Fact]
    public void Config_must_stay_byte_equal_when_it_says_nothing_about_the_dtype_and_none_is_chosen()
    {
        Export(Model, ConfigJson.Parse(ConfigJson.Mistral), null);

        Assert.Equal(ConfigJson.Mistral, File.ReadAllText(Path.Combine(Model, "config.json")));
        using var read = HfModelFolder.Open(Model);
        Assert.Equal(SafetensorsDtype.F32, read.Weights.Tensors[ParameterNames.Norm].Dtype);
    }

    [Fact]
    public void Export_must_leave_nothing_when_it_is_not_committed()
    {
        var config = ConfigJson.Parse(ConfigJson.LlamaV4);
        using (var export = HfModelExport.Begin(Model, config))
        {
            export.Append(export.Parameters[0].Name, new byte[export.Parameters[0].ByteCount]);
            Assert.False(Directory.Exists(Model));
            Assert.Throws<InvalidOperationException>(export.Commit);
        }

        Assert.Empty(folder.Names());
        Assert.Throws<InvalidDataException>(() => HfModelExport.Begin(Model, config with { RmsNormEps = 0 }));
        Assert.Throws<ArgumentException>(() => HfModelExport.Begin(Model, config, new() { Dtype = SafetensorsDtype.I8 }));
        Assert.Empty(folder.Names());
    }

    [Fact]
    public void Export_must_leave_nothing_when_a_tokenizer_file_is_refused()
    {
        Directory.CreateDirectory(folder.At("tokenizer"));
        File.WriteAllBytes(folder.At("secret"), [1]);
        File.CreateSymbolicLink(folder.At("tokenizer", "tokenizer.json"), "../secret");

        Assert.Throws<InvalidDataException>(() =>
            HfModelExport.Begin(Model, ConfigJson.Parse(ConfigJson.LlamaV4), new() { TokenizerFolder = folder.At("tokenizer") }));
        Assert.Equal(["secret", "tokenizer"], folder.Names());
    }

    [Fact]
    public void Export_must_be_refused_when_the_folder_exists()
    {
        Export(Model, ConfigJson.Parse(ConfigJson.LlamaV4), null);

        Assert.Contains("already exists", Assert.Throws<IOException>(() => HfModelExport.Begin(Model, ConfigJson.Parse(ConfigJson.LlamaV4))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Tensors_must_be_refused_by_name_when_they_are_not_those_of_the_config()
    {
        var config = ConfigJson.Parse(ConfigJson.LlamaV4);
        var all = ParameterNames.Of(config).Select(parameter => new TensorSpec(parameter.Name, SafetensorsDtype.BF16, parameter.Shape)).ToList();
        const string norm = "model.layers.1.input_layernorm.weight";
        var others = all.Where(tensor => tensor.Name != norm).ToList();

        AssertTensors(null, all);
        AssertTensors(null, [.. all, SafetensorsBytes.F32("model.layers.0.self_attn.rotary_emb.inv_freq", 4),
            SafetensorsBytes.F32("model.rotary_emb.inv_freq", 4)]);
        AssertTensors($"tensor '{norm}' is missing; the config asks for it with shape [48]", others);
        AssertTensors($"tensor '{norm}' has shape [1, 48]; the config asks for [48]", [.. others, SafetensorsBytes.F32(norm, 1, 48)]);
        AssertTensors($"tensor '{norm}' has dtype I16; allowed are F32, F16 and BF16", [.. others, new(norm, SafetensorsDtype.I16, [48])]);
        AssertTensors("tensor 'model.layers.3.mlp.up_proj.weight' F32 [2] is not one that the config asks for",
            [.. all, SafetensorsBytes.F32("model.layers.3.mlp.up_proj.weight", 2)]);
        AssertTensors("tensor 'lm_head.weight' is there although tie_word_embeddings is true", [.. all, SafetensorsBytes.F32("lm_head.weight", 1000, 48)]);
        AssertTensors("(1 more tensors are wrong)", [.. others, SafetensorsBytes.F32("x", 1)]);
    }

    [Fact]
    public void Folder_must_be_refused_when_a_file_is_missing_or_broken()
    {
        Assert.Throws<FileNotFoundException>(() => HfModelFolder.Open(Model));
        Export(Model, ConfigJson.Parse(ConfigJson.LlamaV4), null);
        File.WriteAllText(Path.Combine(Model, "generation_config.json"), "[]");

        Assert.EndsWith("generation_config.json: is not a JSON object", Assert.Throws<InvalidDataException>(() => HfModelFolder.Open(Model)).Message,
            StringComparison.Ordinal);
        File.Delete(Path.Combine(Model, "generation_config.json"));
        using (var without = HfModelFolder.Open(Model))
        {
            Assert.Null(without.GenerationConfig);
        }

        File.Delete(Path.Combine(Model, "model.safetensors"));
        Assert.Contains("holds neither", Assert.Throws<FileNotFoundException>(() => HfModelFolder.Open(Model)).Message, StringComparison.Ordinal);
    }

    private static void Export(string path, LlamaConfig config, HfExportOptions? options, SafetensorsFolder? weights = null)
    {
        using var export = HfModelExport.Begin(path, config, options);
        foreach (var parameter in export.Parameters)
        {
            var bytes = new byte[parameter.ByteCount];
            new Random(parameter.Name.Length).NextBytes(bytes);
            weights?.Read(parameter.Name, bytes);
            // An odd first part, so that parts and elements do not line up.
            export.Append(parameter.Name, bytes.AsSpan(0, Math.Min(13, bytes.Length)));
            export.Append(parameter.Name, bytes.AsSpan(Math.Min(13, bytes.Length)));
        }
        export.Commit();
    }

    private void AssertTensors(string? fault, List<TensorSpec> tensors)
    {
        var path = folder.At("model.safetensors");
        SafetensorsBytes.Write(path, [.. tensors]);
        File.WriteAllText(folder.At("config.json"), ConfigJson.LlamaV4);
        if (fault is null)
        {
            HfModelFolder.Open(folder.Path).Dispose();
            return;
        }
        var message = Assert.Throws<InvalidDataException>(() => HfModelFolder.Open(folder.Path)).Message;
        Assert.StartsWith(folder.Path + ": ", message, StringComparison.Ordinal);
        Assert.Contains(fault, message, StringComparison.Ordinal);
    }
}
