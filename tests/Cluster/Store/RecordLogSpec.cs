using System.Diagnostics;
using System.Text;
using ActorRing.Cluster.Hosting.Store;
using ActorRing.Cluster.Specs.Hocon;

namespace ActorRing.Cluster.Specs.Store;

public sealed class RecordLogSpec : IDisposable
{
    private static readonly string[] Three = ["submitted", "formed ring 1", "step 100"];
    private readonly TempFolder _temporary = new();

    private string Folder => Path.Combine(_temporary.Path, "state");

    private string LogFile => Path.Combine(Folder, "log");

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void RecordLog_must_give_back_what_was_appended_when_it_is_opened_again()
    {
        Write(Three);
        using var log = RecordLog.Open(Folder);
        Assert.Equal(Three, Texts(log));
        Assert.Equal(0, log.CutBytes);
    }

    // Whoever asks does so on another thread than the one that writes: it must not see the old file and the new length.
    [Fact]
    public async Task RecordLog_must_be_in_place_at_every_moment_of_an_append()
    {
        using var log = RecordLog.Open(Folder, NoSync);
        var writing = Task.Run(() =>
        {
            for (var record = 0; record < 100_000; record++)
            {
                log.Append("step"u8);
            }
        });
        var asked = 0;
        while (!writing.IsCompleted)
        {
            Assert.True(log.IsInPlace, $"after {asked} times");
            asked++;
        }

        await writing;
        Assert.InRange(asked, 1, int.MaxValue);
    }

    [Fact]
    public void RecordLog_must_raise_the_term_each_time_it_is_opened()
    {
        for (var term = 1; term <= 3; term++)
        {
            using var log = RecordLog.Open(Folder);
            Assert.Equal(term, log.Term);
        }
    }

    [Fact]
    public void RecordLog_must_recover_the_longest_valid_prefix_when_the_file_ends_at_any_byte()
    {
        var bytes = Write(Three);
        var ends = RecordEnds(bytes);
        for (var length = 0; length <= bytes.Length; length++)
        {
            File.WriteAllBytes(LogFile, bytes[..length]);
            using var log = RecordLog.Open(Folder, NoSync);
            // The first record is the term.
            var whole = ends.Count(end => end <= length);
            Assert.Equal(Three[..Math.Max(0, whole - 1)], Texts(log));
            Assert.Equal(whole == 0 ? 1 : 2, log.Term);
            log.Append("after"u8);
        }
    }

    [Fact]
    public void RecordLog_must_continue_a_cut_log_as_if_the_torn_record_had_never_been()
    {
        var bytes = Write(Three);
        File.WriteAllBytes(LogFile, bytes[..^1]);
        using (var log = RecordLog.Open(Folder))
        {
            Assert.True(log.CutBytes > 0);
            log.Append("step 101"u8);
        }

        using var again = RecordLog.Open(Folder);
        Assert.Equal(["submitted", "formed ring 1", "step 101"], Texts(again));
    }

    [Fact]
    public void RecordLog_must_refuse_or_cut_to_a_valid_prefix_when_any_single_bit_is_flipped()
    {
        var bytes = Write(Three);
        var last = RecordEnds(bytes)[^2];
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            var damaged = bytes.ToArray();
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            File.WriteAllBytes(LogFile, damaged);
            if (bit / 8 < last)
            {
                // Something that was once durable follows the damage: never cut away.
                Assert.Throws<LogCorruptException>(() => RecordLog.Open(Folder, NoSync).Dispose());
                Assert.Equal(damaged, File.ReadAllBytes(LogFile));
            }
            else
            {
                using var log = RecordLog.Open(Folder, NoSync);
                Assert.Equal(Three[..2], Texts(log));
            }
        }
    }

    [Fact]
    public void RecordLog_must_refuse_everything_after_a_failed_sync()
    {
        var fails = false;
        using var log = RecordLog.Open(Folder, (_, path) =>
        {
            if (fails)
            {
                throw new IOException($"{path}: fsync failed: Input/output error (errno 5)");
            }
        });
        log.Append("good"u8);
        fails = true;
        Assert.Throws<IOException>(() => log.Append("lost"u8));
        fails = false;
        var failure = Assert.Throws<IOException>(() => log.Append("later"u8));
        Assert.Contains("open the log anew", failure.Message, StringComparison.Ordinal);
        Assert.Contains("errno 5", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RecordLog_must_not_open_when_the_sync_of_its_term_fails()
    {
        Assert.Throws<IOException>(() => RecordLog.Open(Folder, (_, _) => throw new IOException("fsync failed")));
        using var log = RecordLog.Open(Folder);
        Assert.True(log.Term >= 1);
    }

    [Fact]
    public void RecordLog_must_name_the_holder_when_a_second_one_opens_the_folder()
    {
        using var log = RecordLog.Open(Folder);
        var refusal = Assert.Throws<StoreHeldException>(() => RecordLog.Open(Folder));
        Assert.Equal(Environment.ProcessId, refusal.Holder);
        Assert.Equal($"{Folder}: held by process {Environment.ProcessId}; stop that one or use another folder", refusal.Message);
    }

    [Fact]
    public void RecordLog_must_be_free_when_its_holder_is_killed()
    {
        string[] line = ["-c", "exec 9>\"$0\" && flock 9 && echo held && exec cat", Path.Combine(MakeFolder(), "lock")];
        using (var holder = Process.Start(new ProcessStartInfo("sh", line) { RedirectStandardInput = true, RedirectStandardOutput = true })!)
        {
            Assert.Equal("held", holder.StandardOutput.ReadLine());
            Assert.Throws<StoreHeldException>(() => RecordLog.Open(Folder));
            holder.Kill();
            holder.WaitForExit();
        }

        using var free = RecordLog.Open(Folder);
        Assert.Equal(1, free.Term);
    }

    [Fact]
    public void RecordLog_must_keep_its_files_to_their_owner()
    {
        Write(Three);
        const UnixFileMode ownerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
#pragma warning disable CA1416 // Linux only, as all of the cluster is.
        Assert.Equal(ownerOnly | UnixFileMode.UserExecute, File.GetUnixFileMode(Folder));
        Assert.Equal(ownerOnly, File.GetUnixFileMode(LogFile));
        File.SetUnixFileMode(Folder, ownerOnly | UnixFileMode.UserExecute | UnixFileMode.OtherExecute);
#pragma warning restore CA1416
        var refusal = Assert.Throws<UnauthorizedAccessException>(() => RecordLog.Open(Folder));
        Assert.Contains("chmod 700", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{ \"not\": \"a log\" }")]
    [InlineData("text")]
    public void RecordLog_must_leave_a_file_alone_when_it_is_not_a_log(string content)
    {
        File.WriteAllText(Path.Combine(MakeFolder(), "log"), content);
        Assert.Throws<LogCorruptException>(() => RecordLog.Open(Folder));
        Assert.Equal(content, File.ReadAllText(LogFile));
    }

    private static void NoSync(Microsoft.Win32.SafeHandles.SafeFileHandle file, string path)
    {
    }

    private static string[] Texts(RecordLog log) => [.. log.Entries.Select(entry => Encoding.UTF8.GetString(entry.Span))];

    private static List<int> RecordEnds(byte[] bytes)
    {
        var ends = new List<int>();
        for (var at = 8; at < bytes.Length; ends.Add(at))
        {
            at += 17 + BitConverter.ToInt32(bytes, at);
        }

        return ends;
    }

    private string MakeFolder()
    {
        PrivateFolder.Ensure(Folder);
        return Folder;
    }

    private byte[] Write(string[] entries)
    {
        using (var log = RecordLog.Open(Folder))
        {
            foreach (var entry in entries)
            {
                log.Append(Encoding.UTF8.GetBytes(entry));
            }
        }

        return File.ReadAllBytes(LogFile);
    }
}
