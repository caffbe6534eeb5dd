using System.CommandLine;
using ActorRing.Cluster.Cli.Bench;
using ActorRing.Cluster.Cli.Ranks;
using ActorRing.Cluster.Member;
using ActorRing.Compute.Model;
using ActorRing.Compute.Recompute;
using ActorRing.Compute.Verification;
using ActorRing.Native;

namespace ActorRing.Cluster.Cli.Commands;

/// <summary><c>actorring bench attention|linear|step|ring|transport|door</c>; those of whole clusters are in <see cref="ClusterBenchCommand"/>.</summary>
internal static class BenchCommand
{
    internal static readonly Option<bool> Json = new("--json") { Description = "Print JSON only." };
    private static readonly Option<int> Threads = NumberOption.Threads(1, 1);
    private static readonly Option<int> Rounds = NumberOption.Of("--rounds", "Counted rounds; medians are printed.", 5, 1, 1000);
    private static readonly Option<string> Device = new("--device") { Description = "cpu or torch.", DefaultValueFactory = _ => "cpu" };
    private static readonly Option<string> DType = new("--dtype") { Description = "float32, bfloat16 or both.", DefaultValueFactory = _ => "both" };

    internal static Command Create() => new("bench", "Measures kernels and whole steps against the peak that the same run measures, and what whole clusters do.")
    {
        Attention(), Linear(), Step(), Ring(), ThroughputCommand.Create(), Transport(), Door(),
        ClusterBenchCommand.Control(), ClusterBenchCommand.Recovery(), ClusterBenchCommand.Durability(), ClusterBenchCommand.Epochs(),
        SaveFaultsCommand.Create(), ClusterBenchCommand.Hostile(), ClusterBenchCommand.Overload(), ClusterBenchCommand.Straggler(), ClusterBenchCommand.Guards(),
        ClusterBenchCommand.Member(), ClusterBenchCommand.Join(), ClusterBenchCommand.Goodput(), PartitionsCommand.Create(),
    };

    private static Command Attention()
    {
        var tokens = NumberOption.Of<long>("--tokens", "Length; 0 runs 8192 on one thread and 32768 on one and on two.", 0, 0, 1 << 27);
        var headSize = NumberOption.Of("--head-size", "Head dim.", 128, 32, 256);
        var heads = NumberOption.Of("--heads", "Query heads.", 2, 1, 1024);
        var kvHeads = NumberOption.Of("--kv-heads", "KV heads.", 2, 1, 1024);
        var command = new Command("attention", "Block attention, causal. Example: actorring bench attention --tokens 8192 --json") { tokens, headSize, heads, kvHeads, Threads, Rounds, Device, DType, Json };
        command.SetAction(result =>
        {
            var backend = Load(result.GetValue(Device)!);
            var asked = result.GetValue(tokens);
            (long Tokens, int Threads, int Rounds)[] runs = asked > 0
                ? [(asked, result.GetValue(Threads), result.GetValue(Rounds))]
                : [(8192, 1, result.GetValue(Rounds)), (32768, 1, 1), (32768, 2, 1)];
            var rows = new List<AttentionRow>();
            foreach (var run in runs)
            {
                foreach (var type in Types(result.GetValue(DType)!))
                {
                    rows.AddRange(AttentionBench.Run(
                        backend, InstructionSet.Auto, run.Threads, run.Tokens, result.GetValue(headSize), result.GetValue(heads), result.GetValue(kvHeads), type, run.Rounds));
                }
            }

            Print(rows, result.GetValue(Json), row => $"{row.Op,-20} {row.Dtype,-9} {row.Threads} threads {row.Tokens,7} tokens  {row.Gflops,8:F1} of {row.PeakGflops,8:F1} GFLOP/s  {row.Fraction,6:P1} ({row.CpuFraction:P1} by processor time)");
        });
        return command;
    }

    private static Command Linear()
    {
        var rows = NumberOption.Of<long>("--rows", "Tokens.", 2048, 1, 1 << 24);
        var inputs = NumberOption.Of<long>("--inputs", "Columns of x.", 2048, 1, 1 << 20);
        var outputs = NumberOption.Of<long>("--outputs", "Columns of y.", 2048, 1, 1 << 20);
        var command = new Command("linear", "The products of a linear layer. Example: actorring bench linear --json") { rows, inputs, outputs, Threads, Rounds, Device, DType, Json };
        command.SetAction(result =>
        {
            var backend = Load(result.GetValue(Device)!);
            var table = Types(result.GetValue(DType)!).SelectMany(type => LinearBench.Run(
                backend, InstructionSet.Auto, result.GetValue(Threads), result.GetValue(rows), result.GetValue(inputs), result.GetValue(outputs), type, result.GetValue(Rounds))).ToList();
            Print(table, result.GetValue(Json), row => $"{row.Op,-22} {row.Dtype,-9} {row.Threads} threads {row.Rows}x{row.Inputs}x{row.Outputs}  {row.Gflops,8:F1} of {row.PeakGflops,8:F1} GFLOP/s  {row.Fraction,6:P1} ({row.CpuFraction:P1} by processor time)");
        });
        return command;
    }

    private static Command Step()
    {
        var tokens = NumberOption.Of("--tokens", "Sequence length.", 8192, 1, 1 << 27);
        var shape = new ShapeOptions(layers: 12, width: 512, heads: 8, kvHeads: 4, mlpWidth: 1408, vocabulary: 32000);
        var recompute = new Option<string>("--recompute") { Description = "none, full or selective++.", DefaultValueFactory = _ => "selective++" };
        var dtype = new Option<string>("--dtype") { Description = "float32 or bfloat16.", DefaultValueFactory = _ => "float32" };
        var rounds = NumberOption.Of("--rounds", "Counted steps after one to warm up.", 3, 1, 1000);
        var ranks = NumberOption.Of("--ranks", "Rank processes of one thread that share the step; above 1 it is compared with one process of one thread.", 1, 1, 64);
        var mode = new Option<string>("--mode") { Description = "With --ranks: how they share it.", DefaultValueFactory = _ => "zigzag" };
        var command = new Command("step", "Whole training steps. Examples: actorring bench step --tokens 8192 --threads 1 --json; actorring bench step --ranks 2")
        {
            tokens, recompute, dtype, rounds, ranks, mode, Threads, Device, Json,
        };
        shape.AddTo(command);
        command.SetAction(result =>
        {
            if (Types(result.GetValue(dtype)!) is not [var type])
            {
                throw new UsageException("--dtype is 'both', allowed are float32 and bfloat16: a step has one");
            }

            var dims = shape.Of(result);
            var problem = new TrainingProblem(dims, type, RecomputePolicy.Named(result.GetValue(recompute)!), Rows: 1, result.GetValue(tokens));
            if (result.GetValue(ranks) == 1)
            {
                Console.WriteLine(BenchJson.Of(StepBench.Run(Load(result.GetValue(Device)!), InstructionSet.Auto, result.GetValue(Threads), problem, result.GetValue(rounds))));
                return;
            }

            if (result.GetValue(Threads) > 1 || result.GetValue(Device) != "cpu" || SharedModes.Parse(result.GetValue(mode)!) is not [var spelling])
            {
                throw new UsageException("--ranks above 1 takes one --mode, --threads 1 and --device cpu");
            }

            using var processes = new RankProcesses();
            RankStepBench.Plan(spelling, result.GetValue(ranks), problem);
            Console.WriteLine(BenchJson.Of(RankStepBench.Run(processes, spelling, result.GetValue(ranks), problem, result.GetValue(rounds))));
        });
        return command;
    }

    private static Command Ring()
    {
        var ranks = new Option<int>("--ranks") { Description = "Rank processes, one thread each.", DefaultValueFactory = _ => 4 };
        var tokens = new Option<long>("--tokens") { Description = "Length of the sequence.", DefaultValueFactory = _ => 32768 };
        var heads = new Option<int>("--heads") { Description = "Query heads of size 128.", DefaultValueFactory = _ => 4 };
        var kvHeads = new Option<int>("--kv-heads") { Description = "KV heads.", DefaultValueFactory = _ => 4 };
        var modes = new Option<string>("--modes") { Description = "Modes, by commas.", DefaultValueFactory = _ => "zigzag" };
        var rounds = new Option<int>("--rounds") { Description = "Counted rounds; medians are printed.", DefaultValueFactory = _ => 3 };
        var command = new Command("ring", "Attention of several rank processes against one process. Example: actorring bench ring --ranks 4 --modes zigzag,ring --json")
        {
            ranks, tokens, heads, kvHeads, modes, rounds, Json,
        };
        command.SetAction(result =>
        {
            var asked = SharedModes.Parse(result.GetValue(modes)!);
            asked.ToList().ForEach(mode => RingBench.Plan(mode, result.GetValue(ranks), result.GetValue(tokens), result.GetValue(heads), result.GetValue(kvHeads)));
            using var processes = new RankProcesses();
            var rows = asked.Select(mode => RingBench.Run(
                processes, mode, result.GetValue(ranks), result.GetValue(tokens), result.GetValue(heads), result.GetValue(kvHeads), result.GetValue(rounds))).ToList();
            Print(rows, result.GetValue(Json), row =>
                $"{row.Mode,-12} {row.Ranks} ranks {row.Tokens,7} tokens  one process {row.MsOneProcess,9:F1} ms  ring {row.MsRing,9:F1} ms  overhead {row.Overhead,6:P1} ({row.CpuOverhead:P1} of processor time)  overlap {row.OverlapFraction:P1}  {row.Bytes} bytes");
        });
        return command;
    }

    private static Command Door()
    {
        var command = new Command("door", "Cost of a native call and of loading the library. Example: actorring bench door --json") { Json };
        command.SetAction(_ => Console.WriteLine(BenchJson.Of(DoorBench.Run())));
        return command;
    }

    private static Command Transport()
    {
        var messageBytes = new Option<long>("--message-bytes") { Description = "Of one message, a multiple of 4; 0 runs 4 MiB and 32 MiB.", DefaultValueFactory = _ => 0 };
        var command = new Command("transport", "Moves bytes between two processes by shared memory and by Gloo. Example: actorring bench transport --json") { messageBytes, Rounds, Json };
        command.SetAction(result =>
        {
            var bytes = result.GetValue(messageBytes);
            if (bytes < 0 || bytes % 4 != 0)
            {
                throw new UsageException($"--message-bytes is {bytes}, must be a multiple of 4, or 0");
            }

            using var processes = new RankProcesses();
            Print(
                [.. (bytes == 0 ? TransportBench.MessageSizes : [bytes]).SelectMany(size => TransportBench.Run(processes, size, result.GetValue(Rounds)))], result.GetValue(Json),
                row => $"{row.Transport,-19} {row.MessageBytes >> 10,8} KiB  {row.GigabytesPerSecond,8:F2} GB/s  {row.CpuSecondsPerGigabyte:F3} CPU-s/GB  {row.LatencyMicroseconds,7:F1} us for 64 bytes{(row.TimesGloo is { } times ? $"  {times:F1} x Gloo" : "")}  carries {row.Carries}");
        });
        return command;
    }

    internal static void Print<T>(List<T> rows, bool json, Func<T, string> line) => Console.WriteLine(json ? BenchJson.Of(rows) : string.Join('\n', rows.Select(line)));

    private static NativeBackend Load(string device) => device switch
    {
        "cpu" => NativeBackend.LoadCpu(),
        "torch" => NativeBackend.LoadTorch(),
        _ => throw new UsageException($"--device is '{device}', allowed are cpu and torch"),
    };

    internal static ElementType[] Types(string name) => name switch
    {
        "float32" => [ElementType.Float32],
        "bfloat16" => [ElementType.BFloat16],
        "both" => [ElementType.Float32, ElementType.BFloat16],
        _ => throw new UsageException($"--dtype is '{name}', allowed are float32, bfloat16 and both"),
    };
}
