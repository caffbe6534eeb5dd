namespace ActorRing.Actors.Plans.Cost;

/// <summary>What would make a request fit. Every change is planned before it is offered.</summary>
internal static class Changes
{
    private const int Wanted = 3;
    private const int MostGpus = 1 << 14;
    private const long LengthUnit = 1024;

    /// <summary>
    /// Up to three changes, cheapest first: those that cost only speed, the fastest of them first and none that contains a smaller one; then more of the same
    /// GPUs, a shorter sequence, a GPU with more memory.
    /// </summary>
    /// <param name="request">One that does not fit.</param>
    /// <param name="choose">Plans a request: the best setting that fits, or null.</param>
    internal static IReadOnlyList<PlanChange> For(PlanRequest request, Func<PlanRequest, PlanCandidate?> choose)
    {
        var found = new List<PlanChange>();
        var changes = OfSpeed(request, choose);
        for (var i = 0; i < changes.Count; i++)
        {
            var at = 0;
            while (at < found.Count && found[at].Result.Time.TokensPerSecond >= changes[i].Result.Time.TokensPerSecond)
            {
                at++;
            }

            found.Insert(at, changes[i]);
        }

        foreach (var change in new[] { MoreGpus(request, choose), Shorter(request, choose), Larger(request, choose) })
        {
            if (change is not null)
            {
                found.Add(change);
            }
        }

        if (found.Count < Wanted && Smallest(request, choose) is { } smallest)
        {
            found.Add(smallest);
        }

        while (found.Count > Wanted)
        {
            found.RemoveAt(found.Count - 1);
        }

        return found;
    }

    // Single knobs; pairs and all of them only where no single knob is enough.
    private static List<PlanChange> OfSpeed(PlanRequest request, Func<PlanRequest, PlanCandidate?> choose)
    {
        var found = new List<PlanChange>();
        void Try(string description, PlanRequest changed)
        {
            if (changed != request && choose(changed) is { } result)
            {
                found.Add(new PlanChange(description, result));
            }
        }

        var kept = request.Offload?.Activations ?? false;
        var (optimizer, both) = (new CostOffload(true, false, kept), new CostOffload(true, true, kept));
        var oneRow = request with { Batch = 1, Accumulation = request.Batch * request.Accumulation };
        Try("--recompute full: keep only the input of each layer", request with { Recompute = CostRecompute.Full });
        Try("--zero auto: shard optimiser, gradients and weights as far as needed", request with { ZeroStage = null });
        Try($"--batch 1 --accumulation {oneRow.Accumulation}: the same update in smaller pieces", oneRow);
        Try("--mode auto: let the planner choose how sequences are spread", request with { Mode = null });
        if (request.Offload is { } now)
        {
            Try("--offload optimizer: master weights and moments on the host", request with { Offload = optimizer, ZeroStage = null });
            Try("--offload activations: kept activations on the host", request with { Offload = now with { Activations = true } });
            if (found.Count == 0)
            {
                Try("--offload optimizer+parameters --zero 3: all weights and the optimiser on the host", request with { Offload = both, ZeroStage = 3 });
            }
        }

        if (found.Count == 0)
        {
            Try("--recompute full --zero auto --mode auto", request with { Recompute = CostRecompute.Full, ZeroStage = null, Mode = null });
            Try("--recompute full --zero 3 --offload optimizer+parameters", request with { Recompute = CostRecompute.Full, ZeroStage = 3, Offload = both });
        }

        if (found.Count == 0)
        {
            Try("--recompute full --zero auto --mode auto --offload all --batch 1: everything that saves memory",
                oneRow with { Recompute = CostRecompute.Full, ZeroStage = null, Mode = null, Offload = new CostOffload(true, true, true) });
        }

        return found;
    }

    private static PlanChange? MoreGpus(PlanRequest request, Func<PlanRequest, PlanCandidate?> choose)
    {
        for (var gpus = 2 * request.Gpus; gpus <= MostGpus; gpus *= 2)
        {
            if (choose(request with { Gpus = gpus }) is { } result)
            {
                return new PlanChange($"--gpus {gpus}: more GPUs share weights and sequence", result);
            }
        }

        return null;
    }

    // The longest multiple of 1024 tokens that fits, by bisection: memory never falls as a sequence grows.
    private static PlanChange? Shorter(PlanRequest request, Func<PlanRequest, PlanCandidate?> choose)
    {
        long fits = 0;
        var tooLong = (request.Tokens + LengthUnit - 1) / LengthUnit;
        while (tooLong - fits > 1)
        {
            var middle = (fits + tooLong) / 2;
            if (choose(request with { Tokens = middle * LengthUnit }) is not null)
            {
                fits = middle;
            }
            else
            {
                tooLong = middle;
            }
        }

        return fits == 0
            ? null
            : new PlanChange($"--tokens {fits * LengthUnit}: the longest sequence that fits as it is", choose(request with { Tokens = fits * LengthUnit })!);
    }

    // Everything that saves memory, and then as long as still fits.
    private static PlanChange? Smallest(PlanRequest request, Func<PlanRequest, PlanCandidate?> choose)
    {
        var sparing = request with
        {
            Batch = 1, Accumulation = request.Batch * request.Accumulation, Recompute = CostRecompute.Full, ZeroStage = null, Mode = null, Offload = null,
        };
        return Shorter(sparing, choose) is { } change
            ? change with { Description = $"--recompute full --zero auto --mode auto --offload auto --batch 1 --tokens {change.Result.Setting.Tokens}: all that saves memory" }
            : null;
    }

    private static PlanChange? Larger(PlanRequest request, Func<PlanRequest, PlanCandidate?> choose)
    {
        PlanChange? smallest = null;
        long memory = long.MaxValue;
        foreach (var other in HardwareProfiles.All)
        {
            if (other.MemoryBytes > request.Hardware.MemoryBytes && other.MemoryBytes < memory && choose(request with { Hardware = other }) is { } result)
            {
                smallest = new PlanChange($"--gpu {other.Name}: a GPU with {Words.Bytes(other.MemoryBytes)}", result);
                memory = other.MemoryBytes;
            }
        }

        return smallest;
    }
}
