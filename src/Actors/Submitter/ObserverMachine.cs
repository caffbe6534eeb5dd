using System.Collections.Immutable;
using ActorRing.Actors.Effects;
using ActorRing.Actors.Events;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;

namespace ActorRing.Actors.Submitter;

/// <summary>Asks one question until it is answered, page by page.</summary>
/// <remarks>
/// Ends with an <see cref="ExitProcess"/> when the last page is there or when patience is over. Pages of a ring are of one epoch: if another one begins in
/// between, it starts again. Of jobs it asks for one page.
/// </remarks>
public sealed class ObserverMachine
{
    private readonly Message _question;
    private readonly string _key;
    private readonly TimeSpan _retryEvery;
    private readonly TimeSpan _patience;
    private readonly List<Message> _pages = [];
    private Message _next;
    private Instant _since;
    private bool _isOver;

    /// <summary>Will ask for the ring.</summary>
    public ObserverMachine(QueryRing question, TimeSpan retryEvery, TimeSpan patience)
        : this(question?.Key, question!, retryEvery, patience)
    {
    }

    /// <summary>Will ask who is there.</summary>
    public ObserverMachine(QueryMembers question, TimeSpan retryEvery, TimeSpan patience)
        : this(question?.Key, question!, retryEvery, patience)
    {
    }

    /// <summary>Will ask for the tree of what is there.</summary>
    public ObserverMachine(QueryHierarchy question, TimeSpan retryEvery, TimeSpan patience)
        : this(question?.Key, question!, retryEvery, patience)
    {
    }

    /// <summary>Will ask for jobs.</summary>
    public ObserverMachine(QueryJobs question, TimeSpan retryEvery, TimeSpan patience)
        : this(question?.Key, question!, retryEvery, patience)
    {
    }

    private ObserverMachine(string? key, Message question, TimeSpan retryEvery, TimeSpan patience)
    {
        ArgumentNullException.ThrowIfNull(question);
        (_key, _question, _next, _retryEvery, _patience) = (key!, question, question, retryEvery, patience);
    }

    /// <summary>The pages, first one first; empty before all are there.</summary>
    public ImmutableArray<Message> Pages => _isOver ? [.. _pages] : [];

    /// <summary>Takes one event.</summary>
    /// <param name="input">What happened.</param>
    /// <param name="now">Never before that of an earlier call.</param>
    /// <param name="effects">What to do about it.</param>
    /// <returns>One line if it gives up, otherwise null.</returns>
    public string? Handle(MachineEvent input, Instant now, Outbox effects)
    {
        ArgumentNullException.ThrowIfNull(effects);
        if (_isOver)
        {
            return null;
        }

        switch (input)
        {
            case Started:
                _since = now;
                Ask(now, effects);
                return null;
            case WakeUp when now - _since > _patience:
                effects.Add(new ExitProcess(false, "no answer from a coordinator"));
                return "no answer from a coordinator";
            case WakeUp:
                Ask(now, effects);
                return null;
            case Received { From.Role: Role.Coordinator, Message: var answer } when Place(answer) is { } place:
                Take(answer, place, now, effects);
                return null;
            default:
                return null;
        }
    }

    // Which rows an answer to the question in hand has, of how many; null if it answers something else, or a page that is there already.
    private (int From, int Count, int Total)? Place(Message answer) => (_next, answer) switch
    {
        (QueryJobs, JobsAnswer x) when x.Key == _key => (0, x.Jobs.Length, x.Jobs.Length),
        (QueryRing q, RingAnswer x) when x.Key == _key && (x.From == q.From || x.Total < q.From) => (x.From, x.Ranks.Length, x.Total),
        (QueryMembers q, MembersAnswer x) when x.Key == _key && (x.From == q.From || x.Total < q.From) => (x.From, x.Members.Length, x.Total),
        (QueryHierarchy q, HierarchyAnswer x) when x.Key == _key && (x.From == q.From || x.Total < q.From) => (x.From, x.Paths.Length, x.Total),
        _ => null,
    };

    private void Take(Message answer, (int From, int Count, int Total) place, Instant now, Outbox effects)
    {
        if (answer is RingAnswer ring && _pages.Count > 0 && ((RingAnswer)_pages[0]).Epoch != ring.Epoch)
        {
            _pages.Clear();
            _next = _question;
            Ask(now, effects);
            return;
        }

        _pages.Add(answer);
        var from = place.From + place.Count;
        if (place.Count == 0 || from >= place.Total)
        {
            _isOver = true;
            effects.Add(new ExitProcess(true, ""));
            return;
        }

        _next = _question switch
        {
            QueryRing query => query with { From = from },
            QueryMembers query => query with { From = from },
            QueryHierarchy query => query with { From = from },
            _ => _question,
        };
        Ask(now, effects);
    }

    private void Ask(Instant now, Outbox effects)
    {
        effects.Add(new SendToSeed(_next));
        effects.Add(new WakeAt(now + _retryEvery));
    }
}
