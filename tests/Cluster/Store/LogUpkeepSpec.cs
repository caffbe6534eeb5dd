using ActorRing.Actors.Coordinator;
using ActorRing.Actors.Effects;
using ActorRing.Actors.Events;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Log;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Messages.Wire;
using ActorRing.Cluster.Hosting.Jobs;
using ActorRing.Cluster.Hosting.Seed;
using ActorRing.Cluster.Hosting.Store;
using ActorRing.Cluster.Specs.Hocon;
using ActorRing.Cluster.Specs.Jobs;

namespace ActorRing.Cluster.Specs.Store;

/// <summary>A seed's log grows with every update and must not do so for ever.</summary>
public sealed class LogUpkeepSpec : IDisposable
{
    private const int Updates = 5_000;
    private static readonly JobSpec Spec = new() { Name = "long", Ranks = 2, MinRanks = 1, TrainSteps = Updates, CheckpointEvery = 100 };
    private readonly TempFolder _temporary = new();

    private string Folder => Path.Combine(_temporary.Path, "state");

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void Log_must_be_short_and_its_coordinator_answer_the_same_when_a_seed_starts_with_a_long_one()
    {
        var records = LongRun(Updates);
        Write(records);
        var before = new FileInfo(Path.Combine(Folder, "log")).Length;
        List<string> said = [];
        IReadOnlyList<LogRecord> kept;
        using (var log = RecordLog.Open(Folder))
        {
            kept = LogUpkeep.Read(log, said.Add);
        }

        var after = new FileInfo(Path.Combine(Folder, "log")).Length;
        Assert.True(after < before / 20, $"{before} bytes became {after}");
        Assert.Contains(after.ToString(System.Globalization.CultureInfo.InvariantCulture), Assert.Single(said), StringComparison.Ordinal);
        Assert.Equal(Answers(records), Answers(kept));
        using var again = RecordLog.Open(Folder);
        Assert.Equal(kept.Select(LogCodec.Encode), again.Entries.Select(entry => entry.ToArray()));
        Assert.Equal(kept.Count, LogUpkeep.Read(again, said.Add).Count);
        Assert.Single(said); // nothing more to win
    }

    [Theory]
    [InlineData(900)] // less than 64 KiB to win
    [InlineData(0)]
    public void Log_must_stay_as_it_is_when_rewriting_it_saves_little(int updates)
    {
        var records = LongRun(updates);
        Write(records);
        List<string> said = [];
        using var log = RecordLog.Open(Folder);
        var before = File.ReadAllBytes(log.Path);
        Assert.Equal(records.Count, LogUpkeep.Read(log, said.Add).Count);
        Assert.Empty(said);
        Assert.Equal(before, File.ReadAllBytes(log.Path));
    }

    [Fact]
    public void Seed_must_go_on_with_the_long_log_and_say_why_when_the_new_one_cannot_be_written()
    {
        Write(LongRun(Updates));
        List<string> said = [];
        var syncs = 0;
        using var log = RecordLog.Open(Folder, (_, _) => { if (++syncs == 3) { throw new IOException("log: fsync failed: No space left on device (errno 28)"); } });
        Assert.Equal(LongRun(Updates).Count, LogUpkeep.Read(log, said.Add).Count);
        Assert.Contains("stays as it is", Assert.Single(said), StringComparison.Ordinal);
        Assert.Contains("No space left", said[0], StringComparison.Ordinal);
        log.Append(LogCodec.Encode(new MemberFenced(new("m9", 1))));
    }

    [Fact]
    public async Task Seed_must_give_the_same_answers_from_a_short_log_when_it_restarts_with_a_long_one()
    {
        using var folder = new TrainingFolder();
        List<LogRecord> records = [.. LongRun(Updates), new JobStateChanged(new(1), JobState.Failed, "for the test")];
        using (var log = RecordLog.Open(folder.State, (_, _) => { }))
        {
            records.ForEach(record => log.Append(LogCodec.Encode(record)));
        }

        var file = new FileInfo(folder.At("state/log"));
        var before = file.Length;
        await using var seed = ClusterProcess.Start(folder.State, "seed");
        await seed.ConnectAsync();
        var status = await seed.StatusAsync(new(1));

        file.Refresh();
        Assert.True(file.Length < before / 20, $"{before} bytes became {file.Length}");
        Assert.Equal((JobState.Failed, "for the test", (long)Updates, (long)Updates, 2L), (status.State, status.Verdict, status.StepsCommitted, status.CheckpointCommitted, status.Epochs));
    }

    private static List<LogRecord> LongRun(int updates)
    {
        var job = new JobId(1);
        List<LogRecord> records =
        [
            new JobSubmitted(job, "key", SpecCodec.Hash(Spec), Spec), new JobStateChanged(job, JobState.Running, ""),
            new EpochIssued(job, new(1, 1), [new("rank-0", 1), new("rank-1", 1)], "c0ffee", 0, EpochEnd.None),
        ];
        for (var step = 1; step <= updates; step++)
        {
            records.Add(new StepCommitted(job, new(1, 1), step, new((ulong)step * 977)));
            if (step % Spec.CheckpointEvery == 0)
            {
                records.Add(new CheckpointCommitted(job, new(1, 1), step, 2, "5ba2"));
            }
        }

        records.Add(new MemberFenced(new("rank-1", 1)));
        records.Add(new EpochIssued(job, new(1, 2), [new("rank-0", 1), new("rank-1", 2)], "c0ffee", updates - (updates % Spec.CheckpointEvery), EpochEnd.MemberExit));
        return records;
    }

    // What people are told, and the first decisions.
    private static string Answers(IReadOnlyList<LogRecord> records)
    {
        var (machine, effects) = (new CoordinatorMachine(9, records, new(), new JobPlanner()), new Outbox());
        machine.Handle(new Started(), default, effects);
        var asker = new Sender(new("console-1", 1), Role.Submitter);
        machine.Handle(new Received(asker, new QueryJobs("jobs", 0)), default, effects);
        machine.Handle(new Received(asker, new QueryMembers("members", 0)), default, effects);
        machine.Handle(new Received(asker, new ControlJob("again", new(1), JobVerb.Cancel)), default, effects);
        return string.Join('\n', Enumerable.Range(0, effects.Count).Select(at => effects[at]).Select(effect => effect switch
        {
            Send send => Convert.ToHexString(MessageCodec.Encode(send.Message)),
            AppendLog append => Convert.ToHexString(LogCodec.Encode(append.Record)),
            _ => effect.ToString(),
        }));
    }

    private void Write(List<LogRecord> records)
    {
        using var log = RecordLog.Open(Folder, (_, _) => { });
        records.ForEach(record => log.Append(LogCodec.Encode(record)));
    }
}
