namespace ActorRing.Actors.Plans.Cost;

// G GPUs, P ranks that share a sequence.

/// <summary>All legal settings of a request in one mode, in a fixed order.</summary>
internal static class SettingSpace
{
    private static readonly CostOffload[] Offloads =
    {
        CostOffload.None, new(true, false, false), new(true, true, false), new(false, false, true), new(true, false, true), new(true, true, true),
    };

    /// <summary>Every legal setting.</summary>
    internal static IReadOnlyList<ParallelSetting> Of(PlanRequest request, CostMode mode)
    {
        var settings = new List<ParallelSetting>();
        var shapes = Shapes(request, mode);
        for (var i = 0; i < shapes.Count; i++)
        {
            foreach (var offload in request.Offload is { } one ? new[] { one } : Offloads)
            {
                AddTo(settings, request, shapes[i] with { Offload = offload });
            }
        }

        return settings;
    }

    private static void AddTo(List<ParallelSetting> settings, PlanRequest request, ParallelSetting shape)
    {
        // One GPU has nobody to share with; stage 3 is only the form in which weights are offloaded.
        var lastStage = request.ZeroStage ?? (request.Gpus == 1 && !shape.Offload.Parameters ? 0 : 3);
        for (var recompute = request.Recompute ?? CostRecompute.None; recompute <= (request.Recompute ?? CostRecompute.Full); recompute++)
        {
            for (var stage = request.ZeroStage ?? 0; stage <= lastStage; stage++)
            {
                var setting = shape with { Recompute = recompute, ZeroStage = stage };
                if (setting.Problem(request.Model) is null)
                {
                    settings.Add(setting);
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
    private static List<ParallelSetting> Shapes(PlanRequest request, CostMode mode)
    {
        var shapes = new List<ParallelSetting>();
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
            AddCuts(shapes, shape, request.Gpus / data);
        }

        return shapes;
    }

    // Only usp and double-ring can cut a group in more than one way.
    private static void AddCuts(List<ParallelSetting> shapes, ParallelSetting shape, int ranks)
    {
        switch (shape.Mode)
        {
            case CostMode.Ulysses:
                shapes.Add(shape with { HeadParallel = ranks });
                return;
            case CostMode.Usp or CostMode.DoubleRing:
                break;
            default:
                shapes.Add(shape with { ContextParallel = ranks });
                return;
        }

        for (var part = 1; part <= ranks; part++)
        {
            if (ranks % part == 0)
            {
                shapes.Add(shape.Mode == CostMode.Usp
                    ? shape with { HeadParallel = part, ContextParallel = ranks / part }
                    : shape with { ContextParallel = ranks, InnerWindow = part });
            }
        }
    }

    private static ParallelSetting Example(PlanRequest request, CostMode mode) => new(
        mode, 1, mode is CostMode.Ulysses or CostMode.Usp ? request.Gpus : 1, mode is CostMode.DataParallel or CostMode.Ulysses ? 1 : request.Gpus, 1,
        request.ZeroStage ?? 0, request.Offload ?? CostOffload.None, request.Recompute ?? CostRecompute.Full, request.Tokens, request.Batch, request.Accumulation,
        request.Types, KernelTraffic.Fused, request.HostThreads);
}
