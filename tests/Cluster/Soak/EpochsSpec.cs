using ActorRing.Cluster.Cli.Bench;
using ActorRing.Cluster.Specs.Cli;
using Xunit.Abstractions;

namespace ActorRing.Cluster.Specs.Soak;

/// <summary>Processes that live through many epochs.</summary>
[Collection(OneConsole.Name)]
public class EpochsSpec(ITestOutputHelper output)
{
    private const int Epochs = 40;

    // Between two epochs a process has up to some dozen files less: what is left behind each time would be more than that.
    [Fact]
    public async Task Changes_of_epoch_must_leave_no_open_file_thread_or_temporary_file_behind()
    {
        var row = await EpochsBench.RunAsync(2, Epochs, CancellationToken.None);

        output.WriteLine(BenchJson.Of(row));
        Assert.InRange(row.Descriptors, int.MinValue, Epochs);
        Assert.InRange(row.Threads, int.MinValue, Epochs / 2);
        Assert.InRange(row.TemporaryFiles, int.MinValue, 2);
    }
}
