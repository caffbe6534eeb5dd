namespace ActorRing.Architecture.Specs;

/// <summary>No static state: two rings in one process must not know of each other.</summary>
public class StaticStateSpec
{
    [Theory]
    [InlineData("ActorRing.Actors")]
    [InlineData("ActorRing.Native")]
    [InlineData("ActorRing.Compute")]
    [InlineData("ActorRing.Hosting")]
    [InlineData("ActorRing.Embedded")]
    [InlineData("ActorRing.Akka")]
    [InlineData("ActorRing.Member")]
    [InlineData("ActorRing.GenericHost")]
    [InlineData("actorring")]
    public void Room_must_hold_no_static_field_that_can_change(string assembly)
    {
        using var room = new RoomMetadata(assembly);
        Assert.Empty(room.MutableStatics);
    }

    [Fact]
    public void Static_state_check_must_notice_a_static_field_and_a_static_property()
    {
        using var specs = new RoomMetadata("ActorRing.Architecture.Specs");
        Assert.Contains("ActorRing.Architecture.Specs.StaticStateSpec.Sinner._count", specs.MutableStatics);
        Assert.Contains(specs.MutableStatics, field => field.Contains("<Total>", StringComparison.Ordinal));
        Assert.DoesNotContain(specs.MutableStatics, field => field.Contains("Limit", StringComparison.Ordinal));
    }

    private static class Sinner
    {
        private static int _count = Limit;

        internal const int Limit = 3;

        internal static int Total { get; set; }

        internal static void Count() => Total += ++_count;
    }

    // Keeps the example above from being called unused.
    [Fact]
    public void Static_state_check_must_have_an_example_that_really_changes()
    {
        Sinner.Count();
        Assert.True(Sinner.Total > Sinner.Limit);
    }
}
