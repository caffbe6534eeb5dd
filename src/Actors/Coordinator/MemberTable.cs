using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;

namespace ActorRing.Actors.Coordinator;

/// <summary>A member as its coordinator sees it.</summary>
public sealed class MemberRecord
{
    internal MemberRecord(MemberId id, Instant now) => (Id, HeardAt, ProgressAt) = (id, now, now);

    /// <summary>Which incarnation.</summary>
    public MemberId Id { get; }

    /// <summary>Its newest heartbeat; null before the first in this coordinator's life.</summary>
    public MemberHello? Hello { get; internal set; }

    /// <summary>When it was last heard.</summary>
    public Instant HeardAt { get; internal set; }

    /// <summary>When its compute thread last finished something.</summary>
    public Instant ProgressAt { get; internal set; }

    /// <summary>Why it was given up; <see cref="EpochEnd.None"/> while it was not.</summary>
    public EpochEnd Verdict { get; internal set; }

    /// <summary>Details of the verdict.</summary>
    public string Reason { get; internal set; } = "";

    /// <summary>Whether the host has confirmed that it is gone.</summary>
    public bool IsGone { get; internal set; }

    /// <summary>Why it cannot be a rank of the present job; empty if it can.</summary>
    public string Unfit { get; internal set; } = "";

    /// <summary>Whether the present job went on without it and did not with it.</summary>
    internal bool IsDeclined { get; set; }

    /// <summary>How often its state changed in its memory: one bit may flip anywhere, a second one says that the memory is bad.</summary>
    public int Corruptions { get; internal set; }

    /// <summary>Its rank in the current epoch, or -1.</summary>
    public int Rank { get; internal set; } = -1;

    /// <summary>Whether it counts.</summary>
    public bool IsUp => Verdict == EpochEnd.None;

    /// <summary>Whether it wants to leave, or was asked to.</summary>
    public bool IsLeaving => IsAskedToLeave || Hello is { IsLeaving: true };

    /// <summary>Whether it holds a rank only while there are too few others.</summary>
    public bool IsReserve => Hello is { IsReserve: true };

    internal bool IsAskedToLeave { get; set; }

    internal Instant? DisconnectedAt { get; set; }
}

/// <summary>Who is there, and who is not any more. Evidence in the order of its worth: exit, end of the connection, standstill, silence.</summary>
/// <remarks>Invariant: a member once given up stays so; a process that lives on under that incarnation is a zombie.</remarks>
internal sealed class MemberTable(CoordinatorOptions options)
{
    internal const int MostRemoved = 16;
    private const int MostVainStarts = 3;
    private readonly SortedDictionary<MemberId, MemberRecord> _members = [];
    private readonly List<MemberRecord> _order = [];
    private readonly Queue<MemberRecord> _removed = new();

    /// <summary>All, in order of joining: a loop over it may give members up but not forget them.</summary>
    internal IReadOnlyList<MemberRecord> All => _order;

    /// <summary>The last ones that are gone, oldest first; only people look at them.</summary>
    internal IEnumerable<MemberRecord> Removed => _removed;

    /// <summary>Members that can hold a rank or will soon.</summary>
    internal int Present => _order.Count(record => record.IsUp && !record.IsLeaving);

    internal int RemovedCount => _removed.Count;

    /// <summary>Members given up whose end is not certain yet.</summary>
    internal int Unfenced { get; private set; }

    internal MemberRecord? Find(MemberId member) => _members.TryGetValue(member, out var record) ? record : null;

    /// <summary>Whether one that is gone was the last of its name.</summary>
    internal bool IsLastOfItsName(MemberRecord gone) => !_order.Exists(record => record.Id.Name == gone.Id.Name) && _removed.Last(other => other.Id.Name == gone.Id.Name) == gone;

    /// <summary>Whether processes of a name were started several times in a row and none was ever heard of: the next would hardly come, either.</summary>
    internal bool NeverComes(string name)
    {
        var vain = 0;
        foreach (var record in _removed)
        {
            vain = record.Id.Name != name ? vain : record.Hello is null ? vain + 1 : 0;
        }

        return vain >= MostVainStarts;
    }

    internal MemberRecord? Join(MemberId member, Instant now)
    {
        if (_order.Count >= options.MostMembers)
        {
            return null;
        }

        var record = new MemberRecord(member, now);
        _members.Add(member, record);
        _order.Add(record);
        return record;
    }

    /// <summary>The member of a name that was heard of last, other than <paramref name="than"/>, and still counts.</summary>
    internal MemberRecord? Namesake(MemberId than)
    {
        foreach (var record in _order)
        {
            if (record.IsUp && record.Id.Name == than.Name && record.Id != than)
            {
                return record;
            }
        }

        return null;
    }

    /// <summary>The member of a name that counts, or null.</summary>
    internal MemberRecord? Find(string name)
    {
        foreach (var record in _order)
        {
            if (record.IsUp && record.Id.Name == name)
            {
                return record;
            }
        }

        return null;
    }

    internal void GiveUp(MemberRecord record, EpochEnd verdict, string reason, bool isGone)
    {
        if (record.IsUp)
        {
            (record.Verdict, record.Reason) = (verdict, reason);
            Unfenced += isGone ? 0 : 1;
            record.IsGone = isGone;
        }
        else if (isGone && !record.IsGone)
        {
            record.IsGone = true;
            Unfenced--;
        }
    }

    /// <summary>Whether none of two or more members that were there is heard of any more.</summary>
    internal bool AreAllSilent(Instant now)
    {
        var silent = 0;
        foreach (var record in _order)
        {
            if (record.IsUp && record.Hello is not null)
            {
                if (record.DisconnectedAt is null && now - record.HeardAt <= 3 * options.TickEvery)
                {
                    return false;
                }

                silent++;
            }
        }

        return silent > 1;
    }

    /// <summary>Whether silence has gone on for too long.</summary>
    internal EpochEnd Silence(MemberRecord record, Instant now)
    {
        if (options.Mutation == Mutation.NoLease)
        {
            return EpochEnd.None;
        }

        // Who has not said a word is still being started, on a machine that has little time for it.
        if (record.DisconnectedAt is { } since && now - since > (record.Hello is null ? options.JoinLimit : options.SocketGrace))
        {
            return EpochEnd.SocketEnd;
        }

        return now - record.HeardAt > options.MemberLease ? EpochEnd.Silence : EpochEnd.None;
    }

    /// <summary>The coordinator itself was stopped for a while: nobody's silence during it means anything. What it has heard since then is not of the future.</summary>
    internal void Forgive(TimeSpan pause, Instant now)
    {
        foreach (var record in _order)
        {
            record.HeardAt = Later(record.HeardAt);
            record.ProgressAt = Later(record.ProgressAt);
            record.DisconnectedAt = record.DisconnectedAt is { } since ? Later(since) : null;
        }

        Instant Later(Instant before) => before + pause < now ? before + pause : now;
    }

    /// <summary>Drops those that are gone and hold no rank.</summary>
    internal void Sweep()
    {
        for (var at = _order.Count - 1; at >= 0; at--)
        {
            var record = _order[at];
            if (record.IsGone && record.Rank < 0)
            {
                _order.RemoveAt(at);
                _members.Remove(record.Id);
                _removed.Enqueue(record);
                if (_removed.Count > MostRemoved)
                {
                    _removed.Dequeue();
                }
            }
        }
    }
}
