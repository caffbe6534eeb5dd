using System.Globalization;
using System.Text.Json;
using ActorRing.Actors.Effects;
using ActorRing.Actors.Messages;
using ActorRing.Cluster.Hosting.Telemetry;
using ActorRing.Compute.Evaluation.Needle;

namespace ActorRing.Cluster.Hosting.Web;

/// <summary>How the page's script is told things. JSON on one line; six significant digits; a number that is not finite is null; times end in their unit.</summary>
internal static class LiveJson
{
    private const int LongestText = 400;
    private const int MostCells = 1024;
    private const int MostLinks = 1024;

    /// <summary>Step, loss, gradient norm, tokens a second, seconds, part that was waited, 1 if it was done again.</summary>
    internal static byte[] Of(StepPoint point) => JsonSerializer.SerializeToUtf8Bytes<double?[]>(
        [point.Step, Short(point.Loss), Short(point.GradientNorm), Short(point.TokensPerSecond), Short(point.Seconds), Short(point.WaitFraction), point.IsRepeated ? 1 : 0]);

    internal static byte[] Of(DateTimeOffset at, string kind, string text) => Bytes(new { at_ms = at.ToUnixTimeMilliseconds(), kind, text = Cut(text) });

    internal static byte[] Of(string? text) => Bytes(text is null ? null : Cut(text));

    /// <summary>What is worth a line in the page's log; empty for the rest.</summary>
    internal static (string Kind, string Text) EventOf(TelemetryRow row) => row switch
    {
        EpochRow { Phase: EpochPhase.None } epoch => ("epoch", $"{epoch.Job} epoch {epoch.Epoch} ended: {Words.Of(epoch.Cause)}{(epoch.Reason.Length > 0 ? $": {epoch.Reason}" : "")}"),
        EpochRow epoch => ("epoch", $"{epoch.Job} epoch {epoch.Epoch}: {Words.Of(epoch.Phase)}"),
        HopRow hop => ("late", $"epoch {hop.Epoch}: rank {hop.Culprit.Index} is late: rank {hop.Waiter.Index} waits at {Of(hop.Hop)}"),
        StragglerRow straggler => (straggler.IsSlow ? "slow" : "epoch", straggler.Reason),
        DurabilityRow { IsDegraded: true } durability => ("degraded", $"{durability.Job} durability: degraded: {durability.Text}"),
        DurabilityRow durability => ("durability", $"{durability.Job} durability: full again: {durability.Text}"),
        JobRow job => ("job", $"{job.Job}: {Words.Of(job.State)}{(job.Verdict.Length > 0 ? $": {job.Verdict}" : "")}"),
        _ => ("", ""),
    };

    internal static byte[] Of(IReadOnlyList<MembersAnswer> pages) => Bytes(new
    {
        leader = pages[0].Leader.ToString(),
        term = pages[0].Term,
        up_s = Short(pages[0].Up.TotalSeconds),
        rows = pages.SelectMany(page => page.Members).Take(MostLinks).Select(member => new
        {
            name = member.Member.Name,
            role = Words.Of(member.Role),
            state = Words.Of(member.State),
            unreachable = member.IsUnreachable,
            rank = member.Rank.Index,
            phase = Words.Of(member.Phase),
            steps = member.StepsDone,
            heard_s = Short(member.Heard?.TotalSeconds),
            reason = Cut(member.Reason),
        }),
    });

    internal static byte[] Of(JobsAnswer answer) => Bytes(new
    {
        total = answer.Total,
        rows = answer.Jobs.Reverse().Take(50).Select(job => new
        {
            job = job.Job.ToString(),
            name = Cut(job.Name),
            state = Words.Of(job.State),
            verdict = Cut(job.Verdict),
            steps = job.StepsCommitted,
            wanted = job.TrainSteps,
            checkpoint = job.CheckpointCommitted,
            durability = job.Degraded is null ? "full" : "degraded",
            degraded_since = job.Degraded?.Since,
            degraded_s = Short(job.Degraded?.For.TotalSeconds),
            degraded_cause = job.Degraded is { } degraded ? Cut(degraded.Cause) : null,
            ranks = job.EpochRanks,
            ranks_wanted = job.Ranks,
            epoch = job.Epoch.ToString(),
            losses = job.Losses,
            restarts = job.Restarts,
            submitted_s = Short(job.Submitted?.TotalSeconds),
        }),
    });

    internal static byte[] Of(IReadOnlyList<RingAnswer> pages)
    {
        var ring = pages[0];
        return Bytes(new
        {
            epoch = ring.Epoch.ToString(),
            job = ring.Job.ToString(),
            mode = ring.Mode,
            phase = Words.Of(ring.Phase),
            steps = ring.StepsCommitted,
            ranks = pages.SelectMany(page => page.Ranks).Take(MostLinks).Select(rank => new
            {
                rank = rank.Rank.Index,
                member = rank.Member.Name,
                phase = Words.Of(rank.Phase),
                steps = rank.StepsDone,
                to = rank.SendsTo.Index,
                hops = rank.Hops.Transfers,
                bytes = rank.Hops.Bytes,
                p50_ms = Short(rank.Hops.P50.TotalMilliseconds),
                p99_ms = Short(rank.Hops.P99.TotalMilliseconds),
                overlap = Short(rank.Hops.Overlap),
                work_ms = Short(rank.Work.TotalMilliseconds),
                slow = Short(rank.Slow),
                waits = rank.Waiting is { } hop ? Of(hop) : "",
            }),
            late = ring.Late?.Culprit.Index,
            late_hops = ring.LateHops.Select(late => new
            {
                epoch = late.Epoch.ToString(),
                culprit = late.Culprit.Index,
                member = late.Member.Name,
                waiter = late.Waiter.Index,
                hop = Of(late.Hop),
                ago_s = Short(late.Ago.TotalSeconds),
            }),
            outcomes = ring.Outcomes.Select(end => new
            {
                job = end.Job.ToString(),
                epoch = end.Epoch.ToString(),
                cause = Words.Of(end.Cause),
                reason = Cut(end.Reason),
                steps = end.StepsCommitted,
                ago_s = Short(end.Ago.TotalSeconds),
            }),
        });
    }

    internal static byte[] Of(string name, IReadOnlyList<NeedleCell> cells) => Bytes(new
    {
        name = Cut(name),
        cells = cells.TakeLast(MostCells).Select(cell => new { tokens = cell.ContextLength, depth = Short(cell.DepthPercent), score = Short(cell.Score) }),
    });

    private static string Of(HopWait hop)
    {
        var place = hop.Layer < 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" layer {hop.Layer} ring step {hop.RingStep.Index}");
        return string.Create(CultureInfo.InvariantCulture, $"step {hop.Step.Index + 1}{place}{(hop.IsBackward ? " backward" : "")} from rank {hop.Peer.Index} for {hop.Waited.TotalSeconds:0.##} s");
    }

    private static byte[] Bytes<T>(T value) => JsonSerializer.SerializeToUtf8Bytes(value);

    private static string Cut(string text) => text.Length <= LongestText ? text : text[..(LongestText - 1)] + "\u2026";

    private static double? Short(double? value) =>
        value is { } number && double.IsFinite(number) ? double.Parse(number.ToString("G6", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture) : null;
}
