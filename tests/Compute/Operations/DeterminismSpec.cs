using ActorRing.Native;

namespace ActorRing.Compute.Specs.Operations;

public class DeterminismSpec
{
    public static TheoryData<string, ElementType> Devices => OperationRows.Devices();

    [Theory]
    [MemberData(nameof(Devices))]
    public void Operations_must_give_the_same_bits_when_run_twice(string device, ElementType type)
    {
        using var bench = new Workbench(device);
        using var another = new Workbench(device);
        var first = EveryOperation.Run(bench, type);
        Assert.Equal(first, EveryOperation.Run(bench, type));
        Assert.Equal(first, EveryOperation.Run(another, type));
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void Operations_must_give_the_same_bits_when_another_device_is_busy(string device, ElementType type) => RequireUndisturbed(device, device, type);

    [Theory]
    [MemberData(nameof(Devices))]
    public void Operations_must_give_the_same_bits_when_a_device_with_other_kernels_or_threads_is_busy(string device, ElementType type)
    {
        var names = TestDevices.Names;
        var other = names[(names.ToList().IndexOf(device) + 1) % names.Count];
        RequireUndisturbed(device, other, type);
    }

    [Fact]
    public void Comparison_must_notice_when_one_bit_differs()
    {
        using var bench = new Workbench(TestDevices.Any);
        var before = EveryOperation.Run(bench, ElementType.Float32);
        var after = EveryOperation.Run(bench, ElementType.Float32);
        after[3] = (after[3].Name, after[3].Bits + "1");
        Assert.NotEqual(before, after);
    }

    private static void RequireUndisturbed(string device, string other, ElementType type)
    {
        string[] sides = [device, other];
        var expected = sides.Select(side =>
        {
            using var alone = new Workbench(side);
            return EveryOperation.Run(alone, type);
        }).ToArray();

        using var together = new Barrier(2);
        var results = new List<(string Name, string Bits)>[2];
        var threads = Enumerable.Range(0, 2).Select(side => new Thread(() =>
        {
            using var bench = new Workbench(sides[side]);
            together.SignalAndWait();
            results[side] = EveryOperation.Run(bench, type);
        })).ToArray();
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());

        Assert.Equal(expected[0], results[0]);
        Assert.Equal(expected[1], results[1]);
    }
}
