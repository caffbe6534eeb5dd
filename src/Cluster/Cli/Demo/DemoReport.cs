using System.Globalization;
using System.Net;
using System.Text;
using ActorRing.Actors.Messages;
using ActorRing.Cluster.Cli.Cluster;
using ActorRing.Cluster.Hosting.Plots;
using ActorRing.Cluster.Member;

namespace ActorRing.Cluster.Cli.Demo;

/// <summary>One page without anything outside of it: pictures, figures, what happened when, what to type.</summary>
internal static class DemoReport
{
    private const string Style = """
        body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #1d2530; background: #fff }
        h1 { font-size: 1.7rem; margin-bottom: .2rem } h2 { font-size: 1.2rem; margin-top: 2.2rem } p.lead { color: #4a5563; margin-top: 0 }
        dl.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)); gap: .8rem; padding: 0 }
        dl.figures div { border: 1px solid #d5dbe2; border-radius: .5rem; padding: .7rem .9rem }
        dl.figures dt { color: #4a5563; font-size: .85rem }
        dl.figures dd { margin: 0; font-size: 1.35rem; font-weight: 600 }
        table { border-collapse: collapse; font-size: .92rem } th, td { border-bottom: 1px solid #d5dbe2; padding: .3rem .8rem .3rem 0; text-align: left; vertical-align: top }
        td.n, th.n { text-align: right; font-variant-numeric: tabular-nums }
        .maps { display: flex; flex-direction: column; gap: 1rem } svg { max-width: 100%; height: auto }
        pre { background: #f3f5f7; padding: .8rem 1rem; border-radius: .5rem; overflow-x: auto; font-size: .9rem }
        """;

    internal static void Write(DemoPlan plan, DemoFigures figures, DemoRun run, IReadOnlyList<DemoMap> maps) =>
        File.WriteAllText(Path.Combine(plan.Folder, "report.html"), Page(plan, figures, run, maps));

    private static string Page(DemoPlan plan, DemoFigures figures, DemoRun run, IReadOnlyList<DemoMap> maps)
    {
        var page = new StringBuilder();
        page.Append(F($"""
            <!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>ActorRing: a context extended from {figures.BaseTokens} to {figures.TrainedTokens} tokens</title>
            <style>{Style}</style>
            <h1>A context extended from {figures.BaseTokens} to {figures.TrainedTokens} tokens</h1>
            <p class="lead">{figures.Ranks} rank processes shared every sequence ({Text(figures.Mode)}); one was killed on the way.
            Data seed {figures.Seed}; {figures.Seconds:F0} s in all, {figures.TrainingSeconds:F0} s of them training.</p>
            <dl class="figures">
            {Figure("needle found before", F($"{figures.ScoreBefore:P0}"))}
            {Figure("with the rotary base alone", F($"{figures.ScoreThetaAlone:P0}"))}
            {Figure("after training", F($"{figures.ScoreAfter:P0}"))}
            {Figure("80 % and more up to", figures.LongestLength > 0 ? F($"{figures.LongestLength} tokens") : "no length tested")}
            {Figure("ranks against one process", F($"{figures.ParityError:E1}"))}
            {Figure("training again after the loss", F($"{figures.SecondsToResume:F1} s"))}
            {Figure("weights equal to an undisturbed run", figures.IsBitEqual switch { true => "every bit", false => "no", null => "not asked (--verify)" })}
            </dl>
            <p>The scores above are means over lengths from {4 * figures.BaseTokens} to {figures.TrainedTokens} tokens. A sample counts if every digit of the number is right.
            The book was never trained on, numbers are new,
            the city asked for is another one each time, and {DemoPlan.Distractors} sentences about other cities stand in the book as well.
            The training documents are of the same kind: this shows a context that was extended for a task, not plain text alone.</p>
            <h2>Needle in a haystack</h2><div class="maps">
            """));
        foreach (var map in maps)
        {
            page.Append(HeatMap.Of(map.Title, map.Cells).ToSvg());
        }

        page.Append("</div><h2>Loss</h2>").Append(Loss(run)).Append("<h2>Throughput</h2>").Append(Throughput(run, plan));
        page.Append("<h2>What happened</h2><table><tr><th class=n>s<th>").Append(string.Concat(run.Events.Select(each => F($"<tr><td class=n>{each.At:F2}<td>{Text(each.Text)}")))).Append("</table>");
        page.Append("<h2>Hops</h2>").Append(Hops(run.Ring));
        page.Append("<h2>The same by hand</h2><pre>").Append(Text(string.Join('\n', Commands(plan, figures)))).Append("</pre></html>\n");
        return page.ToString();
    }

    private static string Figure(string name, string value) => $"<div><dt>{Text(name)}</dt><dd>{Text(value)}</dd></div>";

    // The updates as they count: what was done again after the loss stands once.
    private static IReadOnlyList<DemoStep> Kept(DemoRun run) => [.. run.Steps.GroupBy(step => step.Step).OrderBy(step => step.Key).Select(step => step.Last())];

    private static double[] Repeats(DemoRun run) => run.Steps.FirstOrDefault(step => step.IsRepeated) is { } first ? [first.Step] : [];

    private static string Loss(DemoRun run)
    {
        var steps = Kept(run);
        return new LinePlot(
            "Training loss", new PlotAxis("update", ""), new PlotAxis("loss", "nats a token"),
            [new LineSeries("loss", [.. steps.Select(step => (double)step.Step)], [.. steps.Select(step => step.Loss)]) { Events = Repeats(run) }])
        {
            EventName = "rank lost",
        }.ToSvg();
    }

    private static string Throughput(DemoRun run, DemoPlan plan)
    {
        var steps = Kept(run);
        return new LinePlot(
            F($"Throughput of {plan.Ranks} ranks"), new PlotAxis("update", ""), new PlotAxis("throughput", "tokens a second") { IsFromZero = true },
            [new LineSeries("tokens/s", [.. steps.Select(step => (double)step.Step)], [.. steps.Select(step => step.Tokens / step.Seconds)]) { Events = Repeats(run) }])
        {
            EventName = "rank lost",
        }.ToSvg();
    }

    private static string Hops(RingAnswer? ring)
    {
        if (ring is null)
        {
            return "<p>The ring was never asked.</p>";
        }

        var rows = ring.Ranks.Select(rank => F(
            $"<tr><td class=n>{rank.Rank.Index}<td class=n>{rank.SendsTo.Index}<td class=n>{rank.Hops.Transfers}<td class=n>{rank.Hops.Bytes / 1e6:F1}<td class=n>{Words.Of(rank.Hops.P50)}<td class=n>{Words.Of(rank.Hops.P99)}<td class=n>{rank.Hops.Overlap:P0}"));
        return F($"<p>Epoch {ring.Epoch}, as <code>actorring ring</code> shows it.</p><table><tr><th class=n>rank<th class=n>sends to<th class=n>transfers<th class=n>MB<th class=n>p50<th class=n>p99<th class=n>hidden behind work{string.Concat(rows)}</table>");
    }

    private static IEnumerable<string> Commands(DemoPlan plan, DemoFigures figures)
    {
        var model = Path.Combine(plan.Training("train"), "model");
        yield return F($"actorring demo --seed {plan.Seed} --ranks {plan.Ranks} --mode {plan.Mode} --verify");
        yield return F($"actorring up --ranks {plan.Ranks} {Path.Combine(plan.Training("train"), "job.conf")} {string.Join(' ', plan.Overrides("again"))}");
        yield return F($"actorring eval needle --model {model} --haystack-dir {plan.Haystack} --lengths {figures.BaseTokens},{figures.TrainedTokens} --depths 0,30,60,90 --num-samples 8 --rnd-number-digits {DemoPlan.Digits} --num-distractor {DemoPlan.Distractors} --city any");
        yield return F($"actorring generate --model {model} --prompt \"In the beginning\" --ranks {plan.Ranks}");
        yield return F($"actorring plot {plan.Training("train")}");
    }

    private static string Text(string text) => WebUtility.HtmlEncode(text);

    private static string F(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
