using System.Diagnostics;
using System.Globalization;
using ActorRing.Cluster.Hosting.Processes;

namespace ActorRing.Cluster.Specs.Processes;

public class MemberProcessSpec
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task MemberProcess_must_report_the_exit_code_and_the_last_lines_when_the_child_ends()
    {
        await using var child = Shell("echo out; echo 'ar: no such layer' >&2; exit 7");
        var exit = await child.Exited.WaitAsync(Deadline);
        Assert.Equal(7, exit.Code);
        Assert.Null(exit.Signal);
        Assert.Equal("exit code 7", exit.Describe());
        Assert.Equal(["ar: no such layer"], exit.LastLines);
    }

    [Theory]
    [InlineData("0", null)]
    [InlineData("1", "1")]
    public async Task MemberProcess_must_leave_the_door_for_debuggers_shut_unless_it_is_asked_for(string expected, string? asked)
    {
        var lines = new List<string>();
        await using var child = MemberProcess.Start(
            "/bin/sh", ["-c", "echo $DOTNET_EnableDiagnostics"], asked is null ? null : new Dictionary<string, string> { ["DOTNET_EnableDiagnostics"] = asked }, onOutputLine: lines.Add);
        await child.Exited.WaitAsync(Deadline);
        await child.OutputEnded.WaitAsync(Deadline);
        Assert.Equal([expected], lines);
    }

    [Theory]
    [InlineData(6, "SIGABRT")]
    [InlineData(9, "SIGKILL")]
    [InlineData(11, "SIGSEGV")]
    public async Task MemberProcess_must_name_the_signal_when_one_ends_the_child(int signal, string name)
    {
        await using var child = Shell($"kill -{signal} $$");
        var exit = await child.Exited.WaitAsync(Deadline);
        Assert.Equal(signal, exit.Signal);
        Assert.Equal(name, exit.Describe());
    }

    [Fact]
    public async Task MemberProcess_must_see_the_end_within_milliseconds_when_a_child_is_killed()
    {
        var times = new List<double>();
        for (var trial = 0; trial < 20; trial++)
        {
            await using var child = Shell("exec sleep 60");
            var killed = Stopwatch.GetTimestamp();
            child.Signal(9);
            await child.Exited.WaitAsync(Deadline);
            times.Add(Stopwatch.GetElapsedTime(killed).TotalMilliseconds);
        }

        Assert.True(times.Order().ElementAt(times.Count / 2) < 50, string.Join(' ', times));
    }

    [Fact]
    public async Task MemberProcess_must_be_gone_when_the_fence_returns_although_the_child_is_stopped()
    {
        await using var child = Shell("kill -STOP $$; sleep 60");
        var exit = await child.KillAsync().WaitAsync(Deadline);
        Assert.Equal(9, exit.Signal);
        Assert.False(Directory.Exists($"/proc/{child.Id}"));
    }

    [Fact]
    public async Task MemberProcess_must_end_with_what_the_child_returns_when_it_is_drained()
    {
        var ready = new TaskCompletionSource();
        await using var child = Shell("trap 'exit 0' TERM; echo ready >&2; while :; do read -r line || exit 3; done", _ => ready.TrySetResult());
        await ready.Task.WaitAsync(Deadline);
        var exit = await child.DrainAsync(Deadline);
        Assert.Equal(0, exit.Code);
    }

    [Fact]
    public async Task MemberProcess_must_be_killed_when_it_ignores_the_drain()
    {
        var ready = new TaskCompletionSource();
        await using var child = Shell("trap '' TERM; echo ready >&2; while :; do read -r line || exit 3; done", _ => ready.TrySetResult());
        await ready.Task.WaitAsync(Deadline);
        var exit = await child.DrainAsync(TimeSpan.FromMilliseconds(100));
        Assert.Equal(9, exit.Signal);
    }

    [Fact]
    public async Task MemberProcess_must_leave_no_orphan_when_its_parent_is_killed()
    {
        // A parent of this test's own: a process that starts a member (which watches its input) and is then killed.
        var member = new TaskCompletionSource<int>();
        await using var parent = MemberProcess.Start("dotnet", [HelperFile, "parent", HelperFile],
            onErrorLine: line => member.TrySetResult(int.Parse(line, CultureInfo.InvariantCulture)));
        var id = await member.Task.WaitAsync(Deadline);
        using var orphan = Process.GetProcessById(id);
        Assert.False(orphan.HasExited);
        await parent.KillAsync().WaitAsync(Deadline);
        await orphan.WaitForExitAsync().WaitAsync(Deadline);
    }

    private static string HelperFile => Path.Combine(AppContext.BaseDirectory, "ActorRing.MemberHelper.dll");

    private static MemberProcess Shell(string script, Action<string>? onErrorLine = null) => MemberProcess.Start("/bin/sh", ["-c", script], onErrorLine: onErrorLine);
}
