using ActorRing.Actors.Messages;

namespace ActorRing.Actors.Rank;

/// <summary>What a rank has told the coordinator and has not seen in a heartbeat yet. Sent again with every heartbeat until it has.</summary>
/// <remarks>Bounded: updates by the run-ahead, shards by <see cref="LargestShards"/> (an older one loses its meaning with a newer one).</remarks>
internal sealed class RankReports
{
    internal const int LargestShards = 4;
    private readonly List<TrainStepCompleted> _steps = [];
    private readonly List<ShardWritten> _shards = [];

    internal int Steps => _steps.Count;

    internal int Shards => _shards.Count;

    internal void Clear()
    {
        _steps.Clear();
        _shards.Clear();
    }

    internal void Add(TrainStepCompleted report) => _steps.Add(report);

    internal void Add(ShardWritten report)
    {
        _shards.RemoveAll(shard => shard.StepsDone == report.StepsDone);
        if (_shards.Count == LargestShards)
        {
            _shards.RemoveAt(0);
        }

        _shards.Add(report);
    }

    internal void Acknowledge(long stepsCommitted, long checkpointCommitted)
    {
        var known = 0;
        while (known < _steps.Count && _steps[known].StepsDone <= stepsCommitted)
        {
            known++;
        }

        _steps.RemoveRange(0, known);
        known = 0;
        while (known < _shards.Count && _shards[known].StepsDone <= checkpointCommitted)
        {
            known++;
        }

        _shards.RemoveRange(0, known);
    }

    internal TrainStepCompleted Step(int at) => _steps[at];

    internal ShardWritten Shard(int at) => _shards[at];
}
