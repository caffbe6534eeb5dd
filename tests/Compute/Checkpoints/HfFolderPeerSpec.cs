using System.Diagnostics;
using ActorRing.Compute.Checkpoints.HuggingFace;
using ActorRing.Compute.Checkpoints.Safetensors;
using ActorRing.Compute.Model.Config;
using ActorRing.Compute.Specs.Model.Config;

namespace ActorRing.Compute.Specs.Checkpoints;

/// <summary>Exports judged by <c>tools/check_hf_folder.py</c>, which was written from transformers' own classes and shares no line with the writer.</summary>
public sealed class HfFolderPeerSpec : IDisposable
{
    private const string Yarn = """{"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 1024}""";
    private const string LongRope =
        """{"rope_type": "longrope", "short_factor": [1, 1, 1, 1], "long_factor": [2, 2, 2, 2], "original_max_position_embeddings": 512, "factor": 8.0}""";

    private readonly TemporaryFolder folder = new();

    private string Model => folder.At("model");

    public void Dispose() => folder.Dispose();

    [PythonTheory]
    [InlineData("llama", null, "ok: LlamaForCausalLM, 29 tensors")]
    [InlineData("llama", 40_000, "ok: LlamaForCausalLM, 29 tensors")]
    [InlineData("llama untied", null, "ok: LlamaForCausalLM, 30 tensors")]
    [InlineData("llama with biases", null, "ok: LlamaForCausalLM, 50 tensors")]
    [InlineData("llama yarn", null, "ok: LlamaForCausalLM, 29 tensors")]
    [InlineData("llama longrope", null, "ok: LlamaForCausalLM, 29 tensors")]
    [InlineData("llama v5", 1, "ok: LlamaForCausalLM, 29 tensors")]
    [InlineData("mistral", null, "ok: MistralForCausalLM, 39 tensors")]
    [InlineData("mistral", 1, "ok: MistralForCausalLM, 39 tensors")]
    [InlineData("new llama", null, "ok: LlamaForCausalLM, 29 tensors")]
    public void Export_must_hold_exactly_what_transformers_asks_for(string kind, int? maxShardBytes, string verdict)
    {
        Export(kind, maxShardBytes ?? ShardPlan.DefaultMaxShardBytes);

        Assert.Equal((0, verdict), Judge());
    }

    [PythonTheory]
    [InlineData("a tensor is missing", "missing key model.norm.weight [48]")]
    [InlineData("a tensor has another shape", "size mismatch for model.norm.weight: [47], the model has [48]")]
    [InlineData("a tensor has another name", "unexpected key model.norm.weights")]
    [InlineData("the file is short", "its header accounts for")]
    [InlineData("the config is another", "missing key model.layers.3.input_layernorm.weight [48]")]
    [InlineData("the type is another", "dtype is float16, the tensors are bfloat16")]
    public void Judge_must_notice_when_an_export_is_broken(string fault, string verdict)
    {
        Export("llama", ShardPlan.DefaultMaxShardBytes);
        Break(fault);

        var (code, output) = Judge();

        Assert.Equal(1, code);
        Assert.Contains(verdict, output, StringComparison.Ordinal);
    }

    private static LlamaConfig Config(string kind) => kind switch
    {
        "llama" => ConfigJson.Parse(ConfigJson.LlamaV4),
        "llama untied" => ConfigJson.Parse(ConfigJson.With(ConfigJson.LlamaV4, "tie_word_embeddings", "false")),
        "llama with biases" => ConfigJson.Parse(ConfigJson.With(ConfigJson.With(ConfigJson.LlamaV4, "attention_bias", "true"), "mlp_bias", "true")),
        "llama yarn" => ConfigJson.Parse(ConfigJson.With(ConfigJson.LlamaV4, "rope_scaling", Yarn)),
        "llama longrope" => ConfigJson.Parse(ConfigJson.With(ConfigJson.LlamaV4, "rope_scaling", LongRope)),
        "llama v5" => ConfigJson.Parse(ConfigJson.LlamaV5),
        "mistral" => ConfigJson.Parse(ConfigJson.Mistral),
        "new llama" => ConfigJson.Parse(ConfigJson.LlamaV4) with { Source = null },
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "no such config"),
    };

    private void Export(string kind, long maxShardBytes)
    {
        using var export = HfModelExport.Begin(Model, Config(kind), new() { MaxShardBytes = maxShardBytes });
        foreach (var parameter in export.Parameters)
        {
            export.Append(parameter.Name, new byte[parameter.ByteCount]);
        }

        export.Commit();
    }

    private void Break(string fault)
    {
        var weights = Path.Combine(Model, "model.safetensors");
        var config = Path.Combine(Model, "config.json");
        switch (fault)
        {
            case "the file is short":
                using (var stream = new FileStream(weights, FileMode.Open))
                {
                    stream.SetLength(stream.Length - 1);
                }

                break;
            case "the config is another":
                File.WriteAllText(config, ConfigJson.With(File.ReadAllText(config), "num_hidden_layers", "4"));
                break;
            case "the type is another":
                File.WriteAllText(config, ConfigJson.With(File.ReadAllText(config), "torch_dtype", "\"float16\""));
                break;
            default:
                var tensors = ParameterNames.Of(Config("llama")).Select(parameter => new TensorSpec(parameter.Name, SafetensorsDtype.BF16, parameter.Shape));
                File.Delete(weights);
                var broken = tensors.Select(tensor => tensor.Name == ParameterNames.Norm ? Wrong(fault, tensor) : tensor).OfType<TensorSpec>();
                SafetensorsBytes.Write(weights, [.. broken]);
                break;
        }
    }

    private static TensorSpec? Wrong(string fault, TensorSpec tensor) => fault switch
    {
        "a tensor has another shape" => new(tensor.Name, tensor.Dtype, [47]),
        "a tensor has another name" => new(tensor.Name + "s", tensor.Dtype, tensor.Shape),
        _ => null,
    };

    private (int Code, string Output) Judge()
    {
        var script = Path.Combine(RepositoryRoot(), "tools", "check_hf_folder.py");
        var start = new ProcessStartInfo("python3", [script, Model]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var python = Process.Start(start)!;
        var output = python.StandardOutput.ReadToEnd();
        var errors = python.StandardError.ReadToEnd();
        python.WaitForExit();
        Assert.Equal("", errors);
        return (python.ExitCode, output.TrimEnd());
    }

    private static string RepositoryRoot()
    {
        var current = new DirectoryInfo(AppContext.BaseDirectory);
        while (current is not null && !File.Exists(Path.Combine(current.FullName, "ActorRing.sln")))
        {
            current = current.Parent;
        }

        return (current ?? throw new InvalidOperationException("ActorRing.sln is in no folder above the specs")).FullName;
    }
}
