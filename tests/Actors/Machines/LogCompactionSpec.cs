using System.Globalization;
using ActorRing.Actors.Coordinator;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Log;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Messages.Wire;
using ActorRing.Actors.Specs.Messages;

namespace ActorRing.Actors.Specs.Machines;

/// <summary>A compacted log against the whole one: everything a book says, now and after whatever is appended.</summary>
public class LogCompactionSpec
{
    private static readonly EpochEnd[] Causes = Enum.GetValues<EpochEnd>();

    [Fact]
    public void Compacted_log_must_come_to_the_same_now_and_after_any_further_records()
    {
        for (var rngSeed = 1; rngSeed <= 300; rngSeed++)
        {
            var random = new Random(rngSeed);
            var writer = new Writer(random);
            var whole = writer.Write(random.Next(1, 400));
            List<LogRecord> compacted = [.. JobBook.Compact(whole)];
            Assert.Equal(Told(whole), Told(compacted));
            Assert.Equal(Bytes(compacted), Bytes(JobBook.Compact(compacted)));
            var later = writer.Write(random.Next(1, 200));
            Assert.Equal(Told([.. whole, .. later]), Told([.. compacted, .. later]));
            Assert.Equal(Bytes(JobBook.Compact([.. whole, .. later])), Bytes(JobBook.Compact([.. compacted, .. later])));
        }
    }

    [Fact]
    public void Compacted_log_must_hold_no_more_than_the_last_checkpoints_and_the_updates_since_the_newest()
    {
        List<LogRecord> log = [new JobSubmitted(new(1), "key", "", WireSamples.Spec), new EpochIssued(new(1), new(1, 1), [new("m0", 1)], "", 0, EpochEnd.None)];
        for (var step = 1; step <= 10_000; step++)
        {
            log.Add(new StepCommitted(new(1), new(1, 1), step, new((ulong)step)));
            if (step % 100 == 0)
            {
                log.Add(new CheckpointCommitted(new(1), new(1, 1), step, 1, ""));
            }
        }

        var checkpoints = Enumerable.Repeat("CheckpointCommitted", JobRecord.MostCheckpoints - 1);
        Assert.Equal(["JobSubmitted", "EpochIssued", .. checkpoints, "StepCommitted", "CheckpointCommitted", "JobFolded"], JobBook.Compact(log).Select(record => record.GetType().Name));
    }

    // Otherwise the first one could not fail.
    [Fact]
    public void Comparison_must_notice_when_a_kept_record_is_lost()
    {
        var whole = new Writer(new(5)).Write(400);
        var compacted = JobBook.Compact(whole);
        for (var lost = 0; lost < compacted.Length; lost++)
        {
            // Of a job's only epoch the counts are those that its record gives by itself.
            var isNoticed = compacted[lost] is JobFolded { Epochs: 1 } || Told(whole) != Told([.. compacted.RemoveAt(lost)]);
            Assert.True(isNoticed, $"{compacted[lost]} is lost and nobody notices");
        }
    }

    private static string Bytes(IEnumerable<LogRecord> records) => string.Join('\n', records.Select(record => Convert.ToHexString(LogCodec.Encode(record))));

    private static string Told(List<LogRecord> records)
    {
        var book = new JobBook();
        records.ForEach(book.Apply);
        List<string> told = [string.Create(CultureInfo.InvariantCulture, $"{book.LastEpoch}")];
        foreach (var job in book.Jobs)
        {
            var digests = Enumerable.Range(1, 500).Select(step => job.DigestAfter(step)?.Value.ToString(CultureInfo.InvariantCulture) ?? "-");
            var requests = Enumerable.Range(0, Writer.Requests).Select(key => job.HasSeen("r" + key) ? '1' : '0');
            told.Add(string.Create(CultureInfo.InvariantCulture,
                $"{job.Id} {job.Key} {job.SpecHash} {job.State} {job.Verdict} {job.StepsCommitted} {job.CheckpointCommitted} {job.Epochs} {job.Losses} {job.FruitlessEpochs} {job.IsFruitful}"));
            told.Add(string.Join(' ', job.Checkpoints) + string.Join(' ', job.Windows));
            told.Add($"{job.LastEpoch?.Epoch} {job.LastEpoch?.RestoreFrom} {job.LastEpoch?.Cause} {string.Join(' ', job.LastEpoch?.Members ?? [])} {book.Find(job.Key)?.Id}");
            told.Add($"{string.Concat(requests)} {string.Join(' ', digests)}");
        }

        for (var name = 0; name < 4; name++)
        {
            told.Add(string.Concat(Enumerable.Range(1, 60).Select(life => book.IsFenced(new("m" + name, life)) ? '1' : '0')));
        }

        return string.Join('\n', told);
    }

    /// <summary>Writes what a coordinator could: any order of jobs, epochs, updates, checkpoints, requests and fences.</summary>
    private sealed class Writer(Random random)
    {
        internal const int Requests = 500;
        private readonly List<(long Steps, SortedSet<long> Checkpoints, string? Plan)> _jobs = [];
        private int _epochs;
        private int _requests;
        private int _verdicts;

        internal List<LogRecord> Write(int count)
        {
            List<LogRecord> records = [];
            while (records.Count < count)
            {
                records.Add(Next());
            }

            return records;
        }

        private LogRecord Next()
        {
            if (_jobs.Count == 0 || random.Next(60) == 0)
            {
                _jobs.Add((0, [], null));
                return new JobSubmitted(new(_jobs.Count), $"key-{_jobs.Count}", "5bec", WireSamples.Spec);
            }

            var at = random.Next(_jobs.Count);
            var job = new JobId(at + 1);
            var (steps, checkpoints, plan) = _jobs[at];
            var checkpoint = checkpoints.Max;
            switch (random.Next(14))
            {
                case 0:
                    return new MemberFenced(new($"m{random.Next(4)}", random.Next(1, 50)));
                case 1 or 2:
                    var next = plan is null || random.Next(4) == 0 ? random.Next(2) == 0 ? "c0ffee" : "decaf" : plan;
                    _jobs[at] = (next == plan || plan is null ? steps : Math.Min(steps, checkpoint), checkpoints, next);
                    return new EpochIssued(job, new(1, ++_epochs), [new("m0", _epochs), new("m1", 1)], next, checkpoint, Causes[random.Next(Causes.Length)]);
                case 3 or 4:
                    return new JobStateChanged(job, (JobState)random.Next(4), $"why {++_verdicts}", random.Next(3) == 0 ? "" : $"r{_requests++ % Requests}");
                case 5 when steps > checkpoint:
                    checkpoints.Add(checkpoint = random.NextInt64(checkpoint + 1, steps + 1));
                    return new CheckpointCommitted(job, new(1, _epochs), checkpoint, 2, $"{random.Next(256):x2}");
                case 6 when checkpoint > 0 && random.Next(2) == 0:
                    // As machines do: to one that is remembered, or to none.
                    var known = checkpoints.Reverse().Take(JobRecord.MostCheckpoints).Skip(1).Append(0).ToList();
                    var from = known[random.Next(known.Count)];
                    checkpoints.RemoveWhere(lost => lost > from || from == 0);
                    return new CheckpointLost(job, checkpoint, from, "damaged");
                case 7 when plan is not null && random.Next(4) == 0:
                    _jobs[at] = (Math.Min(steps, checkpoint), checkpoints, plan);
                    return new WindowSkipped(job, new(1, _epochs), new(checkpoint, Math.Max(steps, checkpoint) + 1), "loss is NaN");
                default:
                    _jobs[at] = (++steps, checkpoints, plan);
                    return new StepCommitted(job, new(1, _epochs), steps, new((ulong)random.NextInt64()));
            }
        }
    }
}
