using System.Globalization;
using System.Text;
using ActorRing.Cluster.Hosting.Store;
using ActorRing.Cluster.Specs.Hocon;
using ActorRing.Compute.Specs.Checkpoints.Training;

namespace ActorRing.Cluster.Specs.Store;

public sealed class LogRewriteSpec : IDisposable
{
    private static readonly string[] Old = [.. Enumerable.Range(1, 40).Select(step => string.Create(CultureInfo.InvariantCulture, $"step {step}"))];
    private static readonly string[] New = ["submitted", "step 40"];
    private readonly TempFolder _temporary = new();

    public static TheoryData<Fault> Faults => new(Fault.Refusal, Fault.Death, Fault.DeathAfterwards);

    private string Folder => Path.Combine(_temporary.Path, "state");

    private string LogFile => Path.Combine(Folder, "log");

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void Rewrite_must_put_the_new_records_in_the_place_of_the_old_ones_under_the_same_term()
    {
        WriteOld();
        using (var log = RecordLog.Open(Folder))
        {
            log.Rewrite(Payloads(New));
            Assert.Equal(2, log.Term);
            Assert.Equal(New, Texts(log));
            Assert.Equal((RecordLog.LengthOf(Payloads(New)), true), (new FileInfo(LogFile).Length, log.IsInPlace));
            log.Append("step 41"u8);
        }

        using var again = RecordLog.Open(Folder);
        Assert.Equal((3L, 0L), (again.Term, again.CutBytes));
        Assert.Equal([.. New, "step 41"], Texts(again));
        Assert.Equal(["lock", "log"], Names());
    }

    [Fact]
    public void Rewrite_must_keep_the_lock_when_another_process_wants_the_log()
    {
        WriteOld();
        using var log = RecordLog.Open(Folder);
        log.Rewrite(Payloads(New));
        Assert.Throws<StoreHeldException>(() => RecordLog.Open(Folder));
    }

    [Fact]
    public void Rewrite_must_be_refused_when_something_was_appended()
    {
        WriteOld();
        using var log = RecordLog.Open(Folder);
        log.Append("step 41"u8);
        Assert.Throws<InvalidOperationException>(() => log.Rewrite(Payloads(New)));
        Assert.True(log.IsUsable);
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public void Rewrite_must_leave_the_old_or_the_new_log_whole_whichever_disk_operation_goes_wrong(Fault fault)
    {
        var (operation, olds, news) = (0, 0, 0);
        for (var struck = true; struck; operation++)
        {
            WriteOld();
            var disk = new FaultyDisk(fault, operation);
            var (done, usable) = TryRewrite(disk);
            struck = disk.Struck;

            using (var log = RecordLog.Open(Folder))
            {
                var found = Texts(log);
                var isNew = found.Contains("submitted");

                // What was appended and promised is there; what was appended and failed may be.
                string[] whole = [.. isNew ? New : Old, .. usable || found.Contains("after") ? ["after"] : Array.Empty<string>()];
                Assert.Equal(whole, found);
                Assert.True(!done || isNew, $"operation {operation}: reported as done, and the old log is there");
                Assert.Equal((3L, 0L), (log.Term, log.CutBytes)); // no term twice
                (olds, news) = isNew ? (olds, news + 1) : (olds + 1, news);

                // Whatever was left is in nobody's way.
                log.Rewrite(Payloads(New));
                log.Append("later"u8);
            }

            using (var again = RecordLog.Open(Folder))
            {
                Assert.Equal([.. New, "later"], Texts(again));
            }

            Directory.Delete(Folder, recursive: true);
        }

        // Two syncs of opening; file, bytes, sync, name and folder of the new log; the sync of what is appended; the round in which nothing went wrong.
        Assert.Equal(9, operation);
        Assert.True(olds > 0 && news > 1, $"{olds} left the old one and {news} the new one");
    }

    // What a process does: opens, rewrites, and appends if it may.
    private (bool Done, bool Usable) TryRewrite(FaultyDisk disk)
    {
        RecordLog? log = null;
        var done = false;
        try
        {
            log = RecordLog.Open(Folder, disk);
            log.Rewrite(Payloads(New));
            done = true;
        }
        catch (Exception fate) when (fate is IOException or FaultyDisk.ProcessDeath)
        {
        }

        try
        {
            log?.Append("after"u8);
            return (done, log is not null);
        }
        catch (Exception fate) when (fate is IOException or FaultyDisk.ProcessDeath)
        {
            return (done, false);
        }
        finally
        {
            log?.Dispose();
        }
    }

    private void WriteOld()
    {
        using var log = RecordLog.Open(Folder, (_, _) => { });
        foreach (var text in Old)
        {
            log.Append(Encoding.UTF8.GetBytes(text));
        }
    }

    private string[] Names() => [.. Directory.GetFiles(Folder).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    private static ReadOnlyMemory<byte>[] Payloads(string[] texts) => [.. texts.Select(text => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(text))];

    private static string[] Texts(RecordLog log) => [.. log.Entries.Select(entry => Encoding.UTF8.GetString(entry.Span))];
}
