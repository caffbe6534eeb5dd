namespace ActorRing.Cluster.Hosting.Engine;

/// <summary>Who is, was and may be in the cluster, as its seed keeps it. Pure bookkeeping; the caller holds the lock.</summary>
internal sealed class Roster(MemberRef seed, int largest)
{
    private readonly SortedDictionary<string, MemberStatus> _members = new(StringComparer.Ordinal) { [seed.Name] = new(seed, true, MemberReason.Joined) };
    private readonly Dictionary<MemberRef, string> _finished = [];
    private readonly Queue<MemberRef> _finishedOrder = new();

    /// <summary>All names, sorted.</summary>
    internal IReadOnlyList<MemberStatus> Members => [.. _members.Values];

    /// <summary>Lets a member in, or says in one line why not.</summary>
    internal string? Admit(MemberRef member)
    {
        if (_finished.TryGetValue(member, out var why))
        {
            return $"incarnation {member.Incarnation} of {member.Name} is finished: {why}";
        }

        if (_members.TryGetValue(member.Name, out var status))
        {
            if (status.Member != member && status.IsUp)
            {
                return $"{member.Name} is occupied by incarnation {status.Member.Incarnation}";
            }

            if (status.Member != member)
            {
                Finish(status.Member, $"incarnation {member.Incarnation} took its place");
            }
        }
        else if (_members.Count >= largest && !TryForgetOne())
        {
            return $"the cluster is full: {largest} members";
        }

        _members[member.Name] = new MemberStatus(member, true, MemberReason.Joined);
        return null;
    }

    // Names of those that are gone make room, before all of those that left by themselves: every console that ever asked something has had one.
    private bool TryForgetOne()
    {
        var gone = _members.Values.Where(status => !status.IsUp).OrderBy(status => status.Reason != MemberReason.Left).FirstOrDefault();
        return gone is not null && _members.Remove(gone.Member.Name);
    }

    /// <summary>Notes that a member cannot be reached any more; false if that is known or another incarnation has its place.</summary>
    internal bool Lose(MemberRef member, MemberReason reason)
    {
        if (!_members.TryGetValue(member.Name, out var status) || status.Member != member || !status.IsUp)
        {
            return false;
        }

        _members[member.Name] = new MemberStatus(member, false, reason);
        return true;
    }

    /// <summary>Shuts an incarnation out for good.</summary>
    internal void Evict(MemberRef member, string why)
    {
        Finish(member, why);
        if (_members.TryGetValue(member.Name, out var status) && status.Member == member)
        {
            _members[member.Name] = new MemberStatus(member, false, MemberReason.Evicted);
        }
    }

    private void Finish(MemberRef member, string why)
    {
        if (_finished.TryAdd(member, why))
        {
            _finishedOrder.Enqueue(member);
            if (_finishedOrder.Count > largest)
            {
                _finished.Remove(_finishedOrder.Dequeue());
            }
        }
    }
}
