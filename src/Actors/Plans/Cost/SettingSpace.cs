namespace ActorRing.Actors.Plans.Cost;

// G GPUs, P ranks that share a sequence.

/// <summary>All legal settings of a request in one mode, in a fixed order.</summary>
internal static class SettingSpace
{
    private static readonly CostOffload[] Offloads =
    {
        CostOffload.None, new(true, false, false), new(true, true, false), new(false, false, true), new(true, false, true), new(true, true, true),
    };

    private static readonly CostRecompute[] Recomputes = { CostRecompute.None, CostRecompute.SelectivePlusPlus, CostRecompute.Full };

    /// <summary>Every legal setting.</summary>
    internal static IEnumerable<ParallelSetting> Of(PlanRequest request, CostMode mode)
    {
        foreach (var shape in Shapes(request, mode))
        {
            foreach (var offload in request.Offload is { } one ? new[] { one } : Offloads)
            {
                foreach (var recompute in request.Recompute is { } policy ? new[] { policy } : Recomputes)
                {
                    for (var stage = request.ZeroStage ?? 0; stage <= (request.ZeroStage ?? (request.Gpus == 1 && !offload.Parameters ? 0 : 3)); stage++)
                    {
                        var setting = shape with { Offload = offload, Recompute = recompute, ZeroStage = stage };
                        if (setting.Problem(request.Model) is null)
                        {
                            yield return setting;
                        }
                    }
                }
            }
        }
    }

    /// <summary>Why a mode has no legal setting.</summary>
    internal static string Problem(PlanRequest request, CostMode mode)
    {
        if (mode != CostMode.DataParallel && request.Gpus == 1)
        {
            return "one GPU shares a sequence with nobody";
        }

        if (mode == CostMode.DataParallel && request.RowsPerUpdate % request.Gpus != 0)
        {
            return $"{request.Gpus} groups cannot share the {request.RowsPerUpdate} rows of an update (batch {request.Batch} x accumulation {request.Accumulation})";
        }

        var example = Example(request, mode);
        return example.Problem(request.Model) ?? $"no way to cut {request.Gpus} GPUs for {CostModes.NameOf(mode)} with the settings that are given";
    }

    // Each group takes as many rows at once as the request allows and its share of the update divides by.
    private static IEnumerable<ParallelSetting> Shapes(PlanRequest request, CostMode mode)
    {
        for (var data = 1; data <= request.Gpus; data++)
        {
            if (request.Gpus % data != 0 || request.RowsPerUpdate % data != 0)
            {
                continue;
            }

            var rows = request.RowsPerUpdate / data;
            var batch = Math.Min(request.Batch, rows);
            while (rows % batch != 0)
            {
                batch--;
            }

            var shape = Example(request, mode) with { DataParallel = data, Batch = (int)batch, Accumulation = (int)(rows / batch) };
            foreach (var cut in Cuts(shape, request.Gpus / data))
            {
                yield return cut;
            }
        }
    }

    private static IEnumerable<ParallelSetting> Cuts(ParallelSetting shape, int ranks)
    {
        for (var part = 1; part <= ranks; part++)
        {
            if (ranks % part != 0)
            {
                continue;
            }

            var isWhole = part == ranks;
            switch (shape.Mode)
            {
                case CostMode.Usp:
                    yield return shape with { HeadParallel = part, ContextParallel = ranks / part };
                    break;
                case CostMode.DoubleRing:
                    yield return shape with { ContextParallel = ranks, InnerWindow = part };
                    break;
                case CostMode.Ulysses when isWhole:
                    yield return shape with { HeadParallel = ranks };
                    break;
                case not CostMode.Ulysses when isWhole:
                    yield return shape with { ContextParallel = ranks };
                    break;
                default:
                    break;
            }
        }
    }

    private static ParallelSetting Example(PlanRequest request, CostMode mode) => new(
        mode, 1, mode is CostMode.Ulysses or CostMode.Usp ? request.Gpus : 1, mode is CostMode.DataParallel or CostMode.Ulysses ? 1 : request.Gpus, 1,
        request.ZeroStage ?? 0, request.Offload ?? CostOffload.None, request.Recompute ?? CostRecompute.Full, request.Tokens, request.Batch, request.Accumulation,
        request.Types, KernelTraffic.Fused, request.HostThreads);
}
