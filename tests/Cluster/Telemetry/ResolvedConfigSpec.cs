using System.Text.Json;
using ActorRing.Cluster.Hosting.Telemetry;
using ActorRing.Cluster.Specs.Hocon;
using ActorRing.Cluster.Specs.Settings;

namespace ActorRing.Cluster.Specs.Telemetry;

public sealed class ResolvedJobSpec : IDisposable
{
    private readonly TempFolder _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void ResolvedJob_must_hold_reference_job_arguments_and_substitutions_as_they_were_written()
    {
        var reference = _temporary.Write("reference.conf", "a { count = 5, rate = 1e-5, on = true, size = 64MiB, quoted = \"7\", none = null, list = [1, two] }\n");
        var job = _temporary.Write("job.conf", "a.count = 6\nb = ${NAME}\"-x\"\n");
        Assert.Equal("""
            {
              "a": {
                "count": 6,
                "rate": 1e-5,
                "on": false,
                "size": "64MiB",
                "quoted": "7",
                "none": null,
                "list": [
                  1,
                  "two"
                ]
              },
              "b": "ä-x"
            }

            """, ResolvedConfig.Json(job, reference, ["--a.on", "false"], name => name == "NAME" ? "ä" : null));
    }

    [Fact]
    public void ResolvedJob_must_hold_every_key_of_the_reference()
    {
        var text = ResolvedConfig.Json(RepositoryFiles.Path("hocon/jobs/tiny.conf"), RepositoryFiles.Path("hocon/reference.conf"), [], _ => null);
        using var json = JsonDocument.Parse(text);
        Assert.Contains("training", json.RootElement.EnumerateObject().Select(field => field.Name));
    }
}
