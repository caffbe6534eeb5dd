using System.Text.Json;
using ActorRing.Compute.Evaluation.Needle;

namespace ActorRing.Compute.Specs.Evaluation;

public sealed class NeedleFileSpec : IDisposable
{
    private static readonly NeedleCell Cell = new()
    {
        Model = "org/a, \"b\"",
        ContextLength = 131072,
        DepthPercent = 10,
        Version = 2,
        Needle = "The special magic Singapore number is: 12.\n",
        ModelResponse = "é 12",
        Score = 0.5,
        TestDurationSeconds = 1.25,
        TestTimestampUtc = new DateTime(2026, 11, 20, 1, 2, 3, DateTimeKind.Utc),
        Samples = 4,
        PartialCredit = 0.75,
    };

    private readonly string _folder = Directory.CreateTempSubdirectory("actorring-").FullName;

    private string Json => Path.Combine(_folder, "needle.json");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void NeedleFile_must_write_the_keys_of_the_field_in_their_order_then_ours()
    {
        NeedleFile.WriteJson(Json, [Cell]);
        using var document = JsonDocument.Parse(File.ReadAllText(Json));

        Assert.Equal(
            ["model", "context_length", "depth_percent", "version", "needle", "model_response", "score", "test_duration_seconds", "test_timestamp_utc", "samples", "partial_credit"],
            document.RootElement[0].EnumerateObject().Select(property => property.Name));
        Assert.Equal("2026-11-20T01:02:03Z", document.RootElement[0].GetProperty("test_timestamp_utc").GetString());
        Assert.Equal(["needle.json"], Directory.GetFiles(_folder).Select(Path.GetFileName));
    }

    [Fact]
    public void NeedleFile_must_read_what_it_wrote()
    {
        NeedleFile.WriteJson(Json, [Cell, Cell with { DepthPercent = 20, PartialCredit = null, FreeScore = 0.25, FreeResponse = "12." }]);

        Assert.Equal([Cell, Cell with { DepthPercent = 20, PartialCredit = null, FreeScore = 0.25, FreeResponse = "12." }], NeedleFile.ReadJson(Json));

        NeedleFile.WriteJson(Json, []);
        Assert.Empty(NeedleFile.ReadJson(Json));
    }

    [Fact]
    public void NeedleFile_must_read_one_object_of_another_needle_test()
    {
        File.WriteAllText(
            Json,
            """
            {"model":"m","context_length":1000,"depth_percent":33.0,"version":1,"needle":"n","model_response":"r","score":1,
             "test_duration_seconds":2.5,"test_timestamp_utc":"2023-11-08 10:00:00+0000","another_key":1}
            """);

        var cell = Assert.Single(NeedleFile.ReadJson(Json));

        Assert.Equal((1000, 33, 1, new DateTime(2023, 11, 8, 10, 0, 0, DateTimeKind.Utc)), (cell.ContextLength, cell.DepthPercent, cell.Score, cell.TestTimestampUtc));
    }

    [Theory]
    [InlineData("[{\"model\":\"m\",\"context_length\":0,\"depth_percent\":0,\"score\":1}]", "cell 1: context_length is 0; allowed: 1 or more")]
    [InlineData("[{\"model\":\"m\",\"context_length\":9,\"depth_percent\":101,\"score\":1}]", "cell 1: depth_percent is 101; allowed: 0 to 100")]
    [InlineData("[{\"model\":\"m\",\"context_length\":9,\"depth_percent\":1,\"score\":10}]", "cell 1: score is 10; allowed: 0 to 1")]
    [InlineData("[{\"model\":\"\",\"context_length\":9,\"depth_percent\":1,\"score\":1}]", "cell 1: model is empty; allowed: a name")]
    [InlineData("[7]", "cell 1: Number in place of an object; allowed: ")]
    [InlineData("[{\"model\":\"m\"}]", "missing required properties")]
    [InlineData("[{\"model\":\"m\",\"context_length\":9,\"depth_percent\":1,\"score\":1,\"test_timestamp_utc\":\"soon\"}]", "'soon' is not a time")]
    [InlineData("[{\"mod", "allowed: needle cells as JSON")]
    [InlineData("", "allowed: needle cells as JSON")]
    public void NeedleFile_must_name_the_file_and_the_fault_in_one_line(string text, string expected)
    {
        File.WriteAllText(Json, text);

        var fault = Assert.Throws<InvalidDataException>(() => NeedleFile.ReadJson(Json));

        Assert.StartsWith(Json + ": ", fault.Message, StringComparison.Ordinal);
        Assert.Contains(expected, fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault.Message);
    }

    [Fact]
    public void NeedleFile_must_write_one_row_a_cell_as_csv()
    {
        var path = Path.Combine(_folder, "needle.csv");
        NeedleFile.WriteCsv(path, [Cell, Cell with { Model = "m", PartialCredit = null, FreeScore = 0.25 }]);

        Assert.Equal(
            "model,context_length,depth_percent,samples,score,partial_credit,free_score,test_duration_seconds\n\"org/a, \"\"b\"\"\",131072,10,4,0.5,0.75,,1.25\nm,131072,10,4,0.5,,0.25,1.25\n",
            File.ReadAllText(path));
    }
}
