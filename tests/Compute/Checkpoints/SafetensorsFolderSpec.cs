using System.Text;
using ActorRing.Compute.Checkpoints.Safetensors;

namespace ActorRing.Compute.Specs.Checkpoints;

public sealed class SafetensorsFolderSpec : IDisposable
{
    private const string Index = "model.safetensors.index.json";
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(100, new[] { "abcde" })]
    [InlineData(48, new[] { "abcde" })]
    [InlineData(47, new[] { "abcd", "e" })]
    [InlineData(24, new[] { "abc", "de" })]
    [InlineData(16, new[] { "ab", "c", "d", "e" })]
    [InlineData(1, new[] { "a", "b", "c", "d", "e" })]
    public void Plan_must_fill_files_in_order_when_a_size_is_given(long maxBytes, string[] expected)
    {
        // 4 + 0 + 20 + 4 + 20 bytes; c and e are larger than the smallest limits and then stand alone.
        TensorSpec[] tensors =
        [
            SafetensorsBytes.F32("a", 1), SafetensorsBytes.F32("b", 0), SafetensorsBytes.F32("c", 5), SafetensorsBytes.F32("d", 1),
            SafetensorsBytes.F32("e", 5),
        ];

        var plan = ShardPlan.Of(tensors, maxBytes);

        Assert.Equal(expected, plan.Select(shard => string.Concat(shard.Tensors.Select(tensor => tensor.Name))));
        Assert.Equal(
            expected.Length == 1 ? ["model.safetensors"]
                : Enumerable.Range(1, expected.Length).Select(i => $"model-0000{i}-of-0000{expected.Length}.safetensors"),
            plan.Select(shard => shard.FileName));
    }

    [Theory]
    [InlineData(1000, 1)]
    [InlineData(24, 2)]
    [InlineData(1, 4)]
    public void Folder_must_give_back_all_tensors_when_it_was_written_in_shards(long maxBytes, int files)
    {
        TensorSpec[] tensors = [SafetensorsBytes.F32("a", 3, 1), SafetensorsBytes.F32("b", 0), SafetensorsBytes.F32("c", 2), SafetensorsBytes.F32("d", 5)];
        Write(tensors, maxBytes);

        using var read = SafetensorsFolder.Open(folder.Path);

        Assert.Equal(files, read.Files.Count);
        Assert.Equal(files > 1, File.Exists(folder.At(Index)));
        Assert.Equal(["a", "b", "c", "d"], read.Tensors.Keys.Order(StringComparer.Ordinal));
        foreach (var tensor in tensors)
        {
            var bytes = new byte[tensor.ByteCount];
            read.Read(tensor.Name, bytes);
            Assert.Equal(SafetensorsBytes.Data(tensor.ByteCount), bytes);
        }
        var row = new byte[4];
        read.ReadRows("a", 2, 1, row);
        Assert.Equal(SafetensorsBytes.Data(12)[8..], row);
    }

    [Fact]
    public void Index_must_be_written_as_transformers_writes_it_when_there_are_shards()
    {
        Write([SafetensorsBytes.F32("b", 2), SafetensorsBytes.F32("a", 3)], 8);

        var expected = """
            {
              "metadata": {
                "total_size": 20
              },
              "weight_map": {
                "a": "model-00002-of-00002.safetensors",
                "b": "model-00001-of-00002.safetensors"
              }
            }

            """.ReplaceLineEndings("\n");
        Assert.Equal(expected, File.ReadAllText(folder.At(Index)));
    }

    [Fact]
    public void Folder_must_be_refused_by_name_when_index_and_shards_disagree()
    {
        SafetensorsBytes.Write(folder.At("one.safetensors"), SafetensorsBytes.F32("a", 1), SafetensorsBytes.F32("b", 1));
        SafetensorsBytes.Write(folder.At("two.safetensors"), SafetensorsBytes.F32("c", 1));

        AssertRefused<FileNotFoundException>("""{"weight_map":{"a":"one.safetensors","b":"one.safetensors","d":"three.safetensors"}}""",
            "puts tensor 'd' into three.safetensors, which does not exist");
        AssertRefused<InvalidDataException>("""{"weight_map":{"a":"one.safetensors","b":"one.safetensors","d":"two.safetensors","c":"two.safetensors"}}""",
            "puts tensor 'd' into two.safetensors, which does not hold it");
        AssertRefused<InvalidDataException>("""{"weight_map":{"a":"one.safetensors","c":"two.safetensors"}}""",
            "holds tensor 'b', but weight_map of model.safetensors.index.json does not name it");
        AssertRefused<InvalidDataException>("""{"weight_map":{"a":"one.safetensors","b":"two.safetensors","c":"two.safetensors"}}""",
            "holds tensor 'b', but weight_map of model.safetensors.index.json puts it into two.safetensors");
    }

    [Theory]
    [InlineData("""{"weight_map":{"a":"../one.safetensors"}}""", "allowed is a plain name")]
    [InlineData("""{"weight_map":{"a":"/etc/one.safetensors"}}""", "allowed is a plain name")]
    [InlineData("""{"weight_map":{"a":".one.safetensors"}}""", "allowed is a plain name")]
    [InlineData("""{"weight_map":{"a":"one.bin"}}""", "allowed is a plain name")]
    [InlineData("""{"weight_map":{"a":"one\u0000.safetensors"}}""", "allowed is a plain name")]
    [InlineData("""{"weight_map":{"a":1}}""", "allowed is a plain name")]
    [InlineData("""{"weight_map":{"a":"one.safetensors","\u0061":"one.safetensors"}}""", "a key twice")]
    [InlineData("""{"weight_map":[]}""", "weight_map is missing or not an object")]
    [InlineData("""{}""", "weight_map is missing or not an object")]
    [InlineData("[]", "weight_map is missing or not an object")]
    [InlineData("{", "is not JSON")]
    public void Index_must_be_refused_when_it_breaks_a_rule(string json, string fault)
    {
        SafetensorsBytes.Write(folder.At("one.safetensors"), SafetensorsBytes.F32("a", 1));

        AssertRefused<InvalidDataException>(json, fault);
    }

    [Fact]
    public void Folder_must_be_refused_when_it_holds_no_weights_or_both_forms()
    {
        Assert.Contains("holds neither", Assert.Throws<FileNotFoundException>(() => SafetensorsFolder.Open(folder.Path)).Message, StringComparison.Ordinal);

        SafetensorsBytes.Write(folder.At("model.safetensors"), SafetensorsBytes.F32("a", 1));
        AssertRefused<InvalidDataException>("""{"weight_map":{"a":"model.safetensors"}}""", "holds both");
    }

    [Fact]
    public void Writer_must_refuse_the_folder_when_it_holds_weights_already()
    {
        SafetensorsBytes.Write(folder.At("model-00001-of-00002.safetensors"), SafetensorsBytes.F32("a", 1));

        var thrown = Assert.Throws<IOException>(() => SafetensorsFolderWriter.Create(folder.Path, []));

        Assert.Contains("holds model-00001-of-00002.safetensors already", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Writer_must_leave_no_index_when_it_stops_between_shards()
    {
        using (var writer = SafetensorsFolderWriter.Create(folder.Path, [SafetensorsBytes.F32("a", 1), SafetensorsBytes.F32("b", 1)], 4))
        {
            writer.Append("a", new byte[4]);
            Assert.Throws<InvalidOperationException>(writer.Commit);
        }

        Assert.Equal(["model-00001-of-00002.safetensors"], folder.Names());
        Assert.Throws<FileNotFoundException>(() => SafetensorsFolder.Open(folder.Path));
    }

    private void AssertRefused<T>(string index, string fault) where T : Exception
    {
        File.WriteAllBytes(folder.At(Index), Encoding.UTF8.GetBytes(index));

        var message = Assert.Throws<T>(() => SafetensorsFolder.Open(folder.Path)).Message;

        Assert.Contains(fault, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    private void Write(TensorSpec[] tensors, long maxBytes)
    {
        using var writer = SafetensorsFolderWriter.Create(folder.Path, tensors, maxBytes);
        foreach (var tensor in tensors)
        {
            writer.Append(tensor.Name, SafetensorsBytes.Data(tensor.ByteCount));
        }
        writer.Commit();
    }
}
