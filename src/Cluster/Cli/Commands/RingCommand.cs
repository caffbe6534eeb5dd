using System.CommandLine;
using System.Globalization;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Submitter;
using ActorRing.Cluster.Cli.Bench;
using ActorRing.Cluster.Cli.Cluster;
using ActorRing.Cluster.Member;
using ActorRing.Cluster.Member.Place;

namespace ActorRing.Cluster.Cli.Commands;

/// <summary><c>actorring ring</c>: who sends to whom, how long hops take, who is late.</summary>
internal static class RingCommand
{
    internal static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new Command("ring", "Shows the ring: who sends to whom, hop times, bytes, overlap, and the late one. Example: actorring ring") { ClusterOptions.OfMember, json };
        command.SetAction(async result =>
        {
            await using var link = await ConsoleLink.ConnectAsync(ClusterOptions.PlaceOf(result), default);
            var pages = await link.AskAsync<RingAnswer>(new ObserverMachine(new QueryRing(ConsoleLink.NewKey(), 0), ConsoleLink.RetryEvery, ConsoleLink.Patience), default);
            Console.WriteLine(result.GetValue(json) ? BenchJson.Of(Row(pages)) : string.Join('\n', Lines(pages)));
        });
        return command;
    }

    private static IEnumerable<string> Lines(IReadOnlyList<RingAnswer> pages)
    {
        var ring = pages[0];
        if (ring.Total == 0)
        {
            yield return "no ring";
        }
        else
        {
            yield return $"{ring.Job}  {ring.Mode}  epoch {ring.Epoch}  {Words.Of(ring.Phase)} for {Words.Of(ring.PhaseFor)}  step {ring.StepsCommitted}";
            foreach (var rank in pages.SelectMany(page => page.Ranks))
            {
                yield return string.Create(
                    CultureInfo.InvariantCulture,
                    $"rank {rank.Rank.Index,3}  {rank.Member.Name,-12}  {Words.Of(rank.Phase),-9}  step {rank.StepsDone,5}  sends to {rank.SendsTo.Index,3}  hops {rank.Hops.Transfers,7}  p50 {Words.Of(rank.Hops.P50),8}  p99 {Words.Of(rank.Hops.P99),8}  {rank.Hops.Bytes,12} bytes  work {Words.Of(rank.Work),8}  overlap {(rank.Hops.Overlap is { } overlap ? overlap.ToString("P0", CultureInfo.InvariantCulture) : "-"),5}{(rank.Waiting is { } hop ? $"  waits: {Words.Of(hop)}" : "")}");
            }
        }

        foreach (var rank in pages.SelectMany(page => page.Ranks).Where(rank => rank.Slow > 0))
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"SLOW  rank {rank.Rank.Index} ({rank.Member.Name}): its own work in an update takes {Words.Of(rank.Work)}, {rank.Slow:F1} times as long as usual");
        }

        if (ring.Late is { } late)
        {
            yield return $"LATE  rank {late.Culprit.Index} ({late.Member.Name}): rank {late.Waiter.Index} waits at {Words.Of(late.Hop)}";
        }

        foreach (var hop in ring.LateHops)
        {
            yield return $"late {Words.Of(hop.Ago)} ago  epoch {hop.Epoch}  rank {hop.Culprit.Index} ({hop.Member.Name}): rank {hop.Waiter.Index} waited at {Words.Of(hop.Hop)}";
        }

        foreach (var outcome in ring.Outcomes)
        {
            yield return $"epoch {outcome.Epoch} ended {Words.Of(outcome.Ago)} ago at step {outcome.StepsCommitted}: {Words.Of(outcome.Cause)}: {outcome.Reason}";
        }
    }

    private static object Row(IReadOnlyList<RingAnswer> pages) => new
    {
        job = pages[0].Job.ToString(),
        mode = pages[0].Mode,
        epoch = pages[0].Epoch.ToString(),
        phase = Words.Of(pages[0].Phase),
        steps_committed = pages[0].StepsCommitted,
        ranks = pages.SelectMany(page => page.Ranks).Select(rank => new
        {
            rank = rank.Rank.Index,
            member = rank.Member.ToString(),
            phase = Words.Of(rank.Phase),
            steps_done = rank.StepsDone,
            sends_to = rank.SendsTo.Index,
            receives_from = rank.ReceivesFrom.Index,
            hops = rank.Hops.Transfers,
            bytes = rank.Hops.Bytes,
            p50_ms = rank.Hops.P50.TotalMilliseconds,
            p99_ms = rank.Hops.P99.TotalMilliseconds,
            overlap = rank.Hops.Overlap,
            deadline_ms = rank.Deadline.TotalMilliseconds,
            work_ms = rank.Work.TotalMilliseconds,
            slow = rank.Slow,
            waiting = Hop(rank.Waiting),
        }),
        late = Late(pages[0].Late),
        late_hops = pages[0].LateHops.Select(Late),
        outcomes = pages[0].Outcomes.Select(outcome => new { epoch = outcome.Epoch.ToString(), cause = Words.Of(outcome.Cause), reason = outcome.Reason, ago_s = outcome.Ago.TotalSeconds }),
    };

    private static object? Late(LateHop? late) => late is null
        ? null
        : new { epoch = late.Epoch.ToString(), culprit = late.Culprit.Index, member = late.Member.ToString(), waiter = late.Waiter.Index, hop = Hop(late.Hop), ago_s = late.Ago.TotalSeconds };

    private static object? Hop(HopWait? hop) => hop is null
        ? null
        : new { step = hop.Step.Index + 1, layer = hop.Layer, ring_step = hop.RingStep.Index, backward = hop.IsBackward, peer = hop.Peer.Index, waited_ms = hop.Waited.TotalMilliseconds };
}
