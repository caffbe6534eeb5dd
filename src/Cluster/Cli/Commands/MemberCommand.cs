using System.CommandLine;
using ActorRing.Cluster.Cli.Bench;
using ActorRing.Cluster.Cli.Cluster;
using ActorRing.Cluster.Cli.Ranks;
using ActorRing.Cluster.Hosting.Ranks;
using ActorRing.Cluster.Member;
using ActorRing.Cluster.Member.Place;
using ActorRing.Cluster.Member.Work;

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
        var hollow = new Option<bool>("--hollow") { Hidden = true, Description = "Takes part in everything and computes nothing; for bench join." };
        var command = new Command("member", "Joins a cluster and holds a rank when a job needs one. Example: actorring member --name rank-0") { name, reserve, incarnation, address, hollow, ClusterOptions.OfMember };
        command.SetAction(async (result, stop) =>
        {
            var settings = new MemberSettings(result.GetValue(name) ?? MemberSettings.UsualName)
            {
                Incarnation = result.GetValue(incarnation),
                TensorAddress = result.GetValue(address),
                IsReserve = result.GetValue(reserve),
            };
            var work = result.GetValue(hollow) ? null : new JobWork(ClusterLog.Write, settings.TensorAddress);
            await using var member = new MemberHost(ClusterOptions.PlaceOf(result), settings, work ?? (IRankWork)new HollowWork(), ClusterLog.Write);
            using var signals = new DrainSignals(member.Drain);
            await member.StartAsync(stop);
            var end = await member.Ended;
            ControlStatistics.PrintIfAsked(member.Figures, work);
            return end.IsClean ? 0 : 1;
        });
        return command;
    }
}
