using ActorRing.Actors.Ids;
using ActorRing.Actors.Log;
using ActorRing.Actors.Messages.Wire;
using ActorRing.Cluster.Hosting.Store;
using ActorRing.Cluster.Specs.Hocon;

namespace ActorRing.Cluster.Specs.Store;

public sealed class LogTailSpec : IDisposable
{
    private readonly TempFolder _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void Tail_must_read_each_record_once_while_another_writes_them_and_leave_the_log_as_it_is()
    {
        var tail = new LogTail(_temporary.Path);
        Assert.Empty(tail.Read());
        using (var log = RecordLog.Open(_temporary.Path))
        {
            Assert.Empty(tail.Read());
            Assert.Equal(1, tail.Term);
            log.Append(Step(1));
            log.Append(Step(2));
            Assert.Equal([1, 2], Steps(tail));
            log.Append(Step(3));
            Assert.Equal([3], Steps(tail));
            Assert.Empty(tail.Read());
        }

        using var again = RecordLog.Open(_temporary.Path);
        again.Append(Step(4));
        Assert.Equal([4], Steps(tail));
        Assert.Equal(2, tail.Term);
    }

    [Fact]
    public void Tail_must_wait_for_the_rest_of_a_record()
    {
        using (var log = RecordLog.Open(_temporary.Path))
        {
            log.Append(Step(1));
        }

        var (file, tail) = (Path.Combine(_temporary.Path, "log"), new LogTail(_temporary.Path));
        var bytes = File.ReadAllBytes(file);
        File.WriteAllBytes(file, bytes[..^1]);
        Assert.Empty(tail.Read());

        File.WriteAllBytes(file, bytes);

        Assert.Equal([1], Steps(tail));
    }

    private static byte[] Step(long steps) => LogCodec.Encode(new StepCommitted(new JobId(1), new(1, 1), steps, new StateDigest(7)));

    private static long[] Steps(LogTail tail) => [.. tail.Read().Cast<StepCommitted>().Select(step => step.StepsDone)];
}
