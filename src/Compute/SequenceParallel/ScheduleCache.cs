using ActorRing.Actors.Ids;
using ActorRing.Actors.Plans;

namespace ActorRing.Compute.SequenceParallel;

/// <summary>One rank's schedule and the pattern it follows.</summary>
internal sealed record LayerSchedule(AttentionPattern Pattern, RankSchedule Steps);

/// <summary>The schedules of one micro-batch, one for each window that layers have; built when first asked for.</summary>
internal sealed class ScheduleCache(SequenceParallelPlan plan, SequenceRank rank)
{
    private readonly Dictionary<long, LayerSchedule> _byWindow = [];
    private SequenceMasks? _masks;
    private long _version;

    internal LayerSchedule Of(int layer, SequenceMasks masks)
    {
        if (!ReferenceEquals(masks, _masks) || masks.Version != _version)
        {
            _byWindow.Clear();
            _masks = masks;
            _version = masks.Version;
        }

        var window = plan.LayerWindows[layer];
        if (!_byWindow.TryGetValue(window, out var schedule))
        {
            var pattern = plan.Pattern(layer);
            pattern = masks.HasDocuments ? pattern.WithDocuments([.. Enumerable.Range(0, masks.Batch).Select(sequence => masks.DocumentStarts(sequence))]) : pattern;
            schedule = new(pattern, AttentionSchedule.Build(plan, pattern).ForRank(rank));
            _byWindow.Add(window, schedule);
        }

        return schedule;
    }
}
