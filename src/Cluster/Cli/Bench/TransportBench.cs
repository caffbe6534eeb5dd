using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using ActorRing.Compute.Communication;
using ActorRing.Native;

namespace ActorRing.Cluster.Cli.Bench;

/// <summary>What <c>bench transport</c> prints for one way of moving bytes between two processes of this machine.</summary>
/// <param name="Transport">"shm" (the receiver copies), "shm-borrow" (the receiver is lent the bytes: nothing is moved) or "gloo".</param>
/// <param name="MessageBytes">Of one message.</param>
/// <param name="GigabytesPerSecond">In one direction, median over rounds.</param>
/// <param name="CpuSecondsPerGigabyte">Both processes together, over all rounds.</param>
/// <param name="LatencyMicroseconds">Of a 64-byte message, half a round trip, median.</param>
/// <param name="TimesGloo">Gigabytes per second over those of Gloo in the same run; null where Gloo was not measured.</param>
internal sealed record TransportRow(string Transport, long MessageBytes, double GigabytesPerSecond, double CpuSecondsPerGigabyte, double LatencyMicroseconds, double? TimesGloo);

/// <summary>Two processes, one sending and one receiving: throughput, processor time and latency of each transport between them.</summary>
internal static class TransportBench
{
    private const int Messages = 16;       // a round
    private const int InFlight = 2;        // as a ring does: the next hop starts before the last was waited for
    private const int PingPongs = 2000;
    private const long DeadlineMilliseconds = 60_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    internal static readonly string[] Names = ["shm", "shm-borrow", "gloo"];

    /// <summary>One message that two caches hold, and one that none does.</summary>
    internal static readonly long[] MessageSizes = [4 << 20, 32 << 20];

    internal static List<TransportRow> Run(long messageBytes, int rounds)
    {
        var rows = new List<TransportRow>();
        foreach (var name in Names)
        {
            if (NativeCommunicator.IsAvailable(KindOf(name), out _))
            {
                rows.Add(RunOne(name, messageBytes, rounds));
            }
        }

        var gloo = rows.Find(row => row.Transport == "gloo");
        return [.. rows.Select(row => row with { TimesGloo = gloo is null ? null : BenchJson.Round(row.GigabytesPerSecond / gloo.GigabytesPerSecond, 2) })];
    }

    /// <summary>The receiving process: what the hidden verb runs.</summary>
    internal static void RunPeer(string folder, string name, long messageBytes, int rounds)
    {
        var secret = Convert.FromHexString(Console.In.ReadLine() ?? throw new InvalidDataException("no secret on standard input"));
        using var side = new Side(folder, name, 1, messageBytes, secret);
        side.PingPong();
        side.Receive(InFlight); // warms up: pages, mappings
        var cpu = Measure.CpuSeconds();
        for (var round = 0; round < rounds; round++)
        {
            side.Barrier();
            side.Receive(Messages);
        }

        Console.WriteLine((Measure.CpuSeconds() - cpu).ToString("R", CultureInfo.InvariantCulture));
        side.Barrier();
    }

    private static TransportRow RunOne(string name, long messageBytes, int rounds)
    {
        var folder = Directory.CreateTempSubdirectory("actorring-bench-");
        try
        {
            using var peer = StartPeer(folder.FullName, name, messageBytes, rounds);
            var secret = RandomNumberGenerator.GetBytes(32);
            peer.StandardInput.WriteLine(Convert.ToHexString(secret)); // not among the arguments, which everybody may read
            using var side = new Side(folder.FullName, name, 0, messageBytes, secret);
            var latency = side.PingPong();
            side.Send(InFlight);
            var cpu = Measure.CpuSeconds();
            var rates = new double[rounds];
            for (var round = 0; round < rounds; round++)
            {
                side.Barrier();
                var clock = Stopwatch.StartNew();
                side.Send(Messages);
                rates[round] = Messages * messageBytes / clock.Elapsed.TotalSeconds / 1e9;
            }

            var cpuSeconds = Measure.CpuSeconds() - cpu;
            var peerSeconds = double.Parse(peer.StandardOutput.ReadLine() ?? throw new InvalidDataException("the peer process ended early"), CultureInfo.InvariantCulture);
            side.Barrier();
            peer.WaitForExit();
            var gigabytes = (double)rounds * Messages * messageBytes / 1e9;
            return new TransportRow(
                name, messageBytes, BenchJson.Round(Measure.Median(rates), 2), BenchJson.Round((cpuSeconds + peerSeconds) / gigabytes, 4), BenchJson.Round(latency, 1), null);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static Process StartPeer(string folder, string name, long messageBytes, int rounds)
    {
        string[] arguments =
        [
            "bench", "transport", "--peer", folder, "--transport", name, "--message-bytes", messageBytes.ToString(CultureInfo.InvariantCulture),
            "--rounds", rounds.ToString(CultureInfo.InvariantCulture),
        ];
        var host = Environment.ProcessPath!;
        var isHost = Path.GetFileNameWithoutExtension(host) == "dotnet";
        var start = new ProcessStartInfo(host, isHost ? [Path.Combine(AppContext.BaseDirectory, "actorring.dll"), .. arguments] : arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        return Process.Start(start)!;
    }

    private static TransportKind KindOf(string name) => name == "gloo" ? TransportKind.Gloo : TransportKind.SharedMemory;

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

        internal Side(string folder, string name, int rank, long messageBytes, byte[] secret)
        {
            _other = 1 - rank;
            _borrows = name == "shm-borrow";
            _messageBytes = messageBytes;
            _communicator = NativeCommunicator.Listen(KindOf(name), rank, 2, epoch: 1, secret);
            var rendezvous = new FileRendezvous(folder);
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
