using System.Diagnostics;
using System.Globalization;
using ActorRing.Compute.Checkpoints;
using ActorRing.Compute.Data;

namespace ActorRing.Compute.Specs.Checkpoints;

/// <summary>What a killed process leaves under a temporary name goes with the next write to the same place; what a living one is writing never does.</summary>
public sealed class LeftoverSpec : IDisposable
{
    private readonly TemporaryFolder folder = new();

    private string Target => folder.At("model");

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Temporary_name_must_hold_the_process_and_its_start_time()
    {
        var (id, start) = (Environment.ProcessId, ProcessStart.TicksOf(Environment.ProcessId));
        var owner = string.Create(CultureInfo.InvariantCulture, $".model.tmp-{id}.{start}-");
        Assert.StartsWith(owner, Path.GetFileName(TemporaryName.For(Target)), StringComparison.Ordinal);
        Assert.NotEqual(TemporaryName.For(Target), TemporaryName.For(Target));
    }

    [Fact]
    public void Leftover_of_a_dead_process_must_be_deleted_when_the_same_place_is_written_again()
    {
        var (id, start) = Dead();
        LeaveFolder($".model.tmp-{id}.{start}-a");
        LeaveFile($".model.tmp-{id}.{start}-b");

        using (var export = DurableDirectory.Create(Target))
        {
            export.Commit();
        }

        Assert.Equal(["model"], folder.Names());
    }

    [Fact]
    public void Leftover_must_be_deleted_when_its_process_id_belongs_to_a_later_process()
    {
        var start = ProcessStart.TicksOf(Environment.ProcessId)!.Value;
        LeaveFile($".model.tmp-{Environment.ProcessId}.{start - 1}-a");

        DurableFile.WriteAllBytes(Target, [1]);

        Assert.Equal(["model"], folder.Names());
    }

    [Fact]
    public void Leftover_must_stay_when_its_process_lives()
    {
        using var other = Process.Start("sleep", "600");
        try
        {
            var name = string.Create(CultureInfo.InvariantCulture, $".model.tmp-{other.Id}.{ProcessStart.TicksOf(other.Id)}-a");
            LeaveFolder(name);

            DurableDirectory.Create(Target).Dispose();

            Assert.Equal([name], folder.Names());
        }
        finally
        {
            other.Kill();
            other.WaitForExit();
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Leftover_must_stay_when_its_lock_is_held_although_no_process_here_has_its_id(bool isFolder)
    {
        // As seen from another container: the name says nothing, the lock does.
        var (id, start) = Dead();
        var name = $".model.tmp-{id}.{start}-a";
        (isFolder ? (Action<string>)LeaveFolder : LeaveFile)(name);
        using (var held = Libc.OpenRead(folder.At(name)))
        {
            Assert.True(Libc.TryLock(held));
            DurableFile.WriteAllBytes(Target, [1]);
            Assert.Equal([name, "model"], folder.Names());
        }

        DurableFile.WriteAllBytes(Target, [2]);
        Assert.Equal(["model"], folder.Names());
    }

    [Fact]
    public void Writers_must_hold_the_lock_of_what_they_fill_until_it_has_its_name()
    {
        using var directory = DurableDirectory.Create(Target);
        using var file = DurableFile.Create(folder.At("state"));
        using var tokens = new PackedTokensWriter(folder.At("packed"), 10);

        Assert.Equal(3, folder.Names().Length);
        Assert.All(folder.Names(), name =>
        {
            using var handle = Libc.OpenRead(folder.At(name));
            Assert.False(Libc.TryLock(handle), name);
        });
    }

    [Theory]
    [InlineData(".other.tmp-1.1-a")]
    [InlineData(".model.tmp-abc")]
    [InlineData(".model.tmp-1-a")]
    [InlineData(".model.tmp--1.5-a")]
    [InlineData(".model.tmp-99999999999999999999.1-a")]
    [InlineData("model.tmp-1.1-a")]
    public void Names_that_no_writer_of_this_place_made_must_stay(string name)
    {
        LeaveFile(name);

        DurableFile.WriteAllBytes(Target, [1]);

        Assert.Contains(name, folder.Names());
    }

    private static (int Id, long Start) Dead()
    {
        using var process = Process.Start("sleep", "600");
        var start = ProcessStart.TicksOf(process.Id)!.Value;
        process.Kill();
        process.WaitForExit();
        return (process.Id, start);
    }

    private void LeaveFile(string name) => File.WriteAllBytes(folder.At(name), [1]);

    private void LeaveFolder(string name)
    {
        Directory.CreateDirectory(folder.At(name));
        File.WriteAllBytes(folder.At(name, "model.safetensors"), [1]);
    }
}
