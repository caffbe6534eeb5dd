using ActorRing.Cluster.Cli.SaveFaults;
using ActorRing.Cluster.Specs.Cli;
using Xunit.Abstractions;

namespace ActorRing.Cluster.Specs.SaveFaults;

/// <summary><c>bench save-faults</c>: the first and the last call of each name here, every one on demand.</summary>
[Collection(OneConsole.Name)]
public sealed class SaveFaultsSpec(ITestOutputHelper output)
{
    private static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(50);

    [StraceFact]
    public async Task Save_must_leave_the_previous_or_the_new_one_and_report_no_failed_sync_as_success_whichever_system_call_goes_wrong()
    {
        var row = await SaveFaultsBench.RunAsync(new SaveFaultsPlan(Enum.GetValues<SaveFault>(), [], Ends: true, Delay), output.WriteLine, CancellationToken.None);

        Assert.Equal((0, 0), (row.Violations, row.Missed));
        Assert.All(new[] { "openat", "pwrite64", "fsync", "rename", "mkdir", "unlink", "close", "flock", "getdents64" }, name => Assert.Contains(name, row.Calls.Keys));
        Assert.Equal(Enum.GetValues<SaveFault>().Length, row.Faults.Count);
        Assert.All(row.Faults, fault => Assert.Equal(fault.Fault == "kill" ? fault.Cases : 0, fault.Killed));
        Assert.All(row.Faults.Where(fault => fault.Fault is "short" or "delay"), fault => Assert.Equal(fault.Cases, fault.Done));
        Assert.All(row.Faults.Where(fault => fault.Fault is "eio" or "enospc" or "edquot"), fault => Assert.InRange(fault.Refused, 10, fault.Cases));
    }

    [StraceTheory]
    [InlineData(nameof(SaveMutation.InPlace), nameof(SaveFault.Kill), "pwrite64", "the manifest says")]
    [InlineData(nameof(SaveMutation.IgnoreErrors), nameof(SaveFault.Eio), "fsync", "a failed sync was reported as success")]
    [InlineData(nameof(SaveMutation.DeleteFirst), nameof(SaveFault.Kill), "rename", "manifest.json: no such file")]
    [InlineData(nameof(SaveMutation.SayFirst), nameof(SaveFault.Kill), "rename", "3 was said to be committed, the log says 2")]
    public async Task A_saver_that_breaks_a_rule_must_be_noticed(string mutation, string fault, string call, string what)
    {
        var row = await SaveFaultsBench.RunAsync(
            new SaveFaultsPlan([Enum.Parse<SaveFault>(fault)], [call], Ends: false, Delay, Enum.Parse<SaveMutation>(mutation)), output.WriteLine, CancellationToken.None);

        Assert.Contains(what, Assert.Single(row.First), StringComparison.Ordinal);
    }
}
