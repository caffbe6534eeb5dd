using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using ActorRing.Cluster.Cli.Ranks;
using ActorRing.Compute.Communication;
using ActorRing.Native;

namespace ActorRing.Cluster.Cli.Bench;

/// <summary>What <c>bench transport</c> prints for one way of moving bytes between two processes of this machine.</summary>
/// <param name="Transport">"shm" (the receiver copies), "shm-borrow" (the receiver is lent the bytes: nothing is moved) or "gloo"; with "-verified" behind it, under checksums.</param>
/// <param name="Carries">What of a training step goes this way on one host.</param>
/// <param name="MessageBytes">Of one message.</param>
/// <param name="GigabytesPerSecond">In one direction, median over rounds.</param>
/// <param name="CpuSecondsPerGigabyte">Both processes together, over all rounds.</param>
/// <param name="LatencyMicroseconds">Of a 64-byte message, half a round trip, median.</param>
/// <param name="TimesGloo">Gigabytes per second over those of Gloo in the same run; null where Gloo was not measured.</param>
internal sealed record TransportRow(string Transport, string Carries, long MessageBytes, double GigabytesPerSecond, double CpuSecondsPerGigabyte, double LatencyMicroseconds, double? TimesGloo);

/// <summary>What one of the two processes measured.</summary>
internal sealed record TransportSide(double LatencyMicroseconds, double[] Seconds, double CpuSeconds);

/// <summary>Two processes, one sending and one receiving: throughput, processor time and latency of each transport between them.</summary>
internal static class TransportBench
{
    private const string RankCommand = "bench-transport-rank";
    private const string Verified = "-verified";
    private const int Messages = 16;       // a round
    private const int InFlight = 2;        // as a ring does: the next hop starts before the last was waited for
    private const int PingPongs = 2000;
    private const long DeadlineMilliseconds = 60_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    internal static readonly string[] Names = ["shm", "shm-borrow", "gloo", "shm-verified", "shm-borrow-verified", "gloo-verified"];

    /// <summary>One message that two caches hold, and one that none does.</summary>
    internal static readonly long[] MessageSizes = [4 << 20, 32 << 20];

    internal static List<TransportRow> Run(RankProcesses processes, long messageBytes, int rounds)
    {
        var rows = new List<TransportRow>();
        foreach (var name in Names)
        {
            if (NativeCommunicator.IsAvailable(KindOf(name), out _))
            {
                rows.Add(RunOne(processes, name, messageBytes, rounds));
            }
        }

        var gloo = rows.Find(row => row.Transport == "gloo");
        return [.. rows.Select(row => row with { TimesGloo = gloo is null ? null : BenchJson.Round(row.GigabytesPerSecond / gloo.GigabytesPerSecond, 2) })];
    }

    internal static Command CreateRank()
    {
        var (transport, messageBytes, rounds) = (new Option<string>("--transport"), new Option<long>("--message-bytes"), new Option<int>("--rounds"));
        return RankPlace.CommandOf(RankCommand, [transport, messageBytes, rounds], (place, result) => Console.WriteLine(
            JsonSerializer.Serialize(RunRank(place, result.GetValue(transport)!, result.GetValue(messageBytes), result.GetValue(rounds)))));
    }

    private static TransportRow RunOne(RankProcesses processes, string name, long messageBytes, int rounds)
    {
        var sides = new TransportSide[2];
        processes.Run(
            2, [RankCommand, "--transport", name, "--message-bytes", $"{messageBytes}", "--rounds", $"{rounds}"], (rank, line) => sides[rank] = JsonSerializer.Deserialize<TransportSide>(line)!);
        var gigabytes = (double)rounds * Messages * messageBytes / 1e9;
        return new TransportRow(
            name, CarriesOf(name), messageBytes, BenchJson.Round(Measure.Median(sides[0].Seconds.Select(seconds => Messages * messageBytes / seconds / 1e9)), 2),
            BenchJson.Round((sides[0].CpuSeconds + sides[1].CpuSeconds) / gigabytes, 4), BenchJson.Round(sides[0].LatencyMicroseconds, 1), null);
    }

    // Rank 0 sends, rank 1 receives.
    private static TransportSide RunRank(RankPlace place, string name, long messageBytes, int rounds)
    {
        using var side = new Side(place, name, messageBytes);
        Action<int> move = place.Rank.Index == 0 ? side.Send : side.Receive;
        var latency = side.PingPong();
        move(InFlight); // warms up: pages, mappings
        var cpu = Measure.CpuSeconds();
        var seconds = new double[rounds];
        for (var round = 0; round < rounds; round++)
        {
            side.Barrier();
            var started = Stopwatch.GetTimestamp();
            move(Messages);
            seconds[round] = Stopwatch.GetElapsedTime(started).TotalSeconds;
        }

        cpu = Measure.CpuSeconds() - cpu;
        side.Barrier();
        return new TransportSide(latency, seconds, cpu);
    }

    private static string CarriesOf(string name) => name.Replace(Verified, "", StringComparison.Ordinal) switch
    {
        "shm-borrow" => "rotations, exchanges of heads, what is summed",
        "shm" => "what is gathered and broadcast",
        _ => "nothing: between hosts only",
    };

    private static TransportKind KindOf(string name) => name.StartsWith("gloo", StringComparison.Ordinal) ? TransportKind.Gloo : TransportKind.SharedMemory;

    private sealed class Side : IDisposable
    {
        private readonly ComputeDevice _device = NativeBackend.LoadCpu().Open(1);
        private readonly NativeCommunicator _communicator;
        private readonly Tensor[] _messages;
        private readonly Tensor _small;
        private readonly Tensor _answer;
        private readonly int _other;
        private readonly bool _borrows;
        private readonly long _messageBytes;

        internal Side(RankPlace place, string name, long messageBytes)
        {
            var rank = place.Rank.Index;
            _other = 1 - rank;
            _borrows = name.StartsWith("shm-borrow", StringComparison.Ordinal);
            _messageBytes = messageBytes;
            _communicator = NativeCommunicator.Listen(KindOf(name), rank, 2, epoch: 1, File.ReadAllBytes(Path.Combine(place.Folder, RankPlace.SecretFile)),
                verifies: name.EndsWith(Verified, StringComparison.Ordinal));
            var rendezvous = new FileRendezvous(Path.Combine(place.Folder, "meeting"));
            rendezvous.Publish("bench", rank, _communicator.Endpoint());
            _communicator.Connect(rendezvous.Collect("bench", 2, Patience, default), DeadlineMilliseconds);
            _messages = [.. Enumerable.Range(0, InFlight).Select(_ => Tensor.Of(_device.CreateBuffer(messageBytes), 0, ElementType.Float32, messageBytes / sizeof(float)))];
            foreach (var message in _messages)
            {
                _device.Fill(1, message); // memory that was never written has no pages to copy
            }

            _small = Tensor.Of(_device.CreateBuffer(64), 0, ElementType.Float32, 16);
            _answer = Tensor.Of(_device.CreateBuffer(64), 0, ElementType.Float32, 16);
        }

        internal void Barrier() => _communicator.Wait(_communicator.Barrier(0, DeadlineMilliseconds));

        internal void Send(int count)
        {
            Span<long> outstanding = stackalloc long[InFlight];
            for (var i = 0; i < count + InFlight; i++)
            {
                if (i >= InFlight)
                {
                    _communicator.Wait(outstanding[i % InFlight]);
                }

                if (i < count)
                {
                    outstanding[i % InFlight] = _communicator.Send(_messages[i % InFlight], _other, i, DeadlineMilliseconds);
                }
            }
        }

        internal void Receive(int count)
        {
            Span<long> outstanding = stackalloc long[InFlight];
            for (var i = 0; i < count + InFlight; i++)
            {
                if (i >= InFlight && _borrows)
                {
                    _communicator.WaitBorrowed(outstanding[i % InFlight]);
                    _communicator.Release(outstanding[i % InFlight]);
                }
                else if (i >= InFlight)
                {
                    _communicator.Wait(outstanding[i % InFlight]);
                }

                if (i < count)
                {
                    outstanding[i % InFlight] = _borrows
                        ? _communicator.Borrow(_messageBytes, _other, i, DeadlineMilliseconds)
                        : _communicator.Receive(_messages[i % InFlight], _other, i, DeadlineMilliseconds);
                }
            }
        }

        /// <summary>Microseconds of half a round trip of 64 bytes, median.</summary>
        internal double PingPong()
        {
            var times = new double[PingPongs];
            for (var i = 0; i < PingPongs; i++)
            {
                var start = Stopwatch.GetTimestamp();
                // Who sends first waits for the answer before it asks for the acknowledgement of its own message.
                var first = _other == 1 ? _communicator.Send(_small, _other, i, DeadlineMilliseconds) : 0;
                _communicator.Wait(_communicator.Receive(_answer, _other, i, DeadlineMilliseconds));
                _communicator.Wait(first != 0 ? first : _communicator.Send(_small, _other, i, DeadlineMilliseconds));
                times[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds / 2;
            }

            return Measure.Median(times);
        }

        public void Dispose()
        {
            _communicator.Dispose();
            _device.Dispose();
        }
    }
}
