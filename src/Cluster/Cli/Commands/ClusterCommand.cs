using System.CommandLine;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Submitter;
using ActorRing.Cluster.Cli.Bench;
using ActorRing.Cluster.Cli.Cluster;
using ActorRing.Cluster.Member;
using ActorRing.Cluster.Member.Place;

namespace ActorRing.Cluster.Cli.Commands;

/// <summary><c>actorring cluster</c>: who is there, and who shall leave.</summary>
internal static class ClusterCommand
{
    internal static Command Create() => new("cluster", "Shows members, asks one to leave. Example: actorring cluster show") { Show(), Leave() };

    private static Command Show()
    {
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new Command("show", "Lists the seed and all members, sorted by name.") { ClusterOptions.OfMember, json };
        command.SetAction(async result =>
        {
            var place = ClusterOptions.PlaceOf(result);
            await using var link = await ConsoleLink.ConnectAsync(place, default);
            var pages = await link.AskAsync<MembersAnswer>(new ObserverMachine(new QueryMembers(ConsoleLink.NewKey(), 0), ConsoleLink.RetryEvery, ConsoleLink.Patience), default);
            var members = pages.SelectMany(page => page.Members).ToList();
            Console.WriteLine(result.GetValue(json) ? BenchJson.Of(members.Select(member => Row(member, pages[0]))) : string.Join('\n', Lines(place, members, pages[0])));
        });
        return command;
    }

    private static Command Leave()
    {
        var name = new Argument<string>("name") { Description = "Of the member, as cluster show prints it." };
        var command = new Command("leave", "Asks a member to leave in good order: after a TrainingCheckpoint, if it holds a rank.") { name, ClusterOptions.OfMember };
        command.SetAction(async result =>
        {
            await using var link = await ConsoleLink.ConnectAsync(ClusterOptions.PlaceOf(result), default);
            var drain = new DrainMember(ConsoleLink.NewKey(), result.GetValue(name)!);
            var answer = (ControlAnswer)await link.RunAsync(new SubmitterMachine(drain, ConsoleLink.RetryEvery, ConsoleLink.Patience), default);
            if (answer.Outcome != RequestOutcome.Accepted)
            {
                throw new UsageException($"{drain.Name}: {answer.Text}");
            }

            Console.WriteLine(answer.Text.Length > 0 ? answer.Text : $"{drain.Name} leaves");
        });
        return command;
    }

    // As petabridge.cmd prints members: address | roles | state | leader | version.
    private static IEnumerable<string> Lines(ClusterPlace place, List<MemberStatus> members, MembersAnswer first)
    {
        foreach (var member in members)
        {
            var state = Words.Of(member.State) + (member.IsUnreachable ? " (unreachable)" : "");
            var holds = member.Rank.Index >= 0 ? $" | {member.Job} rank {member.Rank.Index} {Words.Of(member.Phase)} step {member.StepsDone}" : "";
            var why = member.Reason.Length > 0 ? $" | {member.Reason}" : "";
            yield return $"ring://{member.Member.Name}@{place.Where} | [{Words.Of(member.Role)}] | {state} | {(member.Member == first.Leader ? "leader" : "")} | {member.Fingerprint}{holds}{why}";
        }

        yield return $"Count: {members.Count} nodes";
    }

    private static object Row(MemberStatus member, MembersAnswer first) => new
    {
        name = member.Member.Name,
        incarnation = member.Member.Incarnation,
        role = Words.Of(member.Role),
        state = Words.Of(member.State),
        unreachable = member.IsUnreachable,
        leader = member.Member == first.Leader,
        rank = member.Rank.Index < 0 ? (int?)null : member.Rank.Index,
        job = member.Rank.Index < 0 ? null : member.Job.ToString(),
        phase = Words.Of(member.Phase),
        steps_done = member.StepsDone,
        fingerprint = member.Fingerprint,
        heard_ms = member.Heard?.TotalMilliseconds,
        reason = member.Reason,
    };
}
