using System.Diagnostics;
using System.Globalization;
using ActorRing.Compute.Communication;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Communication;

/// <summary>What a rank process of the specs does; one line of text per event on standard output, the first word naming it, the second a monotonic time in milliseconds.</summary>
internal static class RankProgram
{
    private const int RotatedFloats = 1 << 20;

    internal static int Main(string[] arguments)
    {
        if (arguments.Length != 7)
        {
            Console.Error.WriteLine("This program holds specs: run it with dotnet test. As a rank: SCENARIO FOLDER TRANSPORT RANK SIZE DEADLINE_MS COUNT");
            return 2;
        }

        int Number(int index) => int.Parse(arguments[index], CultureInfo.InvariantCulture);
        var job = new Job(
            new FileRendezvous(arguments[1]), RankGroup.Options(Enum.Parse<TransportKind>(arguments[2]), TimeSpan.FromMilliseconds(Number(5))), Number(3), Number(4), Number(6));
        switch (arguments[0])
        {
            case "collectives":
                Collectives(job);
                break;
            case "rotate":
                RotateUntilFailure(job);
                break;
            case "rebuild":
                Rebuild(job);
                break;
            default:
                return 2;
        }

        return 0;
    }

    /// <summary>The clock that all processes of one machine share.</summary>
    internal static double NowMilliseconds() => Stopwatch.GetTimestamp() * 1000.0 / Stopwatch.Frequency;

    private static void Collectives(Job job)
    {
        using var self = RankGroup.Open(job.Options, job.Rank, job.Size, job.Rendezvous);
        CollectiveChecks.All(self);
        Say("done");
    }

    // Rotates until a peer fails, says why, and goes on with the survivors (all but rank `count`) in the same process.
    private static void RotateUntilFailure(Job job)
    {
        using (var self = RankGroup.Open(job.Options, job.Rank, job.Size, job.Rendezvous))
        {
            var source = self.Floats(RotatedFloats);
            var destination = self.Floats(RotatedFloats);
            try
            {
                for (var step = 0; ; step++)
                {
                    var label = new HopLabel(step / job.Size, step % job.Size, HopChannel.KeyValue);
                    self.Communicator.Rotate(source, (job.Rank + 1) % job.Size, destination, (job.Rank + job.Size - 1) % job.Size, label).Wait();
                    if (step == 2 * job.Size)
                    {
                        Say("rotating");
                    }
                }
            }
            catch (CommunicationException error)
            {
                Say("failed", error.Reason, error.Peer, error.Operation, error.Label.Channel);
            }
        }

        var survivor = job.Rank < job.Count ? job.Rank : job.Rank - 1;
        using var again = RankGroup.Open(job.Options with { Deadline = RankGroup.Patience }, survivor, job.Size - 1, job.Rendezvous, epoch: 2);
        CollectiveChecks.AllReduce(again, 1021, inPlace: true);
        Say("rebuilt");
    }

    // All ranks of the group live in this process; each cycle is an epoch. Every third ends in an abort, every third in a timeout.
    private static void Rebuild(Job job)
    {
        var rendezvous = new InMemoryRendezvous();
        var devices = Enumerable.Range(0, job.Size).Select(_ => NativeBackend.LoadCpu().Open(1)).ToArray();
        var tensors = devices.Select(device => (Tensor.Of(device.CreateBuffer(65536), 0, ElementType.Float32, 16384), Tensor.Of(device.CreateBuffer(65536), 0, ElementType.Float32, 16384))).ToArray();
        Say("starting"); // the console opens descriptors of its own
        var before = "";
        var clock = Stopwatch.StartNew();
        const int Warmup = 10;
        for (var epoch = 1; epoch <= job.Count + Warmup; epoch++)
        {
            if (epoch == Warmup + 1)
            {
                before = Resources();
                clock.Restart();
            }

            var cycle = epoch;
            RankGroup.RunThreads(job.Size, rank => Cycle(job, rendezvous, rank, cycle, devices[rank], tensors[rank]));
        }

        Say("cycles", (clock.Elapsed.TotalMilliseconds / job.Count).ToString("F2", CultureInfo.InvariantCulture));
        Say("before", before);
        Say("after", Resources());
    }

    private static void Cycle(Job job, InMemoryRendezvous rendezvous, int rank, int epoch, ComputeDevice device, (Tensor Source, Tensor Destination) tensors)
    {
        var label = new HopLabel(HopChannel.KeyValue);
        var options = job.Options with { Deadline = epoch % 3 == 2 ? TimeSpan.FromMilliseconds(5) : RankGroup.Patience };
        using var communicator = Communicator.Connect(options, rank, job.Size, epoch, rendezvous);
        if (epoch % 3 == 0)
        {
            communicator.Rotate(tensors.Source, (rank + 1) % job.Size, tensors.Destination, (rank + job.Size - 1) % job.Size, label).Wait();
            communicator.AllReduce(tensors.Source, tensors.Destination, label).Wait();
            var (loans, sends) = Lend(communicator, device, tensors.Source);
            loans.ForEach(loan => loan.Release());
            sends.ForEach(send => send.Wait());
            communicator.Barrier(label).Wait();
            return;
        }

        try
        {
            // What is lent and lent on when the epoch ends is never given back.
            Lend(communicator, device, tensors.Source);
            // Rank 0 never sends: the others wait until it aborts, or until the deadline.
            if (rank == 0 && epoch % 3 == 1)
            {
                communicator.Abort("the spec says so");
            }
            else if (rank != 0)
            {
                communicator.Receive(tensors.Destination, 0, label).Wait();
            }
            else
            {
                communicator.Receive(tensors.Destination, 1, label).Wait();
            }
        }
        catch (CommunicationException)
        {
            return;
        }

        if (rank != 0)
        {
            throw new InvalidOperationException("a receive that nobody sent to has succeeded");
        }
    }

    // Around the ring, each rank's bytes to all others.
    private static (List<Loan> Loans, List<Pending> Sends) Lend(Communicator communicator, ComputeDevice device, Tensor source)
    {
        var (right, left) = ((communicator.Rank + 1) % communicator.Size, (communicator.Rank + communicator.Size - 1) % communicator.Size);
        var (label, byteCount) = (new HopLabel(HopChannel.KeyValue), source.Count * sizeof(float));
        var loans = new List<Loan>();
        var sends = new List<Pending> { communicator.Send(source, right, label) };
        for (var hop = 1; hop < communicator.Size; hop++)
        {
            loans.Add(communicator.Borrow(byteCount, left, label));
            using var passing = device.Wrap(loans[^1].Wait(), byteCount);
            if (hop + 1 < communicator.Size)
            {
                sends.Add(communicator.Send(Tensor.Of(passing, 0, source.Type, source.Count), right, label));
            }
        }

        return (loans, sends);
    }

    /// <summary>Open descriptors and threads of this process, and its mappings of shared memory.</summary>
    private static string Resources()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        // A thread that was joined stays listed for as long as the kernel takes to bury it.
        SpinWait.SpinUntil(() => CommunicatorThreads() == 0, TimeSpan.FromSeconds(10));
        var threads = CommunicatorThreads();
        var mappings = File.ReadLines("/proc/self/maps").Count(line => line.Contains("memfd:actorring", StringComparison.Ordinal));
        return $"descriptors={Directory.GetFiles("/proc/self/fd").Length} threads={threads} mappings={mappings}";
    }

    private static int CommunicatorThreads() => Directory.GetDirectories("/proc/self/task").Count(task =>
    {
        try
        {
            return File.ReadAllText(Path.Combine(task, "comm")).StartsWith("ar-comm", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false; // it ended between the listing and the look
        }
    });

    private static void Say(string what, params object[] details) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what} {NowMilliseconds():F3} {string.Join(' ', details)}"));

    private sealed record Job(FileRendezvous Rendezvous, CommunicatorOptions Options, int Rank, int Size, int Count);
}
