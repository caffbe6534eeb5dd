using ActorRing.Actors;

namespace ActorRing.Simulation;

/// <summary>A failure is worth most with nothing in it that does not matter.</summary>
public class ShrinkerSpec
{
    [Theory]
    [InlineData(Mutation.BreakPromise)]
    [InlineData(Mutation.KeepZombies)]
    [InlineData(Mutation.ReplaceWithoutFence)]
    [InlineData(Mutation.IgnoreLaterTerm)]
    public void Schedule_must_break_the_same_rule_with_less_trouble_when_it_is_shrunk(Mutation mutation)
    {
        var (rngSeed, rule) = FirstFailure(mutation);
        var shrunk = Shrinker.Shrink(rngSeed, mutation)!;

        Assert.Equal(rule.Split(' ')[0], shrunk.Rule.Split(' ')[0]);
        Assert.Equal(shrunk.Rule, new World(rngSeed, mutation, skip: shrunk.Skip).Run());
        Assert.InRange(shrunk.Skip.Count, 1, shrunk.Troubles - 1);

        // Whatever is left matters: without any one of it the rule holds, or another one breaks.
        foreach (var trouble in Enumerable.Range(0, shrunk.Troubles).Except(shrunk.Skip))
        {
            Assert.NotEqual(shrunk.Rule.Split(' ')[0], new World(rngSeed, mutation, skip: [.. shrunk.Skip, trouble]).Run()?.Split(' ')[0]);
        }
    }

    // One after the other, and with some trouble in it: always the same one.
    private static (ulong RngSeed, string Rule) FirstFailure(Mutation mutation)
    {
        for (var rngSeed = 1UL; rngSeed <= 20_000; rngSeed++)
        {
            var world = new World(rngSeed, mutation);
            if (world.Run() is { } rule && world.Troubles >= 4)
            {
                return (rngSeed, rule);
            }
        }

        throw new InvalidOperationException($"{mutation} lived through 20,000 schedules");
    }

    [Fact]
    public void Shrinking_must_say_nothing_when_no_rule_is_broken() => Assert.Null(Shrinker.Shrink(1, Mutation.None));
}
