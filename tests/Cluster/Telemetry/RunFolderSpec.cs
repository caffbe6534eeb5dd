using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using ActorRing.Cluster.Hosting.Telemetry;
using ActorRing.Cluster.Specs.Hocon;

namespace ActorRing.Cluster.Specs.Telemetry;

public sealed partial class RunFolderSpec : IDisposable
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(30);
    private static readonly StepSetting Setting = new("long") { LearningRate = 3e-4, BatchTokens = 8192 };
    private readonly TempFolder _temporary = new();
    private readonly List<string> _trouble = [];

    private string Folder => Path.Combine(_temporary.Path, "job-1");

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void RunFolder_must_keep_job_plan_metrics_and_the_log_of_each_member()
    {
        using (var folder = Open())
        {
            folder.WriteJob("job { name = x }\n", "{}\n");
            folder.WritePlan("{\"hash\":1}"u8.ToArray());
            folder.WritePlan("{\"hash\":2}"u8.ToArray());
            folder.Append(Rows.Step(1), Setting);
            folder.AppendMemberLine("gpu-3", "hello \u001b[31mred");
            folder.AppendMemberLine("gpu-3", "world");
        }

        Assert.Equal(["job.conf", "metrics.jsonl", "plan.json", "resolved.json"],
            Directory.GetFiles(Folder).Select(path => Path.GetFileName(path)).Where(name => !name.StartsWith("events", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        Assert.Equal("job { name = x }\n", File.ReadAllText(Path.Combine(Folder, "job.conf")));
        Assert.Equal("{\"hash\":2}", File.ReadAllText(Path.Combine(Folder, "plan.json")));
        Assert.Equal("hello \uFFFD[31mred\nworld\n", File.ReadAllText(Path.Combine(Folder, "members", "gpu-3.log")));
        Assert.Empty(_trouble);
    }

    [Fact]
    public void RunFolder_must_write_these_keys_in_metrics()
    {
        using (var folder = Open())
        {
            folder.Append(Rows.Step(1), Setting);
            folder.Append(Rows.Step(2, repeated: true, loss: double.NaN), new StepSetting("a"));
        }

        Assert.Equal(
            [
                """{"step":1,"stage":"long","loss":2.5,"grad_norm":0.75,"learning_rate":0.0003,"tokens":8192,"seconds":2,"tokens_per_second":4096,"epoch":"3.7","bytes":1048576,"waits":0.25,"repeated":false}""",
                """{"step":2,"stage":"a","loss":null,"grad_norm":0.75,"learning_rate":null,"tokens":4096,"seconds":2,"tokens_per_second":2048,"epoch":"3.7","bytes":1048576,"waits":0.25,"repeated":true}""",
            ],
            File.ReadAllLines(Path.Combine(Folder, "metrics.jsonl")));
    }

    [Fact]
    public void RunFolder_must_write_tensorboard_events_with_a_start_before_every_step_that_does_not_grow()
    {
        using (var folder = Open())
        {
            foreach (var step in new[] { 1, 2, 3, 2, 3 })
            {
                folder.Append(Rows.Step(step), Setting);
            }
        }

        var events = EventReader.Read(File.ReadAllBytes(Assert.Single(EventFiles())));
        Assert.Equal("brain.Event:2", events[0].FileVersion);
        Assert.Equal([(1L, true), (1, false), (2, false), (3, false), (2, true), (2, false), (3, false)], events.Skip(1).Select(one => (one.Step, one.SessionStatus == 1)));
        Assert.Equal(new SortedDictionary<string, float>
        {
            ["train/loss"] = 2.5f,
            ["train/grad_norm"] = 0.75f,
            ["train/learning_rate"] = 3e-4f,
            ["perf/tokens_per_second"] = 4096,
            ["perf/wait_fraction"] = 0.125f,
        }, events[2].Scalars);
    }

    [Fact]
    public void RunFolder_must_continue_an_earlier_run_and_cut_off_a_torn_line()
    {
        using (var folder = Open())
        {
            folder.Append(Rows.Step(1), Setting);
            folder.AppendMemberLine("a", "first");
        }

        File.AppendAllText(Path.Combine(Folder, "metrics.jsonl"), "{\"step\":2,\"sta");
        File.AppendAllText(Path.Combine(Folder, "members", "a.log"), "tor");
        using (var folder = Open())
        {
            folder.Append(Rows.Step(2), Setting);
            folder.AppendMemberLine("a", "second");
        }

        Assert.Equal([1, 2], File.ReadAllLines(Path.Combine(Folder, "metrics.jsonl")).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("step").GetInt32()));
        Assert.Equal(["first", "second"], File.ReadAllLines(Path.Combine(Folder, "members", "a.log")));
        Assert.Equal(2, EventFiles().Length);
    }

    [Fact]
    public void RunFolder_must_say_one_line_and_go_on_when_the_disk_is_full()
    {
        Directory.CreateDirectory(Folder);
        File.CreateSymbolicLink(Path.Combine(Folder, "metrics.jsonl"), "/dev/full");
        using var folder = Open();
        for (var step = 1; step <= 5; step++)
        {
            folder.Append(Rows.Step(step), Setting);
        }

        Assert.True(folder.Flush(Long));
        Assert.Equal(5, folder.DroppedRows);
        var line = Assert.Single(_trouble);
        Assert.Contains("metrics.jsonl: No space left on device", line, StringComparison.Ordinal);
        Assert.EndsWith("rows are dropped and counted until it can be written, training goes on", line, StringComparison.Ordinal);
        // Another file is not touched by it.
        Assert.Equal(5, EventReader.Read(File.ReadAllBytes(Assert.Single(EventFiles()))).Count(one => one.Scalars.Count > 0));
    }

    [Fact]
    public void RunFolder_must_say_that_a_file_can_be_written_again()
    {
        Directory.CreateDirectory(Path.Combine(Folder, "metrics.jsonl"));
        using var folder = Open();
        folder.Append(Rows.Step(1), Setting);
        Assert.True(folder.Flush(Long));
        Directory.Delete(Path.Combine(Folder, "metrics.jsonl"));
        folder.Append(Rows.Step(2), Setting);
        Assert.True(folder.Flush(Long));
        Assert.Equal(2, _trouble.Count);
        Assert.EndsWith("metrics.jsonl: can be written again; 1 rows were lost so far", _trouble[1], StringComparison.Ordinal);
        Assert.Single(File.ReadAllLines(Path.Combine(Folder, "metrics.jsonl")));
    }

    [Fact]
    public void RunFolder_must_take_every_row_at_once_and_count_the_dropped_when_nobody_reads_the_pipe()
    {
        Directory.CreateDirectory(Folder);
        var pipe = Path.Combine(Folder, "metrics.jsonl");
        Assert.Equal(0, MakePipe(pipe, 384));
        // Open for both, so that opening waits for nobody.
        using var reader = new FileStream(pipe, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        var folder = RunFolder.Open(_temporary.Path, "job-1", new FixedTime(), _trouble.Add, closeWithin: TimeSpan.FromMilliseconds(1));
        folder.Append(Rows.Step(0), Setting);
        Assert.StartsWith("{\"step\":0,", Encoding.UTF8.GetString(ReadSome(reader)), StringComparison.Ordinal);
        const int rows = 20_000;
        for (var step = 1; step <= rows; step++)
        {
            folder.Append(Rows.Step(step), Setting);
        }

        // 64 KiB are in the pipe and 4,096 items in the queue; everything else of the 40,000 is gone.
        Assert.False(folder.Flush(TimeSpan.FromMilliseconds(1)));
        Assert.InRange(folder.DroppedRows, (2 * rows) - 4096 - 2000, (2 * rows) - 4096);
        // Members' lines have a thread of their own.
        folder.AppendMemberLine("a", "still written");
        Assert.True(folder.FlushMembers(Long));
        folder.Dispose();
        Assert.Equal(["still written"], File.ReadAllLines(Path.Combine(Folder, "members", "a.log")));
    }

    [Fact]
    public void RunFolder_must_keep_the_newest_of_each_document_when_the_disk_was_stuck_and_many_came()
    {
        Directory.CreateDirectory(Folder);
        var stuck = Path.Combine(Folder, "plan.json.part");
        Assert.Equal(0, MakePipe(stuck, 384));
        using var reader = new FileStream(stuck, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        using (var folder = Open())
        {
            // More than a pipe holds: once its first bytes are here, the writer is stuck until the last are.
            var first = new byte[1 << 18];
            folder.WritePlan(first);
            reader.ReadExactly(first.AsSpan(0, 1));
            folder.WriteJob("a", "b");
            for (var plan = 0; plan < 1000; plan++)
            {
                folder.WritePlan(Encoding.UTF8.GetBytes($"{plan}"));
            }

            reader.ReadExactly(first.AsSpan(1));
            Assert.True(folder.Flush(Long));
        }

        Assert.Equal(["a", "b", "999"], new[] { "job.conf", "resolved.json", "plan.json" }.Select(name => File.ReadAllText(Path.Combine(Folder, name))));
        Assert.Empty(_trouble);
    }

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData(".hidden")]
    [InlineData("a\nb")]
    public void RunFolder_must_refuse_a_name_that_leads_elsewhere(string name)
    {
        var refusal = Assert.Throws<ArgumentException>(() => RunFolder.Open(_temporary.Path, name, new FixedTime(), _trouble.Add));
        Assert.StartsWith("run name: ", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);
        using var folder = Open();
        Assert.Throws<ArgumentException>(() => folder.AppendMemberLine(name, "x"));
        Assert.Empty(Directory.GetFiles(Path.Combine(Folder, "members")));
    }

    [Fact]
    public void RunFolder_must_say_which_folder_cannot_be_made()
    {
        var file = _temporary.Write("runs", "");
        var refusal = Assert.Throws<IOException>(() => RunFolder.Open(file, "job-1", new FixedTime(), _trouble.Add));
        Assert.StartsWith($"run folder: {Path.Combine(file, "job-1")}: ", refusal.Message, StringComparison.Ordinal);
    }

    private static byte[] ReadSome(FileStream reader)
    {
        var bytes = new byte[64];
        reader.ReadExactly(bytes);
        return bytes;
    }

    private string[] EventFiles() => Directory.GetFiles(Folder, "events.out.tfevents.*");

    private RunFolder Open() => RunFolder.Open(_temporary.Path, "job-1", new FixedTime(), line =>
    {
        lock (_trouble)
        {
            _trouble.Add(line);
        }
    });

    [LibraryImport("libc", EntryPoint = "mkfifo", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int MakePipe(string path, uint mode);
}
