using ActorRing.Compute.Model;
using ActorRing.Compute.Optimizers;
using ActorRing.Compute.Sharding;
using ActorRing.Native;

namespace ActorRing.Compute.Training;

/// <summary>
/// The ranks that make one optimiser update together: every sequence-parallel rank of every data-parallel replica. Each owns a run of the model's logical shards
/// (<see cref="ShardMap"/>), keeps the moments of that run alone and updates that run alone.
/// </summary>
/// <remarks>
/// <para>All operations but the properties are collective: every rank calls them in the same order. Sums are formed in ascending rank order, so that every rank gets the
/// same bits. Flat tensors are contiguous float32 of <see cref="ShardMap.Elements"/> elements, the same on every rank.</para>
/// <para>Sharded: optimiser moments (stage 1), and sums of gradients, which only their owner receives (stage 2). Whole on every rank: weights, and the buffer in which
/// backward accumulates gradients. Sharding weights, too (stage 3), is this interface again: <see cref="Gather(ShardMap, in Tensor)"/> moves from the end of an update
/// to where a layer asks for its weights.</para>
/// </remarks>
public interface IUpdateGroup
{
    /// <summary>This rank in the group.</summary>
    int Rank { get; }

    /// <summary>Ranks in the group.</summary>
    int Ranks { get; }

    /// <summary>Sum over the ranks of the group, float64.</summary>
    /// <param name="value">This rank's part.</param>
    double Sum(double value);

    /// <summary>Replaces this rank's run of a flat tensor by its sum over the ranks; the rest is rubbish afterwards. Each rank sends (P - 1) / P of the tensor.</summary>
    void Reduce(ShardMap shards, in Tensor flat);

    /// <summary>Replaces every rank's run of a flat tensor by what its owner has. Each rank sends P - 1 times its run.</summary>
    void Gather(ShardMap shards, in Tensor flat);

    /// <summary>Replaces every rank's run of a table by what its owner has.</summary>
    /// <param name="shards">The model's shards.</param>
    /// <param name="table">1 to 4 numbers for each shard, in ascending order of shards; in host memory.</param>
    void Gather(ShardMap shards, Span<long> table);
}

/// <summary>What follows from an <see cref="IUpdateGroup"/> for the parts of a model.</summary>
public static class UpdateGroups
{
    /// <summary>The shards that this rank owns.</summary>
    public static ShardRun OwnedOf(this IUpdateGroup group, ShardMap shards)
    {
        ArgumentNullException.ThrowIfNull(group);
        ArgumentNullException.ThrowIfNull(shards);
        return shards.OwnedBy(group.Rank, group.Ranks);
    }

    /// <summary>The group itself, if this rank owns in it what an optimiser has the moments of.</summary>
    /// <exception cref="ArgumentException">The optimiser was made for another group.</exception>
    public static IUpdateGroup RequireOwner(this IUpdateGroup group, Parameters parameters, AdamW optimizer)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(optimizer);
        var owned = group.OwnedOf(parameters.Layout.Shards);
        return optimizer.Owned == owned
            ? group
            : throw new ArgumentException($"the optimiser has {optimizer.Owned}, rank {group.Rank} of {group.Ranks} owns {owned}");
    }

    /// <summary>Sums gradients over the ranks, each run for its owner alone.</summary>
    public static void Reduce(this IUpdateGroup group, Gradients gradients)
    {
        ArgumentNullException.ThrowIfNull(group);
        ArgumentNullException.ThrowIfNull(gradients);
        group.Reduce(gradients.Shards, gradients.Views.Flat);
    }

    /// <summary>Brings every owner's new weights to every rank, and to the compute copy where there is one.</summary>
    public static void Gather(this IUpdateGroup group, Parameters parameters)
    {
        ArgumentNullException.ThrowIfNull(group);
        ArgumentNullException.ThrowIfNull(parameters);
        if (group.Ranks > 1)
        {
            group.Gather(parameters.Layout.Shards, parameters.Master.Flat);
            parameters.Publish();
        }
    }
}

/// <summary>One rank alone: it owns everything, and its parts are the sums.</summary>
public sealed class SingleRank : IUpdateGroup
{
    /// <inheritdoc/>
    public int Rank => 0;

    /// <inheritdoc/>
    public int Ranks => 1;

    /// <inheritdoc/>
    public double Sum(double value) => value;

    /// <inheritdoc/>
    public void Reduce(ShardMap shards, in Tensor flat)
    {
    }

    /// <inheritdoc/>
    public void Gather(ShardMap shards, in Tensor flat)
    {
    }

    /// <inheritdoc/>
    public void Gather(ShardMap shards, Span<long> table)
    {
    }
}
