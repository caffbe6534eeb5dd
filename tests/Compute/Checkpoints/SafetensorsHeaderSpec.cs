using System.Globalization;
using System.Text;
using ActorRing.Compute.Checkpoints.Safetensors;

namespace ActorRing.Compute.Specs.Checkpoints;

public sealed class SafetensorsHeaderSpec
{
    private const string A = """ "a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]} """;

    [Fact]
    public void Header_must_list_tensors_in_byte_order_when_it_names_them_in_another()
    {
        const string json = """{"b":{"dtype":"U8","shape":[5],"data_offsets":[4,9]},"__metadata__":{"format":"pt"},"""
            + """ "a":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}""";

        var header = Parse(json + "   ", 9);


        Assert.Equal(["a", "b"], header.Entries.Select(entry => entry.Name));
        Assert.Equal((4L, 9L, SafetensorsDtype.U8), (header.Tensors["b"].Begin, header.Tensors["b"].End, header.Tensors["b"].Dtype));
        Assert.Equal("pt", header.Metadata["format"]);
    }

    [Theory]
    [InlineData("F64", 8)]
    [InlineData("F32", 4)]
    [InlineData("F16", 2)]
    [InlineData("BF16", 2)]
    [InlineData("I64", 8)]
    [InlineData("I32", 4)]
    [InlineData("I16", 2)]
    [InlineData("I8", 1)]
    [InlineData("U8", 1)]
    [InlineData("BOOL", 1)]
    public void Header_must_be_read_when_the_dtype_is_allowed(string dtype, int size)
    {
        var entry = Parse($$$"""{"a":{"dtype":"{{{dtype}}}","shape":[3],"data_offsets":[0,{{{3 * size}}}]}}""", 3 * size).Tensors["a"];

        Assert.Equal((dtype, size), (entry.Dtype.Text(), entry.Dtype.ByteSize()));
    }

    [Fact]
    public void Header_must_be_read_when_tensors_are_empty_or_scalars()
    {
        var header = Parse(
            """{"s":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"e":{"dtype":"F32","shape":[3,0],"data_offsets":[0,0]},"""
            + """ "z":{"dtype":"I8","shape":[0],"data_offsets":[4,4]}}""", 4);

        Assert.Equal(["e", "s", "z"], header.Entries.Select(entry => entry.Name));
        Assert.Equal((1L, 4L), (header.Tensors["s"].RowCount, header.Tensors["s"].RowBytes));
        Assert.Equal((0L, 0L), (header.Tensors["z"].RowCount, header.Tensors["z"].RowBytes));
        Assert.Empty(Parse("{}", 0).Entries);
    }

    [Theory]
    [InlineData("", "header is empty")]
    [InlineData(" {}", "header begins with byte 0x20")]
    [InlineData("[]", "header begins with byte 0x5b")]
    [InlineData("{", "not JSON")]
    [InlineData("{}x", "not JSON")]
    [InlineData("{}{}", "not JSON")]
    [InlineData("{/**/}", "not JSON")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},}""", "not JSON")]
    [InlineData("""{"a":{"dtype":"F32","shape":[[6]],"data_offsets":[0,24]}}""", "deeper than 3 levels")]
    [InlineData("""{"a":{"dtype":{},"shape":[6],"data_offsets":[0,24]}}""", "dtype is not a string")]
    [InlineData("""{"a":[]}""", "is not an object")]
    [InlineData("""{"a":null}""", "is not an object")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2,3]}}""", "must have dtype, shape and two data_offsets")]
    [InlineData("""{"a":{"dtype":"F32","data_offsets":[0,24]}}""", "must have dtype, shape and two data_offsets")]
    [InlineData("""{"a":{"shape":[6],"data_offsets":[0,24]}}""", "must have dtype, shape and two data_offsets")]
    [InlineData("""{"a":{"dtype":"F32","shape":[6],"data_offsets":[24]}}""", "must have dtype, shape and two data_offsets")]
    [InlineData("""{"a":{"dtype":"F32","shape":[6],"data_offsets":[0,24,24]}}""", "data_offsets has more than 2 numbers")]
    [InlineData("""{"a":{"dtype":"F32","shape":6,"data_offsets":[0,24]}}""", "shape is not a list")]
    [InlineData("""{"a":{"dtype":"F32","shape":[6],"data_offsets":[0,24],"more":1}}""", "unknown key 'more'; allowed are dtype, shape, data_offsets")]
    [InlineData("""{"a":{"dtype":"F32","dtype":"F32","shape":[6],"data_offsets":[0,24]}}""", "appears twice")]
    [InlineData("""{"a":{"dtype":"F32","shape":[6],"sh\u0061pe":[6],"data_offsets":[0,24]}}""", "appears twice")]
    [InlineData("""{"a":{"dtype":"F32","shape":[6],"data_offsets":[0,24],"data_offsets":[0,24]}}""", "appears twice")]
    [InlineData("""{"a":{"dtype":"F8_E4M3","shape":[24],"data_offsets":[0,24]}}""", "dtype 'F8_E4M3': allowed are F64 F32 F16 BF16 I64 I32 I16 I8 U8 BOOL")]
    [InlineData("""{"a":{"dtype":"f32","shape":[6],"data_offsets":[0,24]}}""", "dtype 'f32': allowed are")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-6],"data_offsets":[0,24]}}""", "shape holds '-6'; integers from 0")]
    [InlineData("""{"a":{"dtype":"F32","shape":[6.0],"data_offsets":[0,24]}}""", "shape holds '6.0'")]
    [InlineData("""{"a":{"dtype":"F32","shape":["6"],"data_offsets":[0,24]}}""", "shape holds '6'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,24]}}""", "shape holds '9223372036854775808'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,24]}}""", "must have fewer than 2^63 bytes")]
    [InlineData("""{"a":{"dtype":"F64","shape":[2305843009213693955],"data_offsets":[0,24]}}""", "must have fewer than 2^63 bytes")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,24],"data_offsets":[0,24]}}""", "shape has more than 16 numbers")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2,3],"data_offsets":[24,0]}}""", "must satisfy begin <= end <= 24")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2,3],"data_offsets":[4,28]}}""", "must satisfy begin <= end <= 24")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,20]}}""", "span 20 bytes; F32 [2, 3] needs 24")]
    [InlineData("""{"a":{"dtype":"F32","shape":[5],"data_offsets":[4,24]}}""", "begins at 4; must begin at 0")]
    [InlineData("""{"a":{"dtype":"F32","shape":[5],"data_offsets":[0,20]}}""", "tensors end at 20; must end at 24")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]},"b":{"dtype":"F32","shape":[2],"data_offsets":[16,24]}}""",
        "tensor 'b': begins at 16; must begin at 12")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"b":{"dtype":"F32","shape":[3],"data_offsets":[12,24]}}""",
        "tensor 'b': begins at 12; must begin at 16")]
    [InlineData("{}", "tensors end at 0; must end at 24")]
    [InlineData("{" + A + "," + A + "}", "tensor 'a': appears twice")]
    [InlineData("{" + A + ""","\u0061":{"dtype":"F32","shape":[0],"data_offsets":[24,24]}}""", "tensor 'a': appears twice")]
    [InlineData("""{"":{"dtype":"F32","shape":[6],"data_offsets":[0,24]}}""", "name is empty")]
    [InlineData("""{"a\nb":{"dtype":"F32","shape":[6],"data_offsets":[0,24]}}""", @"tensor 'a\u000ab': name holds a control character")]
    [InlineData("""{"a\u0085":{"dtype":"F32","shape":[6],"data_offsets":[0,24]}}""", "name holds a control character")]
    [InlineData("""{"\ud800":{"dtype":"F32","shape":[6],"data_offsets":[0,24]}}""", "unpaired surrogate")]
    [InlineData("""{"a":{"dtype":"\udc00","shape":[6],"data_offsets":[0,24]}}""", "unpaired surrogate")]
    [InlineData("""{"a":{"\ud800":"F32","shape":[6],"data_offsets":[0,24]}}""", "unpaired surrogate")]
    [InlineData("{" + A + ""","__metadata__":{"k":1}}""", "__metadata__ 'k': is not a string")]
    [InlineData("{" + A + ""","__metadata__":{"k":{}}}""", "__metadata__ 'k': is not a string")]
    [InlineData("{" + A + ""","__metadata__":[]}""", "__metadata__: is not an object of strings")]
    [InlineData("{" + A + ""","__metadata__":{"k":"1","k":"1"}}""", "__metadata__ 'k': appears twice")]
    [InlineData("{" + A + ""","__metadata__":{},"__metadata__":{}}""", "__metadata__: appears twice")]
    public void Header_must_be_refused_by_name_when_it_breaks_a_rule(string json, string fault)
    {
        var thrown = Assert.Throws<InvalidDataException>(() => Parse(json, 24));

        Assert.StartsWith("weights.safetensors: ", thrown.Message, StringComparison.Ordinal);
        Assert.Contains(fault, thrown.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', thrown.Message);
    }

    [Fact]
    public void Header_must_be_refused_when_it_is_not_utf8()
    {
        byte[] json = [.. "{\"a"u8, 0xC3, .. "\":{\"dtype\":\"F32\",\"shape\":[6],\"data_offsets\":[0,24]}}"u8];

        var thrown = Assert.Throws<InvalidDataException>(() => SafetensorsHeaderReader.Parse(json, 24, "w"));

        Assert.Equal("w: header is not UTF-8", thrown.Message);
    }

    [Theory]
    [InlineData(256, true)]
    [InlineData(257, false)]
    public void Header_must_count_names_in_utf8_bytes_when_they_are_long(int bytes, bool allowed)
    {
        // Two bytes a letter, so characters and bytes differ; the odd one is ASCII.
        var name = new string('é', bytes / 2) + new string('x', bytes % 2);
        var json = $$$"""{"{{{name}}}":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""";

        AssertAllowed(allowed, json, 1, "name is longer than the 256 bytes allowed");
    }

    [Theory]
    [InlineData(1024, 8, true)]
    [InlineData(1025, 8, false)]
    [InlineData(2, (1 << 19) - 2, true)]
    [InlineData(2, (1 << 19) - 1, false)]
    public void Header_must_cap_metadata_when_it_grows(int entries, int valueBytes, bool allowed)
    {
        var pairs = Enumerable.Range(0, entries).Select(i => $"\"{i.ToString("x2", CultureInfo.InvariantCulture)}\":\"{new string('v', valueBytes)}\"");

        AssertAllowed(allowed, "{\"__metadata__\":{" + string.Join(',', pairs) + "}}", 0, "goes beyond the 1024 strings and 1048576 bytes allowed");
    }

    [Theory]
    [InlineData(100_000, true)]
    [InlineData(100_001, false)]
    public void Header_must_cap_the_number_of_tensors_when_there_are_many(int count, bool allowed)
    {
        var tensors = Enumerable.Range(0, count).Select(i => $"\"{i:x}\":{{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[{i},{i + 1}]}}");

        AssertAllowed(allowed, $"{{{string.Join(',', tensors)}}}", count, "is one more than the 100000 tensors allowed");
    }

    private static void AssertAllowed(bool allowed, string json, long dataBytes, string fault)
    {
        var thrown = Record.Exception(() => Parse(json, dataBytes));

        if (allowed)
        {
            Assert.Null(thrown);
            return;
        }
        Assert.Contains(fault, Assert.IsType<InvalidDataException>(thrown).Message, StringComparison.Ordinal);
    }

    private static SafetensorsHeader Parse(string json, long dataBytes) =>
        SafetensorsHeaderReader.Parse(Encoding.UTF8.GetBytes(json), dataBytes, "weights.safetensors");
}
