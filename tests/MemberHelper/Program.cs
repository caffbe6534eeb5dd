using ActorRing.Cluster.Hosting.Processes;

// Processes for specs of what only processes have: deaths. The last argument of `parent` is this very file.
ParentWatch.StartIfChild();
if (args is ["parent", var helper])
{
    var child = MemberProcess.Start("dotnet", [helper, "member"]);
    await Console.Error.WriteLineAsync($"{child.Id}");
}

await Task.Delay(Timeout.Infinite);
return 0;
