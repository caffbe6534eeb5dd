using System.CommandLine;
using ActorRing.Cluster.Member;

namespace ActorRing.Cluster.Cli.Plan;

/// <summary>
/// What <c>plan</c> takes on the command line. Values stay text until <see cref="PlanArguments"/> reads them, so that each mistake names its option and what
/// is allowed.
/// </summary>
internal sealed class PlanOptions
{
    internal Argument<string?> Job { get; } = new("job") { Description = "A job file. Not needed with --preset or --model.", Arity = ArgumentArity.ZeroOrOne };

    internal Option<string?> Gpus { get; } = new("--gpus") { Description = "GPUs to plan for. Without it: the memory of every stage in one process." };

    internal Option<string?> Gpu { get; } = new("--gpu") { Description = "a100-40g, a100-80g, a800-80g, h100-80g, h200-141g, l20, rtx4090 or cpu. Default a100-80g." };

    internal Option<string?> Link { get; } = new("--link") { Description = "Between GPUs of a node: nvlink, nvlink-a800, nvlink4, pcie4, pcie5, ib-200, ib-400, eth-100, loopback. Default: the GPU's own." };

    internal Option<string?> Between { get; } = new("--between") { Description = "Between nodes, one port a GPU: ib-200, ib-400, eth-100. Default ib-200." };

    internal Option<string?> Preset { get; } = new("--preset") { Description = "llama-2-7b, llama-2-13b, llama-3-8b, danube2-1.8b or qwen3-8b instead of a job's model." };

    internal Option<string?> Model { get; } = new("--model") { Description = "A Hugging Face folder or its config.json instead of a job's model; weights are not read." };

    internal Option<string?> Mode { get; } = new("--mode") { Description = "One mode only; auto (default) compares all." };

    internal Option<string?> Tokens { get; } = new("--tokens") { Description = "Sequence length, as 700000, 128k or 1M (powers of 1024). Default: the job's longest stage." };

    internal Option<string?> Batch { get; } = new("--batch") { Description = "Rows of a micro-batch. Default: the stage's, else 1." };

    internal Option<string?> Accumulation { get; } = new("--accumulation") { Description = "Micro-batches of an update. Default: the stage's, else one row for each GPU." };

    internal Option<string?> Zero { get; } = new("--zero") { Description = "0 to 3, or auto (default): what ZeRO shards." };

    internal Option<string?> Recompute { get; } = new("--recompute") { Description = "none, selective++, full or auto. Default: the job's, else auto." };

    internal Option<string?> Offload { get; } = new("--offload") { Description = "none (default), optimizer, optimizer+parameters, activations, optimizer+activations, all or auto." };

    internal Option<string?> Type { get; } = new("--dtype") { Description = "bfloat16 or float32. Default: the job's, else bfloat16." };

    internal Option<string?> Peak { get; } = new("--peak") { Description = "Measured or other peak of a GPU in TFLOP/s of the chosen type." };

    internal Option<string?> Bandwidth { get; } = new("--bandwidth") { Description = "Measured GB/s of --link, one direction." };

    internal Option<string?> Memory { get; } = new("--memory") { Description = "Memory of a GPU in GiB." };

    internal Option<string?> HostThreads { get; } = new("--host-threads") { Description = "Host threads of each GPU for an offloaded optimiser. Default 4." };

    internal Option<bool> CheckPublished { get; } = new("--check-published") { Description = "Compares the cost model with published runs instead." };

    internal Option<bool> Json { get; } = new("--json") { Description = "Print JSON only." };

    private IReadOnlyList<Option> All =>
        [Gpus, Gpu, Link, Between, Preset, Model, Mode, Tokens, Batch, Accumulation, Zero, Recompute, Offload, Type, Peak, Bandwidth, Memory, HostThreads, CheckPublished, Json];

    /// <summary>Options that say nothing about one process.</summary>
    internal IEnumerable<Option> NeedingGpus => All.Where(option => option != Gpus && option != CheckPublished && option != Json);

    internal void AddTo(Command command)
    {
        command.Arguments.Add(Job);
        foreach (var option in All)
        {
            command.Options.Add(option);
        }
    }

    /// <summary>
    /// Job keys such as <c>--training.steps</c> are left to the job reader; an option without a dot is a misspelt one of ours. The parser takes the first
    /// unknown word for the job, whatever it looks like.
    /// </summary>
    /// <exception cref="UsageException">Such an option is there.</exception>
    internal void RefuseUnknown(ParseResult result)
    {
        var job = result.GetValue(Job);
        foreach (var token in job is null ? result.UnmatchedTokens : [job, .. result.UnmatchedTokens])
        {
            var name = token.Split('=')[0];
            if (name.StartsWith("--", StringComparison.Ordinal) && !name.Contains('.', StringComparison.Ordinal))
            {
                throw new UsageException($"unknown option '{name}'; nearest is '{Hosting.Hocon.NearestKey.Of(name, All.Select(option => option.Name))}'");
            }
        }

        if (job is not null && job.StartsWith("--", StringComparison.Ordinal))
        {
            throw new UsageException($"'{job}' stands where the job file belongs; allowed: the job file first, its keys after it");
        }
    }
}
