using ActorRing.Cluster.Hosting.Telemetry;
using ActorRing.Cluster.Specs.Hocon;

namespace ActorRing.Cluster.Specs.Telemetry;

public sealed class MetricsFileSpec : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void MetricsFile_must_read_what_MetricsRow_writes()
    {
        var setting = new StepSetting("long") { LearningRate = 3e-4, BatchTokens = 8192 };
        var path = _folder.Write("metrics.jsonl", string.Concat(new[] { Rows.Step(1), Rows.Step(2, loss: double.NaN) }
            .Select(row => System.Text.Encoding.UTF8.GetString(MetricsRow.Of(row, setting)) + "\n")));

        var history = MetricsFile.Read(path);

        Assert.Equal([new MetricsPoint(1, "long", "3.7", 2.5, 0.75, 3e-4, 4096), new MetricsPoint(2, "long", "3.7", null, 0.75, 3e-4, 4096)], history.Points);
        Assert.Empty(history.Recoveries);
    }

    [Fact]
    public void MetricsFile_must_let_the_last_of_a_repeated_step_count_and_forget_later_ones_that_were_lost()
    {
        var history = Read("1 2 3 4 5", "3 4", "4");

        Assert.Equal([1, 2, 3, 4], history.Points.Select(point => point.Step));
        Assert.Equal(["0", "0", "1", "2"], history.Points.Select(point => point.Epoch));
        Assert.Equal([2, 3], history.Recoveries);
    }

    [Fact]
    public void MetricsFile_must_mark_another_epoch_when_no_step_was_lost()
    {
        var history = Read("1 2", "3 4");

        Assert.Equal([1, 2, 3, 4], history.Points.Select(point => point.Step));
        Assert.Equal([2], history.Recoveries);
    }

    [Fact]
    public void MetricsFile_must_pass_over_a_torn_last_line()
    {
        var path = _folder.Write("metrics.jsonl", "{\"step\":1,\"loss\":2}\n{\"step\":2,\"lo");

        Assert.Equal(1, Assert.Single(MetricsFile.Read(path).Points).Step);
    }

    [Theory]
    [InlineData("{\"step\":1,\"lo")]
    [InlineData("{\"step\":0}")]
    [InlineData("{\"step\":\"one\"}")]
    [InlineData("{\"loss\":1}")]
    [InlineData("{\"step\":1,\"loss\":\"x\"}")]
    [InlineData("[1]")]
    public void MetricsFile_must_name_the_line_when_one_in_the_middle_cannot_be_read(string line)
    {
        var path = _folder.Write("metrics.jsonl", $"{{\"step\":1}}\n{line}\n{{\"step\":2}}\n");

        var fault = Assert.Throws<InvalidDataException>(() => MetricsFile.Read(path));

        Assert.Equal($"{path}: line 2: not a row of metrics; allowed: an object with a step from 1 and numbers or null", fault.Message);
    }

    private MetricsHistory Read(params string[] epochs) => MetricsFile.Read(_folder.Write("metrics.jsonl", string.Concat(
        epochs.SelectMany((steps, epoch) => steps.Split(' ').Select(step => $"{{\"step\":{step},\"epoch\":\"{epoch}\",\"loss\":1}}\n")))));
}
