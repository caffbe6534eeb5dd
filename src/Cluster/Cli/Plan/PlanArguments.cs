using System.CommandLine;
using System.Globalization;
using ActorRing.Actors.Plans.Cost;
using ActorRing.Cluster.Hosting.Hocon;
using ActorRing.Cluster.Hosting.Settings;
using ActorRing.Cluster.Member;

namespace ActorRing.Cluster.Cli.Plan;

/// <summary>A request with the name of what is planned.</summary>
internal sealed record NamedRequest(string Name, PlanRequest Request);

/// <summary>Reads options into a request. Every mistake is one line: option, value, what is allowed.</summary>
internal sealed class PlanArguments(ParseResult result, PlanOptions options)
{
    private const int MostGpus = 1 << 14;
    private const long MostTokens = 1L << 40;

    /// <exception cref="UsageException">A value has no meaning.</exception>
    internal NamedRequest Read()
    {
        var source = PlanModels.Open(result.GetValue(options.Preset), result.GetValue(options.Model), result.GetValue(options.Job), [.. result.UnmatchedTokens]);
        var gpus = (int)Number(options.Gpus, MostGpus)!.Value;
        var single = Text(options.Type) switch
        {
            null => source.Job?.Compute.DType == ComputeType.Fp32,
            "float32" => true,
            "bfloat16" => false,
            var other => throw Wrong(options.Type, other, ["bfloat16", "float32"]),
        };
        var types = single ? CostTypes.SinglePrecision : CostTypes.BFloat16;
        var hardware = Hardware(types);
        var batch = (int)(Number(options.Batch, int.MaxValue) ?? source.Stage?.BatchSize ?? 1);
        var tokens = Number(options.Tokens, MostTokens) ?? source.Stage?.SeqLen ?? throw new UsageException("--tokens has no value; needed where no job file has stages");
        var accumulation = (int)(Number(options.Accumulation, int.MaxValue) ?? source.Stage?.GradientAccumulation ?? Math.Max(1, (gpus + batch - 1) / batch));
        var request = new PlanRequest(
            source.Model, hardware, Links(hardware), gpus, tokens, batch, accumulation, types,
            Choice<CostMode>(options.Mode, CostModes.Parse, CostModes.All.Select(CostModes.NameOf)),
            Choice<int>(options.Zero, text => int.TryParse(text, CultureInfo.InvariantCulture, out var stage) && stage is >= 0 and <= 3 ? stage : null, ["0", "1", "2", "3"]),
            Text(options.Recompute) is null ? source.Recompute : Choice<CostRecompute>(options.Recompute, Recompute, ["none", "selective++", "full"]),
            Text(options.Offload) is null ? CostOffload.None : Choice<CostOffload>(options.Offload, Offload, Offloads.Select(offload => offload.Name)),
            (int)(Number(options.HostThreads, 1024) ?? 4));
        return new NamedRequest(source.Name, request);
    }

    private static CostOffload[] Offloads =>
        [CostOffload.None, new(true, false, false), new(true, true, false), new(false, false, true), new(true, false, true), new(true, true, true)];

    private HardwareProfile Hardware(CostTypes types)
    {
        var name = Text(options.Gpu) ?? HardwareProfiles.A100With80.Name;
        var hardware = HardwareProfiles.All.FirstOrDefault(profile => profile.Name == name) ?? throw Wrong(options.Gpu, name, HardwareProfiles.All.Select(profile => profile.Name));
        if (Positive(options.Peak) is { } teraflops)
        {
            hardware = types.Compute == 2 ? hardware with { PeakFlops = teraflops * 1e12 } : hardware with { Float32Flops = teraflops * 1e12 };
        }

        if (Positive(options.Memory) is { } gibibytes)
        {
            hardware = hardware with { MemoryBytes = (long)(gibibytes * (1L << 30)) };
        }

        if (hardware.PeakOf(types.Compute) == 0 || hardware.MemoryBytes == 0)
        {
            throw new UsageException("--gpu cpu needs --peak, in TFLOP/s as `actorring bench linear` measures them, and --memory, in GiB");
        }

        return hardware;
    }

    private Interconnect Links(HardwareProfile hardware)
    {
        var inside = Linked(options.Link) ?? OwnLink(hardware);
        var between = Linked(options.Between) ?? (hardware.Name.StartsWith('h') ? LinkProfiles.InfiniBand400 : LinkProfiles.InfiniBand200);
        if (Positive(options.Bandwidth) is { } gigabytes)
        {
            inside = inside with { BytesPerSecond = gigabytes * 1e9 };
        }

        // A network as the only link: every GPU is a node of its own.
        return new Interconnect(inside, inside.RanksPerNode == 1 ? inside : between);
    }

    private static LinkProfile OwnLink(HardwareProfile hardware) => hardware.Name switch
    {
        "a100-40g" or "a100-80g" => LinkProfiles.NvLink,
        "a800-80g" => LinkProfiles.NvLinkA800,
        "h100-80g" or "h200-141g" => LinkProfiles.NvLink4,
        "cpu" => LinkProfiles.Loopback,
        _ => LinkProfiles.Pcie4,
    };

    private LinkProfile? Linked(Option<string?> option) => Text(option) is not { } name
        ? null
        : LinkProfiles.All.FirstOrDefault(link => link.Name == name) ?? throw Wrong(option, name, LinkProfiles.All.Select(link => link.Name));

    private static CostRecompute? Recompute(string name) => name switch
    {
        "none" => CostRecompute.None,
        "selective++" => CostRecompute.SelectivePlusPlus,
        "full" => CostRecompute.Full,
        _ => null,
    };

    private static CostOffload? Offload(string name) => Offloads.Where(offload => offload.Name == name).Select(offload => (CostOffload?)offload).FirstOrDefault();

    // auto and absence are the planner's choice.
    private T? Choice<T>(Option<string?> option, Func<string, T?> parse, IEnumerable<string> allowed)
        where T : struct => Text(option) is not { } text || text == "auto" ? null : parse(text) ?? throw Wrong(option, text, [.. allowed, "auto"]);

    // 128k, 128Ki and 1M are powers of 1024, as in job files.
    private long? Number(Option<string?> option, long most)
    {
        if (Text(option) is not { } text)
        {
            return null;
        }

        var digits = text.TrimEnd('i').TrimEnd('k', 'K', 'M');
        long unit = text[digits.Length..] switch { "" => 1, "k" or "K" or "Ki" or "ki" => 1 << 10, "M" or "Mi" => 1 << 20, _ => 0 };
        return unit > 0 && long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 && number <= most / unit
            ? number * unit
            : throw new UsageException($"{option.Name} '{text}'; allowed: a whole number from 1 to {most}");
    }

    private double? Positive(Option<string?> option) => Text(option) is not { } text
        ? null
        : double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number is > 0 and < 1e9
            ? number
            : throw new UsageException($"{option.Name} '{text}'; allowed: a number above 0");

    private string? Text(Option<string?> option) => result.GetValue(option);

    private static UsageException Wrong(Option option, string value, IEnumerable<string> allowed)
    {
        var names = allowed.ToList();
        return new UsageException($"{option.Name} '{value}'; nearest is '{Nearest(value, names)}'; allowed: {string.Join(", ", names)}");
    }

    /// <summary>A name that goes on as the value does, else the one that is spelt most like it.</summary>
    internal static string Nearest(string value, IReadOnlyList<string> names) =>
        names.FirstOrDefault(name => value.Length > 1 && name.StartsWith(value, StringComparison.OrdinalIgnoreCase)) ?? NearestKey.Of(value, names);
}
