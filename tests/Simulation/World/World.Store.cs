using System.Globalization;
using ActorRing.Actors.Coordinator;
using ActorRing.Actors.Effects;
using ActorRing.Actors.Events;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Log;

namespace ActorRing.Simulation;

/// <content>The seed's disk and its hold over processes.</content>
internal sealed partial class World
{
    private readonly List<LogRecord> _durable = [];
    private readonly Dictionary<(long Job, long StepsDone), ulong> _manifests = [];
    private readonly Dictionary<(long Job, RingEpoch Epoch), long> _discarded = [];
    private readonly Dictionary<(long Job, RingEpoch Epoch, long Term), long> _givenUp = [];
    private readonly HashSet<(long Job, long StepsDone)> _damaged = [];
    private readonly HashSet<(long Job, long StepsDone)> _setAside = [];
    private long _storeTerm;
    private List<LogRecord>? _newest; // while an older copy of the log is in its place

    private void Store(SimCoordinator coordinator, Effect effect)
    {
        switch (effect)
        {
            case AppendLog when coordinator.IsLogPoisoned:
                break;
            case AppendLog append:
                coordinator.Unsynced.Enqueue((append.Sequence, append.Record));
                coordinator.SyncedBy = Math.Max(coordinator.SyncedBy, Now + _random.Between(1, 5));
                _queue.Add(coordinator.SyncedBy, null, () => Sync(coordinator));
                break;
            case ConfirmTerm confirm when confirm.Term != _storeTerm:
                Feed(coordinator, _random.Between(1, 3), new LogFailed("another coordinator holds it"));
                break;
            case CommitManifest manifest:
                Demand(_givenUp.GetValueOrDefault((manifest.Job.Number, manifest.Epoch, manifest.Term)) < manifest.StepsDone, "S9", $"asks for the manifest of update {manifest.StepsDone}, whose shards it has given up");
                At(_random.Between(1, 10), () => Rename(coordinator, manifest));
                break;
            case DiscardShards discard:
                _givenUp[(discard.Job.Number, discard.Epoch, discard.Term)] = discard.StepsDone;
                At(_random.Between(1, 10), () => Discard(discard));
                break;
            case CheckCheckpoints check:
                At(_random.Between(2, 30), () => Check(coordinator, check));
                break;
            case FenceMember fence:
                At(_random.Between(1, 8), () => Fence(coordinator, fence.Member));
                break;
            case StartMember start:
                var slot = start.Name[1] - '0';
                if (_members[slot] is { IsAlive: false } or { IsCutOff: true })
                {
                    Restart(slot);
                }
                else if (_members[slot] is { } running)
                {
                    Feed(coordinator, 1, new MemberStarted(running.Id));
                }

                break;
        }
    }

    // As a host does before it hands the log to the machine.
    private void CompactLog()
    {
        var compacted = JobBook.Compact(_durable);
        _durable.Clear();
        _durable.AddRange(compacted);
    }

    // Somebody has put a copy back from before the epoch that runs.
    private void StartOnOldLog(SimCoordinator coordinator)
    {
        coordinator.IsAlive = false;
        _newest = [.. _durable];
        var last = _durable.FindLastIndex(record => record is EpochIssued);
        _durable.RemoveRange(last, _durable.Count - last);
        Tell("the seed is started on an older copy of its log");
        BootCoordinator();
    }

    private void Sync(SimCoordinator coordinator)
    {
        if (!coordinator.IsAlive || !coordinator.Unsynced.TryDequeue(out var written))
        {
            return;
        }

        if (coordinator.Term != _storeTerm)
        {
            coordinator.Unsynced.Clear();
            coordinator.IsLogPoisoned = true;
            Feed(coordinator, 0, new LogFailed("another coordinator holds it"));
            return;
        }

        var isFailed = !_isHealed && _random.Chance(_faults.SyncFails);
        if (!isFailed || _random.Chance(0.5))
        {
            Endure(written.Record);
        }

        if (isFailed)
        {
            // Nobody knows what is on the disk now; nothing more may go there.
            coordinator.Unsynced.Clear();
            coordinator.IsLogPoisoned = true;
            Feed(coordinator, 0, new LogFailed("fsync: input/output error"));
            return;
        }

        Feed(coordinator, 0, new LogAppended(written.Sequence));
    }

    private void Endure(LogRecord record)
    {
        Demand(_newest is null, "S1", $"{record.GetType().Name} is written to a copy of the log that is older than what members know");
        CheckRecord(record);
        _durable.Add(record);
    }

    private void Rename(SimCoordinator coordinator, CommitManifest manifest)
    {
        if (coordinator.Term != _storeTerm || (!_isHealed && _random.Chance(_faults.ManifestFails)))
        {
            Feed(coordinator, 0, new ManifestFailed(manifest.Job, manifest.StepsDone, "the store refuses"));
            return;
        }

        if (_discarded.GetValueOrDefault((manifest.Job.Number, manifest.Epoch)) >= manifest.StepsDone)
        {
            // Asked for before they were given up, or by a coordinator that only hears that they were written.
            Feed(coordinator, 0, new ManifestFailed(manifest.Job, manifest.StepsDone, "a shard is missing"));
            return;
        }

        var ring = _rings[manifest.Epoch];
        for (var rank = 0; rank < ring.Connected.Length; rank++)
        {
            Demand(rank < manifest.Shards.Length && _shards.TryGetValue((manifest.Job.Number, manifest.StepsDone, manifest.Epoch, rank), out var shard)
                && shard == manifest.Digest.Value, "S9", $"the manifest of update {manifest.StepsDone} lacks the shard of rank {rank}, or has another one");
        }

        var key = (manifest.Job.Number, manifest.StepsDone);
        if (_setAside.Remove(key))
        {
            _damaged.Remove(key);
        }

        _manifests[key] = manifest.Digest.Value;
        Feed(coordinator, _random.Between(0, 2), new ManifestCommitted(manifest.Job, manifest.StepsDone, manifest.StepsDone.ToString(CultureInfo.InvariantCulture)));
    }

    private void Discard(DiscardShards discard)
    {
        var key = (discard.Job.Number, discard.Epoch);
        _discarded[key] = Math.Max(_discarded.GetValueOrDefault(key), discard.StepsDone);
        foreach (var shard in _shards.Keys.Where(shard => shard.Job == discard.Job.Number
            && (shard.Epoch < discard.Epoch || (shard.Epoch == discard.Epoch && shard.StepsDone <= discard.StepsDone))).ToList())
        {
            _shards.Remove(shard);
        }
    }

    // Reads them all, newest first, until one is whole; those that are not are gone afterwards, whether or not anybody hears of it.
    private void Check(SimCoordinator coordinator, CheckCheckpoints check)
    {
        if (!coordinator.IsAlive || coordinator.Term != _storeTerm)
        {
            return;
        }

        var suspect = check.Candidates[0].StepsDone;
        if (!_isHealed && _random.Chance(_faults.Misread))
        {
            Feed(coordinator, 1, new CheckpointsChecked(check.Job, suspect, suspect, "the disk does not answer"));
            return;
        }

        long newest = 0;
        foreach (var (stepsDone, _) in check.Candidates)
        {
            var key = (check.Job.Number, stepsDone);
            if (!_damaged.Contains(key))
            {
                newest = stepsDone;
                break;
            }

            _setAside.Add(key);
        }

        Feed(coordinator, 1, new CheckpointsChecked(check.Job, suspect, newest, newest == suspect ? "it is whole" : "a bit is another one"));
    }

    private void Fence(SimCoordinator coordinator, MemberId member)
    {
        if (Find(member) is SimMember { IsAlive: true, IsCutOff: false } victim)
        {
            if (!_isHealed && _random.Chance(_faults.RemoteFence))
            {
                victim.IsCutOff = true;
            }
            else
            {
                victim.IsAlive = false;
                Kills++;
            }

            Restart(victim.Slot);
        }

        Feed(coordinator, 1, new MemberGone(member, "fenced"));
    }
}
