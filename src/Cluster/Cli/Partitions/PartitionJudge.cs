using System.Globalization;
using System.Text.RegularExpressions;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Log;
using ActorRing.Cluster.Cli.Ranks;
using ActorRing.Cluster.Member.Work;

namespace ActorRing.Cluster.Cli.Partitions;

/// <summary>Looks at the coordinator's log and at what every member process says for two sides that both go on.</summary>
/// <remarks>
/// Rules: epochs grow; an update is committed once, by the newest epoch, the next one each time; it has one digest, whoever computed it and in whatever epoch, committed or
/// not; all ranks of the committing epoch computed it; no rank goes on beyond what its epoch has committed by more than it may run ahead. Lines of one process come in their order, those of
/// several and the log's records in any. Not for several threads.
/// </remarks>
internal sealed partial class PartitionJudge(int runAhead)
{
    private readonly List<string> _flaws = [];
    private readonly Dictionary<(JobId Job, long StepsDone), StepCommitted> _commits = [];
    private readonly Dictionary<RingEpoch, EpochIssued> _issued = [];
    private readonly Dictionary<(RingEpoch Epoch, long StepsDone), HashSet<string>> _done = [];
    private readonly Dictionary<(JobId Job, long StepsDone), (StateDigest Digest, string Who)> _digests = [];
    private readonly Dictionary<string, (RingEpoch Epoch, int Rank)> _holders = new(StringComparer.Ordinal);
    private readonly List<(string Process, UpdateRecord Update)> _unplaced = [];
    private RingEpoch _newest;

    /// <summary>What is wrong, each once, in the order in which it was found.</summary>
    internal IReadOnlyList<string> Flaws => _flaws;

    /// <summary>Takes a record of the log, in its order.</summary>
    internal void See(LogRecord record)
    {
        switch (record)
        {
            case EpochIssued issued:
                Expect(issued.Epoch > _newest, $"epoch {issued.Epoch} was issued after {_newest}");
                _newest = issued.Epoch;
                _issued[issued.Epoch] = issued;
                Place();
                break;
            case StepCommitted step:
                var before = _commits.GetValueOrDefault((step.Job, step.StepsDone - 1));
                Expect(!_commits.ContainsKey((step.Job, step.StepsDone)), $"update {step.StepsDone} of {step.Job} was committed twice");
                Expect(step.Epoch == _newest, $"update {step.StepsDone} of {step.Job} was committed by epoch {step.Epoch}, and the newest is {_newest}");
                Expect(step.StepsDone == 1 || before is not null, $"update {step.StepsDone} of {step.Job} was committed before the one before it");
                _commits[(step.Job, step.StepsDone)] = step;
                Compare(step.Job, step.StepsDone, step.Digest, "the log");
                break;
        }
    }

    /// <summary>Takes a line of a member process.</summary>
    /// <param name="process">Another name for each process, also for those that follow each other under one member's name.</param>
    /// <param name="line">What it wrote to standard error.</param>
    internal void Hear(string process, string line)
    {
        if (UpdateRecord.Read(line) is { } update)
        {
            _unplaced.Add((process, update));
            Place();
        }
        else if (Promised().Match(line) is { Success: true } promised)
        {
            _holders[process] = (EpochOf(promised), int.Parse(promised.Groups["rank"].Value, CultureInfo.InvariantCulture));
        }
        else if (Over().Match(line) is { Success: true } over && _holders.TryGetValue(process, out var held) && held.Epoch == EpochOf(over))
        {
            _holders.Remove(process);
        }
    }

    /// <summary>A member process has ended.</summary>
    internal void End(string process) => _holders.Remove(process);

    /// <summary>Who takes himself for a rank of another epoch than the newest, or for the same rank as another; null if nobody does.</summary>
    internal string? Stray()
    {
        foreach (var (process, held) in _holders)
        {
            if (held.Epoch < _newest)
            {
                return $"{process} still takes itself for rank {held.Rank} of epoch {held.Epoch}, and the newest is {_newest}";
            }

            if (_holders.FirstOrDefault(other => other.Key != process && other.Value == held).Key is { } twin)
            {
                return $"{process} and {twin} both take themselves for rank {held.Rank} of epoch {held.Epoch}";
            }
        }

        return null;
    }

    /// <summary>Compares what ranks have done with what was committed. When everything that was said has been heard.</summary>
    internal void Compare()
    {
        foreach (var step in _commits.Values)
        {
            var done = _done.GetValueOrDefault((step.Epoch, step.StepsDone));
            var missing = _issued[step.Epoch].Members.Select(member => member.Name).Where(name => done?.Contains(name) != true).ToList();
            Expect(missing.Count == 0, $"update {step.StepsDone} of {step.Job} was committed by epoch {step.Epoch}, in which {string.Join(" and ", missing)} did not compute it");
        }

        var (last, come) = (_commits.Values.ToLookup(step => step.Epoch, step => step.StepsDone), new Dictionary<(JobId, RingEpoch), long>());
        foreach (var job in _issued.Values.GroupBy(issued => issued.Job))
        {
            var most = 0L;
            foreach (var issued in job.OrderBy(issued => issued.Epoch))
            {
                most = last[issued.Epoch].Append(most).Append(issued.RestoreFrom).Max();
                come[(job.Key, issued.Epoch)] = most;
            }
        }

        foreach (var ((epoch, steps), who) in _done)
        {
            var most = come[(_issued[epoch].Job, epoch)];
            Expect(steps <= most + runAhead, $"{string.Join(" and ", who)} computed update {steps} in epoch {epoch}, which had come to {most}");
        }
    }

    [GeneratedRegex(@" promised epoch (?<term>\d+)\.(?<number>\d+) as rank (?<rank>\d+)$")]
    private static partial Regex Promised();

    [GeneratedRegex(@" epoch (?<term>\d+)\.(?<number>\d+) is over: ")]
    private static partial Regex Over();

    private static RingEpoch EpochOf(Match match) =>
        new(long.Parse(match.Groups["term"].Value, CultureInfo.InvariantCulture), long.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture));

    // A line may come before the record of its epoch.
    private void Place()
    {
        foreach (var (process, update) in _unplaced.Where(one => _issued.ContainsKey(one.Update.Epoch)).ToList())
        {
            var job = _issued[update.Epoch].Job;
            if (!_done.TryGetValue((update.Epoch, update.StepsDone), out var who))
            {
                _done[(update.Epoch, update.StepsDone)] = who = new HashSet<string>(StringComparer.Ordinal);
            }

            who.Add(process.Split('#')[0]);
            Compare(job, update.StepsDone, update.Digest, process);
            _unplaced.Remove((process, update));
        }
    }

    private void Compare(JobId job, long steps, StateDigest digest, string who)
    {
        var known = _digests.TryGetValue((job, steps), out var first) ? first : _digests[(job, steps)] = (digest, who);
        Expect(known.Digest == digest, $"update {steps} of {job} ends in {known.Digest.Value:x16} by {known.Who} and in {digest.Value:x16} by {who}");
    }

    private void Expect(bool isSo, FormattableString orElse)
    {
        if (!isSo && orElse.ToString(CultureInfo.InvariantCulture) is var flaw && !_flaws.Contains(flaw, StringComparer.Ordinal))
        {
            _flaws.Add(flaw);
        }
    }
}
