using System.Runtime.InteropServices;
using ActorRing.Cluster.Cli;
using ActorRing.Compute.Checkpoints.HuggingFace;

namespace ActorRing.Cluster.Specs.Cli;

/// <summary>Ctrl-c: what is done is kept and nothing half-written is left; a second one does not wait.</summary>
[Collection(OneConsole.Name)]
public class InterruptSpec
{
    [Fact]
    public void Train_must_keep_what_is_done_and_leave_no_temporary_file_when_it_is_interrupted()
    {
        using var folder = new JobFolder();
        using var train = new ChildProcess("train", folder.Job, "--stages.0.steps", "2000000000");
        train.AwaitLine("step:");

        train.Signal(ChildProcess.Sigint);
        var run = train.End();

        Assert.Equal(130, run.ExitCode);
        Assert.Equal("actorring: stopping after the step in hand and keeping what is done; once more ends at once", Assert.Single(run.Errors));
        Assert.Contains("stopped after ", run.Output, StringComparison.Ordinal);
        Assert.Equal(Array.Empty<string>(), folder.TemporaryNames());
        using var model = HfModelFolder.Open(folder.Model);
        Assert.Equal(10000, model.Config.Rope.Theta); // the second stage, which sets another, never began
        Assert.Equal(0, CommandRun.Of("eval", "ppl", "--model", folder.Model, "--data", folder.At("text.txt")).ExitCode);
    }

    [Fact]
    public void Signal_must_be_left_to_the_system_when_it_comes_a_second_time()
    {
        using var stop = new StopSignal("stopping");
        var (first, second) = (new PosixSignalContext(PosixSignal.SIGINT), new PosixSignalContext(PosixSignal.SIGTERM));

        stop.OnSignal(first);
        Assert.Equal((true, true), (first.Cancel, stop.Token.IsCancellationRequested));
        stop.OnSignal(second);

        Assert.False(second.Cancel);
    }
}
