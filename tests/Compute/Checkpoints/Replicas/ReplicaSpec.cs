using System.Collections.Immutable;
using ActorRing.Actors.Ids;
using ActorRing.Compute.Checkpoints.Replicas;
using ActorRing.Compute.Checkpoints.Training;
using ActorRing.Compute.Communication;
using ActorRing.Compute.Sharding;
using ActorRing.Compute.Specs.Checkpoints.Training;
using ActorRing.Compute.Specs.Communication;
using ActorRing.Compute.Training;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Checkpoints.Replicas;

/// <summary>A state that ranks have in each other's memory: whole after any one of them is lost, on any number of ranks.</summary>
public sealed class ReplicaSpec : IDisposable
{
    private const int Steps = 7;
    private static readonly JobId Job = new(3);
    private readonly List<ReplicaStore> _stores = [];
    private readonly List<(int Store, PartName Part, string Change)> _damaged = [];

    public void Dispose() => _stores.ForEach(store => store.Dispose());

    public static TheoryData<int, int, int> Losses
    {
        get
        {
            var losses = new TheoryData<int, int, int>();
            foreach (var ranks in new[] { 2, 3, 4 })
            {
                for (var lost = 0; lost < ranks; lost++)
                {
                    losses.Add(ranks, lost, ranks);
                    losses.Add(ranks, lost, ranks - 1);
                    losses.Add(ranks, lost, ranks + 1);
                }
            }

            losses.Add(8, 2, 8); // more ranks than shards: some parts are empty
            return losses;
        }
    }

    [Theory]
    [MemberData(nameof(Losses))]
    public void State_must_be_whole_on_any_number_of_ranks_when_a_process_and_its_memory_are_lost(int ranks, int lost, int later)
    {
        Replicate(ranks, Steps);
        _stores[lost].Dispose();
        _stores[lost] = new ReplicaStore((_, _) => { });
        while (_stores.Count < later)
        {
            _stores.Add(new ReplicaStore((_, _) => { }));
        }

        // With fewer ranks those after the lost one move up.
        int[] processes = later < ranks ? [.. Enumerable.Range(0, ranks).Where(process => process != lost)] : [.. Enumerable.Range(0, later)];
        var holders = Enumerable.Range(0, ranks).Select(part => new GlobalRank(Array.IndexOf(processes, part == lost ? (part + 1) % ranks : part))).ToImmutableArray();

        var weights = Load(processes, holders, (state, digest) =>
        {
            Assert.Equal(SampleState.Digest(Steps), digest);
            Assert.Equal((Steps, digest), (state.Optimizer.Updates, state.Digest()));
        });
        using var whole = new SampleState(Steps);
        Assert.All(weights, found => Assert.Equal(Read(whole.State), found));
    }

    [Fact]
    public void Part_must_be_given_up_and_the_other_copy_loaded_when_a_bit_of_it_is_another_one()
    {
        Replicate(2, Steps);
        Flip(0, new PartName(Job, Steps, 2, 0), element: 5, bit: 0);

        var fault = Record.Exception(() => Load([0, 1], [new(0), new(1)], (_, _) => { }));
        Assert.Contains($"rank 0: System.IO.InvalidDataException: the weights of shard 0 in part 0 of update {Steps} changed in memory", fault.Message, StringComparison.Ordinal);
        Assert.Equal([(0, new PartName(Job, Steps, 2, 0), $"the weights of shard 0 changed in memory by update {Steps}")], _damaged);
        Assert.False(_stores[0].Has(new PartName(Job, Steps, 2, 0)));

        Load([0, 1], [new(1), new(0)], (_, digest) => Assert.Equal(SampleState.Digest(Steps), digest)); // each other's copies are as they were
    }

    // A bit that flips in a copy is found before the next update's exchange is over, by whoever holds it.
    [Fact]
    public void Copy_must_be_found_damaged_and_given_up_within_one_update()
    {
        Replicate(3, Steps);
        Flip(2, new PartName(Job, Steps, 3, 1), element: 1030, bit: 30);
        ReplicateAgain(3, Steps + 1);

        Assert.Equal([(2, new PartName(Job, Steps, 3, 1))], _damaged.Select(found => (found.Store, found.Part)));
        Assert.EndsWith($" changed in memory by update {Steps + 1}", _damaged[0].Change, StringComparison.Ordinal);
        Assert.False(_stores[2].Has(new PartName(Job, Steps, 3, 1)));
        Assert.True(_stores[1].Has(new PartName(Job, Steps, 3, 1)) && _stores[2].Has(new PartName(Job, Steps + 1, 3, 1)));
    }

    [Fact]
    public void Every_one_of_a_thousand_flipped_bits_in_copies_must_be_found_in_the_copy_that_has_it()
    {
        const int Ranks = 3;
        Replicate(Ranks, Steps);
        PartName[] names = [.. Enumerable.Range(0, Ranks).Select(part => new PartName(Job, Steps, Ranks, part))];
        var random = new Random(11);
        var found = 0;
        for (var flip = 0; flip < 1000; flip++)
        {
            var store = random.Next(Ranks);
            var part = (store + Ranks - random.Next(2)) % Ranks; // its own, or that of the rank before it
            var (element, bit) = (random.Next(3 * (int)SampleState.Map.OwnedBy(part, Ranks).ElementCount), random.Next(32));
            Flip(store, names[part], element, bit);
            foreach (var (holder, name) in from holder in Enumerable.Range(0, Ranks) from name in names select (holder, name))
            {
                using var open = _stores[holder].Open(name, SampleState.Map);
                Assert.Equal((holder, name) == (store, names[part]), open?.FindChange() is not null);
            }

            found++;
            Flip(store, names[part], element, bit);
        }

        Assert.Equal(1000, found);
    }

    [Fact]
    public void Part_that_is_not_there_must_be_named()
    {
        using var store = new ReplicaStore((_, _) => { });
        using var sample = new SampleState(0);

        var fault = Assert.Throws<InvalidDataException>(() => ReplicaLoader.Load(store, sample.State, Job, 4, [new(0)], null));

        Assert.Equal("part 0 of 1 of update 4 is not in the memory of rank 0", fault.Message);
    }

    [Fact]
    public void Store_must_use_its_memory_again_and_keep_what_it_is_told_to()
    {
        Replicate(2, 1);
        for (var steps = 2; steps <= 12; steps++)
        {
            ReplicateAgain(2, steps);
            _stores.ForEach(store => store.Keep(Job, steps - 1, long.MaxValue));
        }

        Assert.All(_stores, store =>
        {
            Assert.False(store.Has(new PartName(Job, 10, 2, 0)));
            Assert.True(store.Has(new PartName(Job, 11, 2, 0)) && store.Has(new PartName(Job, 12, 2, 1)));
            Assert.InRange(store.ByteCount, 1, ReplicaStore.MostBytes(SampleState.Map, 2, 3));
        });

        _stores[0].Keep(default, 0, 0);
        Assert.False(_stores[0].Has(new PartName(Job, 12, 2, 0)));
    }

    [Fact]
    public void Memory_that_somebody_reads_must_stay_when_its_part_is_given_up()
    {
        Replicate(2, Steps);
        var part = _stores[0].Find(new PartName(Job, Steps, 2, 0))!;
        var first = part.All.HostSpan<float>()[3];
        _stores[0].Keep(default, 0, 0);
        ReplicateAgain(2, Steps + 1);

        Assert.Equal(first, part.All.HostSpan<float>()[3]);
        _stores[0].Return(part);
    }

    [Fact]
    public void File_of_a_copy_must_be_that_of_the_state_although_the_state_has_changed_and_the_copy_was_given_up()
    {
        using var folder = new TemporaryFolder();
        var epoch = new RingEpoch(1, 1);
        Replicate(2, Steps);
        for (var rank = 0; rank < 2; rank++)
        {
            using var copy = _stores[rank].Open(new PartName(Job, Steps, 2, rank), SampleState.Map)!;
            _stores[rank].Keep(default, 0, 0);
            var written = new TrainingCheckpoints(folder.At("copies")).WriteShard(copy, epoch);
            Assert.Equal(SampleState.Write(new TrainingCheckpoints(folder.At($"states-{rank}")), Steps, epoch).Shards[rank], written);
        }
    }

    [Fact]
    public void Exchange_must_say_once_why_it_cannot_go_on_when_the_epoch_is_aborted()
    {
        var failures = new List<Exception>();
        RankGroup.Run(RankGroup.Options(TransportKind.Loopback), 2, self =>
        {
            using var group = new CommunicatorGroup(self.Device, self.Communicator);
            using var sample = new SampleState(1, group, self.Device);
            sample.State.Digest();
            if (self.Communicator.Rank == 1)
            {
                return; // comes no further
            }

            using var store = new ReplicaStore((_, _) => { });
            using (var exchange = new ReplicaExchange(store, self.Communicator, _ => Assert.Fail("nobody was there"), failures.Add))
            {
                exchange.Begin(sample.State, Job, 1, default);
                exchange.Begin(sample.State, Job, 2, default);
                self.Communicator.Abort("the epoch is over");
            }

            Assert.False(store.Has(new PartName(Job, 1, 2, 1)));
        });

        Assert.IsType<CommunicationException>(Assert.Single(failures));
    }

    private void Flip(int store, PartName name, int element, int bit)
    {
        var part = _stores[store].Find(name)!;
        part.All.HostSpan<int>()[element] ^= 1 << bit;
        _stores[store].Return(part);
    }

    private void Replicate(int ranks, int steps)
    {
        _stores.AddRange(Enumerable.Range(0, ranks).Select(rank => new ReplicaStore((part, change) =>
        {
            lock (_damaged)
            {
                _damaged.Add((rank, part, change));
            }
        })));
        ReplicateAgain(ranks, steps);
    }

    private void ReplicateAgain(int ranks, int steps)
    {
        var done = new ReplicaExchanged?[ranks];
        RankGroup.Run(RankGroup.Options(TransportKind.Loopback), ranks, self =>
        {
            var rank = self.Communicator.Rank;
            using var group = new CommunicatorGroup(self.Device, self.Communicator);
            using var sample = new SampleState(steps, group, self.Device);
            sample.State.Digest();
            using var exchange = new ReplicaExchange(_stores[rank], self.Communicator, found => done[rank] = found, failure => throw failure);
            exchange.Begin(sample.State, Job, steps, new((ulong)steps));
        });
        for (var rank = 0; rank < ranks; rank++)
        {
            Assert.Equal((steps, new StateDigest((ulong)steps)), (done[rank]!.StepsDone, done[rank]!.Digest));
            Assert.Equal([rank, (rank + ranks - 1) % ranks], done[rank]!.Parts);
        }
    }

    private float[][] Load(int[] processes, ImmutableArray<GlobalRank> holders, Action<TrainingState, StateDigest> check)
    {
        var weights = new float[processes.Length][];
        RankGroup.Run(RankGroup.Options(TransportKind.Loopback), processes.Length, self =>
        {
            var rank = self.Communicator.Rank;
            IUpdateGroup group = processes.Length == 1 ? new SingleRank() : new CommunicatorGroup(self.Device, self.Communicator);
            using var sample = new SampleState(0, group, self.Device);
            check(sample.State, ReplicaLoader.Load(_stores[processes[rank]], sample.State, Job, Steps, holders, processes.Length == 1 ? null : self.Communicator));
            weights[rank] = Read(sample.State);
            (group as IDisposable)?.Dispose();
        });
        return weights;
    }

    private static float[] Read(TrainingState state) => state.Parameters.Master.Flat.HostSpan<float>().ToArray();
}
