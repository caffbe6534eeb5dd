using ActorRing.Cluster.Embedded;
using ActorRing.Cluster.Hosting.Engine;
using ActorRing.Cluster.Hosting.Processes;
using ActorRing.Cluster.Hosting.Security;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

// Processes for specs of what only processes have: deaths, signals, exit codes.
ParentWatch.StartIfChild();
switch (args)
{
    case ["parent", var helper]: // path of this very file
        var child = MemberProcess.Start("dotnet", [helper, "idle"]);
        await Console.Error.WriteLineAsync($"{child.Id}");
        break;
    case ["join", var address, var tokenFile, var name]:
        var settings = new EmbeddedSettings { Address = EngineAddress.Parse(address), Token = ClusterToken.Read(tokenFile), AppVersion = "spec" };
        var engine = new MemberEngine(settings, new MemberRef(name, MemberRef.NewIncarnation(TimeProvider.System)));
        await engine.StartAsync(new Echo(engine), CancellationToken.None);
        break;
    case ["host", .. var configuration]: // --ActorRing:Name=rank-0 and so on
        var builder = Host.CreateApplicationBuilder(configuration);
        builder.Services.AddActorRing();
        using (var host = builder.Build())
        {
            await host.RunAsync();
        }

        return Environment.ExitCode;
}

await Task.Delay(Timeout.Infinite);
return 0;

/// <summary>Sends back what it gets.</summary>
internal sealed class Echo(MemberEngine engine) : IEngineSink
{
    public void OnFrame(MemberRef from, ReadOnlyMemory<byte> frame) => engine.Tell(from, frame);

    public void OnView(MemberView view)
    {
    }

    public void OnEvicted(string why) => Environment.Exit(4);
}
