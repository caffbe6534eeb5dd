using System.CommandLine;
using ActorRing.Cluster.Cli.Bench;
using ActorRing.Compute.Model;
using ActorRing.Compute.Recompute;
using ActorRing.Native;

namespace ActorRing.Cluster.Cli.Commands;

/// <summary><c>actorring bench attention|linear|step|door|transport</c>.</summary>
internal static class BenchCommand
{
    private static readonly Option<bool> Json = new("--json") { Description = "Print JSON only." };
    private static readonly Option<int> Threads = new("--threads") { Description = "Threads that compute.", DefaultValueFactory = _ => 1 };
    private static readonly Option<int> Rounds = new("--rounds") { Description = "Counted rounds; medians are printed.", DefaultValueFactory = _ => 5 };
    private static readonly Option<string> Device = new("--device") { Description = "cpu or torch.", DefaultValueFactory = _ => "cpu" };
    private static readonly Option<string> DType = new("--dtype") { Description = "float32, bfloat16 or both.", DefaultValueFactory = _ => "both" };

    internal static Command Create() => new("bench", "Measures kernels and whole steps against the peak that the same run measures.") { Attention(), Linear(), Step(), Door(), Transport() };

    private static Command Attention()
    {
        var tokens = new Option<long>("--tokens") { Description = "Length; 0 runs 8192 on one thread and 32768 on one and on two.", DefaultValueFactory = _ => 0 };
        var headSize = new Option<int>("--head-size") { Description = "Head dim.", DefaultValueFactory = _ => 128 };
        var heads = new Option<int>("--heads") { Description = "Query heads.", DefaultValueFactory = _ => 2 };
        var kvHeads = new Option<int>("--kv-heads") { Description = "KV heads.", DefaultValueFactory = _ => 2 };
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
        var rows = new Option<long>("--rows") { Description = "Tokens.", DefaultValueFactory = _ => 2048 };
        var inputs = new Option<long>("--inputs") { Description = "Columns of x.", DefaultValueFactory = _ => 2048 };
        var outputs = new Option<long>("--outputs") { Description = "Columns of y.", DefaultValueFactory = _ => 2048 };
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
        var tokens = new Option<int>("--tokens") { Description = "Sequence length.", DefaultValueFactory = _ => 8192 };
        var layers = new Option<int>("--layers") { Description = "L.", DefaultValueFactory = _ => 12 };
        var width = new Option<int>("--width") { Description = "D.", DefaultValueFactory = _ => 512 };
        var heads = new Option<int>("--heads") { Description = "N.", DefaultValueFactory = _ => 8 };
        var kvHeads = new Option<int>("--kv-heads") { Description = "K.", DefaultValueFactory = _ => 4 };
        var mlpWidth = new Option<int>("--mlp-width") { Description = "F.", DefaultValueFactory = _ => 1408 };
        var vocabulary = new Option<int>("--vocabulary") { Description = "V.", DefaultValueFactory = _ => 32000 };
        var recompute = new Option<string>("--recompute") { Description = "none, full or selective++.", DefaultValueFactory = _ => "selective++" };
        var dtype = new Option<string>("--dtype") { Description = "float32 or bfloat16.", DefaultValueFactory = _ => "float32" };
        var rounds = new Option<int>("--rounds") { Description = "Counted steps after one to warm up.", DefaultValueFactory = _ => 3 };
        var command = new Command("step", "Whole training steps. Example: actorring bench step --tokens 8192 --threads 1 --json")
        {
            tokens, layers, width, heads, kvHeads, mlpWidth, vocabulary, recompute, dtype, rounds, Threads, Device, Json,
        };
        command.SetAction(result =>
        {
            var dims = new ModelDims
            {
                Layers = result.GetValue(layers),
                Width = result.GetValue(width),
                Heads = result.GetValue(heads),
                KvHeads = result.GetValue(kvHeads),
                HeadSize = result.GetValue(width) / result.GetValue(heads),
                MlpWidth = result.GetValue(mlpWidth),
                Vocabulary = result.GetValue(vocabulary),
                NormEpsilon = 1e-5,
                TiedEmbeddings = false,
            };
            var report = StepBench.Run(
                Load(result.GetValue(Device)!), InstructionSet.Auto, result.GetValue(Threads), dims, Types(result.GetValue(dtype)!).Single(), RecomputePolicy.Named(result.GetValue(recompute)!),
                result.GetValue(tokens), result.GetValue(rounds));
            Console.WriteLine(BenchJson.Of(report));
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
        var peer = new Option<string?>("--peer") { Hidden = true };
        var transport = new Option<string>("--transport") { Hidden = true, DefaultValueFactory = _ => "shm" };
        var command = new Command("transport", "Moves bytes between two processes by shared memory and by Gloo. Example: actorring bench transport --json") { messageBytes, Rounds, peer, transport, Json };
        command.SetAction(result =>
        {
            var bytes = result.GetValue(messageBytes);
            if (bytes < 0 || bytes % 4 != 0)
            {
                throw new UsageException($"--message-bytes is {bytes}, must be a multiple of 4, or 0");
            }

            if (result.GetValue(peer) is { } folder)
            {
                TransportBench.RunPeer(folder, result.GetValue(transport)!, bytes, result.GetValue(Rounds));
                return;
            }

            Print(
                [.. (bytes == 0 ? TransportBench.MessageSizes : [bytes]).SelectMany(size => TransportBench.Run(size, result.GetValue(Rounds)))], result.GetValue(Json),
                row => $"{row.Transport,-12} {row.MessageBytes >> 10,8} KiB  {row.GigabytesPerSecond,8:F2} GB/s  {row.CpuSecondsPerGigabyte:F3} CPU-s/GB  {row.LatencyMicroseconds,7:F1} us for 64 bytes{(row.TimesGloo is { } times ? $"  {times:F1} x Gloo" : "")}");
        });
        return command;
    }

    private static void Print<T>(List<T> rows, bool json, Func<T, string> line) => Console.WriteLine(json ? BenchJson.Of(rows) : string.Join('\n', rows.Select(line)));

    private static NativeBackend Load(string device) => device switch
    {
        "cpu" => NativeBackend.LoadCpu(),
        "torch" => NativeBackend.LoadTorch(),
        _ => throw new UsageException($"--device is '{device}', allowed are cpu and torch"),
    };

    private static ElementType[] Types(string name) => name switch
    {
        "float32" => [ElementType.Float32],
        "bfloat16" => [ElementType.BFloat16],
        "both" => [ElementType.Float32, ElementType.BFloat16],
        _ => throw new UsageException($"--dtype is '{name}', allowed are float32, bfloat16 and both"),
    };
}
