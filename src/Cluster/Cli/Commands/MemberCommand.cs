using System.CommandLine;
using ActorRing.Actors.Rank;
using ActorRing.Cluster.Cli.Cluster;
using ActorRing.Cluster.Cli.Ranks;
using ActorRing.Cluster.Hosting.Engine;
using ActorRing.Cluster.Hosting.Jobs;
using ActorRing.Cluster.Hosting.Machines;
using ActorRing.Cluster.Hosting.Ranks;

namespace ActorRing.Cluster.Cli.Commands;

/// <summary><c>actorring member</c>: a process that holds a rank when a job needs one.</summary>
internal static class MemberCommand
{
    internal static Command Create()
    {
        var name = new Option<string?>("--name") { Description = "Of this member in the cluster, 1 to 64 of A-Z a-z 0-9 . _ -. Default: member- and the process id." };
        var incarnation = new Option<long?>("--incarnation") { Hidden = true };
        var address = new Option<string?>("--tensor-address")
        {
            Description = "Address of this machine at which it takes tensors from other ranks in jobs with parallelism.transport = gloo. They are not encrypted: for private networks. Default: 127.0.0.1.",
        };
        var reserve = new Option<bool>("--reserve")
        {
            Description = "Holds a rank only while there are too few other members: a second member on a machine, for when another machine is lost. Jobs keep their ranks then, and with them every bit.",
        };
        var command = new Command("member", "Joins a cluster and holds a rank when a job needs one. Example: actorring member --name rank-0") { name, reserve, incarnation, address, ClusterPlace.Options };
        command.SetAction(async (result, stop) =>
        {
            var member = result.GetValue(name) ?? $"member-{Environment.ProcessId}";
            if (!MemberRef.IsValidName(member) || member == Roles.Seed || member.StartsWith(Roles.ConsolePrefix, StringComparison.Ordinal))
            {
                throw new UsageException($"--name is '{member}', allowed are 1 to 64 of A-Z a-z 0-9 . _ -, not '{Roles.Seed}' and not beginning with '{Roles.ConsolePrefix}'");
            }

            var tensors = result.GetValue(address) is { } text ? TcpAddress.ReadOwn(address.Name, text) : null;
            var self = new MemberRef(member, result.GetValue(incarnation) ?? MemberRef.NewIncarnation(TimeProvider.System));
            var engine = ClusterPlace.Of(result).NewMember(member, self, ClusterLog.Write);
            WarmUp.Run();
            var work = new JobWork(tensors);
            var options = new RankOptions { Fingerprint = ClusterPlace.Fingerprint, IsReserve = result.GetValue(reserve) };
            await using var host = new RankHost(engine, options, new JobPlanner(), work, TimeProvider.System, ClusterLog.Write);
            using var signals = new DrainSignals(host.Drain);
            await host.StartAsync(stop);
            ClusterLog.Write($"joined as {self}");
            var end = await host.Ended;
            ControlStatistics.PrintIfAsked(host.Figures, work);
            return end.IsClean ? 0 : 1;
        });
        return command;
    }
}
