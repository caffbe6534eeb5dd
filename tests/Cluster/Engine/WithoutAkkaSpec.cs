#if !AKKA
namespace ActorRing.Cluster.Specs.Engine;

/// <summary>Stands for the specs that this build has not.</summary>
public class WithoutAkkaSpec
{
    [Fact(Skip = "Akka.NET's packages could not be restored here: what runs on them was not compiled")]
    public void Engine_on_Akka_must_do_what_every_engine_does()
    {
    }

    [Fact]
    public void Seed_must_say_in_a_line_that_this_build_has_no_Akka()
    {
        var run = Cli.CommandRun.Of("seed", "--engine", "akka", "--state", Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()));

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("--engine is akka, which this build has not", Assert.Single(run.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public void Bench_must_say_in_a_line_that_this_build_has_no_Akka()
    {
        var run = Cli.CommandRun.Of("bench", "hostile", "--engine", "akka");

        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("--engine is akka, which this build has not", string.Join('\n', run.Errors), StringComparison.Ordinal);
    }
}
#endif
