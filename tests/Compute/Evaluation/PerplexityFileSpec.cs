using ActorRing.Compute.Evaluation;

namespace ActorRing.Compute.Specs.Evaluation;

public sealed class PerplexityFileSpec : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("actorring-").FullName;

    private string Csv => Path.Combine(_folder, "perplexity.csv");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void PerplexityFile_must_be_wide_with_an_empty_place_for_a_length_that_a_model_lacks()
    {
        PerplexityFile.Write(Csv, [new PerplexityCurve("a,b", [new(256, 9.5), new(1024, 8)]), new PerplexityCurve("\"c\"", [new(512, 7)])]);

        Assert.Equal(",256,512,1024\n\"a,b\",9.5,,8\n\"\"\"c\"\"\",,7,\n", File.ReadAllText(Csv));
        Assert.Equal(["a,b: 256=9.5 1024=8", "\"c\": 512=7"], Read());
    }

    [Fact]
    public void PerplexityFile_must_read_what_eval_ppl_writes()
    {
        File.WriteAllText(Csv, ",50000,100000\r\noutput/7B_step_100_,1.8421764373779297,1.733699917793274\r\n");

        Assert.Equal(["output/7B_step_100_: 50000=1.8421764373779297 100000=1.733699917793274"], Read());
    }

    [Theory]
    [InlineData("", "is empty; allowed: ")]
    [InlineData(",256,long\nm,1,2\n", "line 1: 'long' is not a context length; allowed: ")]
    [InlineData(",256,512\nm,1\n", "line 2: 2 values; allowed: a model and 2 perplexities")]
    [InlineData(",256\nm,-1\n", "line 2: '-1' is not a perplexity; allowed: ")]
    [InlineData(",256,256\nm,1,2\n", "line 1: 256 stands there twice; allowed: each length once")]
    public void PerplexityFile_must_name_the_file_the_line_and_the_value_in_one_line(string text, string expected)
    {
        File.WriteAllText(Csv, text);

        var fault = Assert.Throws<InvalidDataException>(() => PerplexityFile.Read(Csv));

        Assert.StartsWith(Csv + ": " + expected, fault.Message, StringComparison.Ordinal);
    }

    private IEnumerable<string> Read() =>
        PerplexityFile.Read(Csv).Select(curve => FormattableString.Invariant($"{curve.Model}: {string.Join(' ', curve.Points.Select(point => FormattableString.Invariant($"{point.ContextLength}={point.Perplexity}")))}"));
}
