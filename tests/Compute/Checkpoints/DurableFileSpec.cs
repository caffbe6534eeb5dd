using System.IO.Pipes;
using ActorRing.Compute.Checkpoints;

namespace ActorRing.Compute.Specs.Checkpoints;

public sealed class DurableFileSpec : IDisposable
{
    private readonly TemporaryFolder folder = new();

    private string Target => folder.At("state.json");

    public void Dispose() => folder.Dispose();

    [Fact]
    public void File_must_be_synced_then_named_then_its_folder_synced_when_it_is_committed()
    {
        List<(string Path, bool Named)> syncs = [];
        using var file = DurableFile.Create(Target, (_, path) => syncs.Add((path, File.Exists(Target))));
        file.Append([1, 2]);
        file.Append([3]);
        file.Commit();

        Assert.Equal([1, 2, 3], File.ReadAllBytes(Target));
        Assert.Equal(["state.json"], folder.Names());
        Assert.Equal(2, syncs.Count);
        Assert.Contains(".state.json.tmp-", syncs[0].Path, StringComparison.Ordinal);
        Assert.False(syncs[0].Named);
        Assert.Equal((folder.Path, true), syncs[1]);
    }

    [Fact]
    public void File_must_replace_the_old_one_whole_when_it_is_committed()
    {
        DurableFile.WriteAllBytes(Target, new byte[100]);
        DurableFile.WriteAllBytes(Target, [7]);

        Assert.Equal([7], File.ReadAllBytes(Target));
#pragma warning disable CA1416 // Linux only, as the class is.
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Target));
#pragma warning restore CA1416
    }

    [Fact]
    public void File_must_leave_the_old_one_untouched_when_it_is_not_committed()
    {
        File.WriteAllBytes(Target, [1]);
        using (var file = DurableFile.Create(Target))
        {
            file.Append([2, 2]);
        }

        Assert.Equal([1], File.ReadAllBytes(Target));
        Assert.Equal(["state.json"], folder.Names());
    }

    [Fact]
    public void File_must_report_and_leave_nothing_when_the_first_sync_fails()
    {
        using var file = DurableFile.Create(Target, (_, path) => throw new IOException($"{path}: fsync failed", 5));
        file.Append([1]);

        Assert.Throws<IOException>(file.Commit);
        Assert.Empty(folder.Names());
        Assert.Throws<ObjectDisposedException>(file.Commit);
    }

    [Fact]
    public void File_must_report_but_stay_whole_when_the_sync_of_its_folder_fails()
    {
        using (var file = DurableFile.Create(Target, FailForTheFolder))
        {
            file.Append([1]);
            Assert.Throws<IOException>(file.Commit);
        }

        Assert.Equal([1], File.ReadAllBytes(Target));

        void FailForTheFolder(Microsoft.Win32.SafeHandles.SafeFileHandle handle, string path)
        {
            if (path == folder.Path)
            {
                throw new IOException("fsync failed");
            }
        }
    }

    [Fact]
    public void File_must_report_and_leave_nothing_when_the_name_is_taken_by_a_folder()
    {
        Directory.CreateDirectory(Path.Combine(Target, "inside"));
        using var file = DurableFile.Create(Target);

        Assert.StartsWith($"{Target}: rename of ", Assert.Throws<IOException>(file.Commit).Message, StringComparison.Ordinal);
        Assert.Equal(["state.json"], folder.Names());
    }

    [Fact]
    public void Sync_must_throw_with_path_and_errno_when_the_kernel_refuses()
    {
        // A pipe cannot be synced: the kernel answers EINVAL, which .NET's own flush would hide.
        using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        using var handle = new Microsoft.Win32.SafeHandles.SafeFileHandle(pipe.SafePipeHandle.DangerousGetHandle(), ownsHandle: false);

        var thrown = Assert.Throws<IOException>(() => Libc.Fsync(handle, "pipe"));

        Assert.Equal("pipe: fsync failed: Invalid argument (errno 22)", thrown.Message);
    }

    [Fact]
    public void Folder_must_appear_whole_or_not_at_all_when_it_is_filled()
    {
        var target = folder.At("run");
        using (var half = DurableDirectory.Create(target))
        {
            DurableFile.WriteAllBytes(Path.Combine(half.TemporaryPath, "a"), [1]);
            Assert.False(Directory.Exists(target));
        }
        Assert.Empty(folder.Names());

        using (var whole = DurableDirectory.Create(target + "/"))
        {
            DurableFile.WriteAllBytes(Path.Combine(whole.TemporaryPath, "a"), [1]);
            whole.Commit();
        }
        Assert.Equal(["run"], folder.Names());
        Assert.Equal([1], File.ReadAllBytes(Path.Combine(target, "a")));
        Assert.Contains("already exists", Assert.Throws<IOException>(() => DurableDirectory.Create(target)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Folder_must_take_the_place_of_the_old_one_only_when_it_is_committed()
    {
        Directory.CreateDirectory(folder.At("run"));
        File.WriteAllBytes(folder.At("run", "old"), [1]);
        using (var half = DurableDirectory.Create(folder.At("run"), replace: true))
        {
            DurableFile.WriteAllBytes(Path.Combine(half.TemporaryPath, "new"), [2]);
        }

        Assert.True(File.Exists(folder.At("run", "old")));
        using (var whole = DurableDirectory.Create(folder.At("run"), replace: true))
        {
            DurableFile.WriteAllBytes(Path.Combine(whole.TemporaryPath, "new"), [2]);
            whole.Commit();
        }

        Assert.Equal(["run"], folder.Names());
        Assert.Equal([folder.At("run", "new")], Directory.GetFileSystemEntries(folder.At("run")));
    }

    [Fact]
    public void Old_folder_must_stay_whole_when_the_sync_of_the_new_one_fails()
    {
        Directory.CreateDirectory(folder.At("run"));
        File.WriteAllBytes(folder.At("run", "old"), [1]);
        using (var half = DurableDirectory.Create(folder.At("run"), (_, path) => throw new IOException($"{path}: fsync failed"), replace: true))
        {
            Assert.Throws<IOException>(half.Commit);
        }

        Assert.Equal(["run"], folder.Names());
        Assert.True(File.Exists(folder.At("run", "old")));
    }

    [Fact]
    public void Folder_must_not_appear_when_its_sync_fails()
    {
        using (var half = DurableDirectory.Create(folder.At("run"), (_, path) => throw new IOException($"{path}: fsync failed")))
        {
            Assert.Throws<IOException>(half.Commit);
        }

        Assert.Empty(folder.Names());
    }
}
