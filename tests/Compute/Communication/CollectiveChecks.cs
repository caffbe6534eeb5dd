using System.Runtime.InteropServices;
using ActorRing.Compute.Communication;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Communication;

/// <summary>Every operation against a plain reference that each rank computes for itself. Used by ranks in threads and in processes alike; throws on the first difference.</summary>
internal static class CollectiveChecks
{
    private static readonly HopLabel Label = new(3, 1, HopChannel.KeyValue);

    internal static readonly int[] Counts = [0, 1, 3, 1021, 65_543, 1_000_003];

    internal static void All(TestRank self)
    {
        foreach (var count in Counts)
        {
            SendAndReceive(self, count);
            Rotate(self, count);
            AllToAll(self, count);
            AllGather(self, count);
            Broadcast(self, count);
            AllReduce(self, count, inPlace: false);
            AllReduce(self, count, inPlace: true);
            ReduceScatter(self, count);
            HalfPrecision(self, count);
        }

        self.Communicator.Barrier(new HopLabel(HopChannel.Control)).Wait();
    }

    /// <summary>Values of very different sizes, so that another order of summation gives other bits.</summary>
    internal static float Value(int rank, long index, int salt)
    {
        var bits = unchecked((uint)((rank * 2654435761) + (index * 40503) + (salt * 97)));
        bits ^= bits >> 15;
        bits *= 2246822519;
        bits ^= bits >> 13;
        return ((bits & 0xffff) - 32768f) * MathF.Pow(2, (bits >> 16) % 24);
    }

    internal static float[] Values(int rank, int count, int salt) => [.. Enumerable.Range(0, count).Select(index => Value(rank, index, salt))];

    internal static void SendAndReceive(TestRank self, int count)
    {
        var (rank, size) = (self.Communicator.Rank, self.Communicator.Size);
        if (size < 2 || rank >= 2)
        {
            return;
        }

        if (rank == 0)
        {
            self.Communicator.Send(self.Floats(Values(0, count, 1)), 1, Label).Wait();
        }
        else
        {
            var destination = self.Floats(count);
            self.Communicator.Receive(destination, 0, Label).Wait();
            RequireBits("receive", Values(0, count, 1), destination);
        }
    }

    internal static void Rotate(TestRank self, int count)
    {
        var (rank, size) = (self.Communicator.Rank, self.Communicator.Size);
        var next = (rank + 1) % size;
        var previous = (rank + size - 1) % size;
        var own = self.Floats(Values(rank, count, 2));
        var other = self.Floats(count);
        // Two hops under way at once, the second sending what the caller chose not to wait for.
        var third = self.Floats(count);
        var first = self.Communicator.Rotate(own, next, other, previous, Label);
        var second = self.Communicator.Rotate(own, previous, third, next, Label);
        second.Wait();
        first.Wait();
        RequireBits("rotate", Values(previous, count, 2), other);
        RequireBits("rotate back", Values(next, count, 2), third);
    }

    internal static void AllToAll(TestRank self, int count)
    {
        var (rank, size) = (self.Communicator.Rank, self.Communicator.Size);
        // Rank r sends (r + 2 p) mod 5 fifths of count to rank p: uneven, and nothing to some.
        long Part(int from, int to) => count * (long)((from + (2 * to)) % 5) / 5;
        var sourceCounts = Enumerable.Range(0, size).Select(to => Part(rank, to)).ToArray();
        var destinationCounts = Enumerable.Range(0, size).Select(from => Part(from, rank)).ToArray();
        var source = self.Floats([.. Enumerable.Range(0, size).SelectMany(to => Values(rank, (int)sourceCounts[to], 10 + to))]);
        var destination = self.Floats(destinationCounts.Sum());
        self.Communicator.AllToAll(source, sourceCounts, destination, destinationCounts, Label).Wait();
        RequireBits("all-to-all", [.. Enumerable.Range(0, size).SelectMany(from => Values(from, (int)destinationCounts[from], 10 + rank))], destination);
    }

    internal static void AllGather(TestRank self, int count)
    {
        var (rank, size) = (self.Communicator.Rank, self.Communicator.Size);
        var parts = Enumerable.Range(0, size).Select(p => (long)count * p % 7).ToArray();
        var destination = self.Floats(parts.Sum());
        self.Communicator.AllGather(self.Floats(Values(rank, (int)parts[rank], 3)), destination, parts, Label).Wait();
        RequireBits("all-gather", [.. Enumerable.Range(0, size).SelectMany(p => Values(p, (int)parts[p], 3))], destination);
    }

    internal static void Broadcast(TestRank self, int count)
    {
        var (rank, size) = (self.Communicator.Rank, self.Communicator.Size);
        var root = count % size;
        var tensor = self.Floats(Values(rank, count, 4));
        self.Communicator.Broadcast(tensor, root, Label).Wait();
        RequireBits("broadcast", Values(root, count, 4), tensor);
    }

    internal static void AllReduce(TestRank self, int count, bool inPlace)
    {
        var (rank, size) = (self.Communicator.Rank, self.Communicator.Size);
        if (count == 0)
        {
            return;
        }

        var source = self.Floats(Values(rank, count, 5));
        var destination = inPlace ? source : self.Floats(count);
        self.Communicator.AllReduce(source, destination, Label).Wait();
        RequireBits("all-reduce", Sum(size, count, 5), destination);
    }

    internal static void ReduceScatter(TestRank self, int count)
    {
        var (rank, size) = (self.Communicator.Rank, self.Communicator.Size);
        if (count == 0)
        {
            return;
        }

        // Uneven, the first rank getting what is left over, some getting nothing.
        var parts = Enumerable.Range(0, size).Select(p => (long)count / size * (p % 2)).ToArray();
        parts[0] = count - parts.Sum();
        var start = (int)parts[..rank].Sum();
        var destination = self.Floats(parts[rank]);
        self.Communicator.ReduceScatter(self.Floats(Values(rank, count, 6)), destination, parts, Label).Wait();
        RequireBits("reduce-scatter", Sum(size, count, 6).AsSpan(start, (int)parts[rank]), destination);
    }

    internal static void HalfPrecision(TestRank self, int count)
    {
        var (rank, size) = (self.Communicator.Rank, self.Communicator.Size);
        if (count == 0)
        {
            return;
        }

        ushort[] Halves(int of) => [.. Values(of, count, 7).Select(value => (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16))];
        var source = Tensor.Of(self.Buffer(count * 2), 0, ElementType.BFloat16, count);
        self.Device.Write<ushort>(Halves(rank), source);
        var wide = self.Floats(count);
        var narrow = Tensor.Of(self.Buffer(count * 2), 0, ElementType.BFloat16, count);
        self.Communicator.AllReduce(source, wide, Label).Wait();
        self.Communicator.AllReduce(source, narrow, Label).Wait();

        var expected = new float[count];
        for (var p = 0; p < size; p++)
        {
            var halves = Halves(p);
            for (var i = 0; i < count; i++)
            {
                var value = BitConverter.UInt32BitsToSingle((uint)halves[i] << 16);
                expected[i] = p == 0 ? value : expected[i] + value;
            }
        }

        RequireBits("all-reduce of bfloat16 to float32", expected, wide);
        // Rounded once, at the end, as the device rounds.
        var rounded = Tensor.Of(self.Buffer(count * 2), 0, ElementType.BFloat16, count);
        self.Device.Copy(wide, rounded);
        Require("all-reduce of bfloat16", rounded.HostSpan<ushort>(), narrow.HostSpan<ushort>());
    }

    internal static float[] Sum(int size, int count, int salt)
    {
        var sum = Values(0, count, salt);
        for (var p = 1; p < size; p++)
        {
            for (var i = 0; i < count; i++)
            {
                sum[i] += Value(p, i, salt);
            }
        }

        return sum;
    }

    private static void RequireBits(string what, ReadOnlySpan<float> expected, in Tensor actual)
    {
        var bits = actual.IsNone ? [] : actual.HostSpan<uint>();
        Require(what, MemoryMarshal.Cast<float, uint>(expected), bits);
    }

    private static void Require<T>(string what, ReadOnlySpan<T> expected, ReadOnlySpan<T> actual)
        where T : unmanaged, IEquatable<T>
    {
        if (expected.Length != actual.Length)
        {
            throw new InvalidOperationException($"{what}: {actual.Length} elements, expected {expected.Length}");
        }

        var same = expected.CommonPrefixLength(actual);
        if (same != expected.Length)
        {
            throw new InvalidOperationException($"{what} of {expected.Length}: element {same} is {actual[same]}, expected {expected[same]}");
        }
    }
}
