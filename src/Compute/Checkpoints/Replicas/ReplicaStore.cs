using ActorRing.Actors.Ids;
using ActorRing.Compute.Sharding;
using ActorRing.Native;

namespace ActorRing.Compute.Checkpoints.Replicas;

/// <summary>Names a part of a state.</summary>
/// <param name="Job">Whose.</param>
/// <param name="StepsDone">Updates in it.</param>
/// <param name="Parts">Ranks that have the state together.</param>
/// <param name="Part">Whose part it is.</param>
public readonly record struct PartName(JobId Job, long StepsDone, int Parts, int Part);

/// <summary>Parts of training states in this process's memory, whole ones only: its own of the last updates and those of the rank before it. Outlives epochs.</summary>
/// <remarks>
/// Any thread. Memory is taken when it is needed and used again: two parts for each update that is open at a time. What is let go while somebody reads it goes
/// when he is done.
/// </remarks>
/// <param name="damaged">Told which part was not what it was, and what of it changed by when; on whatever thread found that. The part is gone by then.</param>
public sealed class ReplicaStore(Action<PartName, string> damaged) : IDisposable
{
    private const int MostSpare = 2;

    private readonly Lock _gate = new();
    private readonly ComputeDevice _host = NativeBackend.LoadCpu().Open(1);
    private readonly Dictionary<PartName, StatePart> _parts = [];
    private readonly List<StatePart> _spare = [];

    /// <summary>Bytes of all parts, spare memory included.</summary>
    public long ByteCount
    {
        get
        {
            lock (_gate)
            {
                return _parts.Values.Concat(_spare).Sum(part => StatePart.BytesOf(part.Elements));
            }
        }
    }

    /// <summary>Bytes that one rank needs at the most for its own parts and those of another.</summary>
    /// <param name="shards">Of the model.</param>
    /// <param name="ranks">Of the job.</param>
    /// <param name="open">Updates that may be open at a time.</param>
    public static long MostBytes(ShardMap shards, int ranks, int open)
    {
        ArgumentNullException.ThrowIfNull(shards);
        return ((2L * open) + MostSpare) * StatePart.BytesOf(shards.MostElements(ranks));
    }

    /// <summary>Whether a part is there.</summary>
    public bool Has(PartName name)
    {
        lock (_gate)
        {
            return _parts.ContainsKey(name);
        }
    }

    /// <summary>Lets go of all parts but those of one job and a run of updates.</summary>
    /// <param name="job">Whose stay.</param>
    /// <param name="from">Least number of updates in those that stay.</param>
    /// <param name="to">Greatest.</param>
    public void Keep(JobId job, long from, long to)
    {
        lock (_gate)
        {
            foreach (var name in _parts.Keys.Where(name => name.Job != job || name.StepsDone < from || name.StepsDone > to).ToList())
            {
                _parts.Remove(name, out var part);
                Release(part!);
            }
        }
    }

    /// <summary>Does on purpose what a bad memory does: a bit of the newest copy of another rank's part is another one.</summary>
    /// <param name="job">Whose.</param>
    /// <param name="own">The rank whose own part is left alone.</param>
    public void Flip(JobId job, int own)
    {
        lock (_gate)
        {
            var copies = _parts.Where(each => each.Key.Job == job && each.Key.Part != own && each.Value.Elements > 0).ToList();
            if (copies.Count > 0)
            {
                copies.MaxBy(each => each.Key.StepsDone).Value.All.HostSpan<int>()[0] ^= 1 << 20;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            foreach (var part in _parts.Values.Concat(_spare))
            {
                part.Dispose();
            }

            _parts.Clear();
            _spare.Clear();
        }

        _host.Dispose();
    }

    /// <summary>Compares parts of states with what these came to, and lets go of those that have changed.</summary>
    /// <param name="job">Whose.</param>
    /// <param name="shards">Of the model.</param>
    /// <param name="before">Only parts of states of fewer updates.</param>
    /// <remarks>Cost: a pass over these parts on one core.</remarks>
    internal void Verify(JobId job, ShardMap shards, long before)
    {
        List<PartName> names;
        lock (_gate)
        {
            names = [.. _parts.Keys.Where(name => name.Job == job && name.StepsDone < before)];
        }

        names.ForEach(name => Verify(name, shards, before));
    }

    /// <summary>Compares a part with what it was.</summary>
    /// <param name="name">Which.</param>
    /// <param name="shards">Of the model.</param>
    /// <param name="by">The update after which this is asked, for whoever is told.</param>
    /// <returns>What of it has changed, and then it is gone; null if nothing has, or if it is not there.</returns>
    internal string? Verify(PartName name, ShardMap shards, long by)
    {
        using var part = Open(name, shards);
        if (part?.FindChange() is not { } change)
        {
            return null;
        }

        lock (_gate)
        {
            if (_parts.Remove(name, out var gone))
            {
                Release(gone);
            }
        }

        damaged(name, $"{change} changed in memory by update {by}");
        return change;
    }

    /// <summary>Opens a part for reading; null if it is not there.</summary>
    /// <param name="name">Which.</param>
    /// <param name="shards">Of the model.</param>
    public OpenPart? Open(PartName name, ShardMap shards) => Find(name) is { } part ? new OpenPart(this, part, name, shards, _host) : null;

    /// <summary>Memory for a part; to be given back.</summary>
    /// <exception cref="InsufficientMemoryException">There is none.</exception>
    internal StatePart Rent(long elements)
    {
        lock (_gate)
        {
            var at = _spare.FindIndex(part => part.Elements == elements);
            var part = at < 0 ? new StatePart(_host, elements) : _spare[at];
            if (at >= 0)
            {
                _spare.RemoveAt(at);
            }

            (part.Uses, part.Hashes) = (1, null);
            return part;
        }
    }

    internal void Return(StatePart part)
    {
        lock (_gate)
        {
            Release(part);
        }
    }

    /// <summary>A part is whole: it can be found from now on, in place of one of the same name.</summary>
    /// <param name="name">Which.</param>
    /// <param name="part">Its memory.</param>
    /// <param name="hashes">Of the state that it is a part of.</param>
    internal void Publish(PartName name, StatePart part, ShardHashes hashes)
    {
        lock (_gate)
        {
            part.Hashes = hashes;
            part.Uses++;
            if (_parts.Remove(name, out var old))
            {
                Release(old);
            }

            _parts[name] = part;
        }
    }

    /// <summary>A part, which stays until it is given back; null if it is not there.</summary>
    internal StatePart? Find(PartName name)
    {
        lock (_gate)
        {
            if (!_parts.TryGetValue(name, out var part))
            {
                return null;
            }

            part.Uses++;
            return part;
        }
    }

    private void Release(StatePart part)
    {
        if (--part.Uses > 0)
        {
            return;
        }

        if (_spare.Count == MostSpare)
        {
            _spare[0].Dispose();
            _spare.RemoveAt(0);
        }

        _spare.Add(part);
    }
}
