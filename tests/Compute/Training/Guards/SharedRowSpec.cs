using ActorRing.Actors.Ids;
using ActorRing.Compute.Model;
using ActorRing.Compute.SequenceParallel;
using ActorRing.Compute.Specs.Communication;
using ActorRing.Compute.Training;
using ActorRing.Compute.Training.Guards;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Training.Guards;

/// <summary>A row of attention computed again by ranks of which each has a part of its keys, and not all the same number of tokens.</summary>
public class SharedRowSpec
{
    private const int Ranks = 3;
    private const int Tokens = 31;
    private const int Steps = 150;

    private static readonly ModelDims Dims =
        new() { Layers = 1, Width = 64, Heads = 2, KvHeads = 1, HeadSize = 32, MlpWidth = 64, Vocabulary = 32, NormEpsilon = 1e-5, TiedEmbeddings = false };

    [Fact]
    public void Row_must_be_the_same_on_every_rank_when_their_tokens_are_not_as_many() => Assert.Empty(Looked(spoilt: -1));

    // Every later row of any rank sees the key; its query's rank must find it wherever the key is.
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Row_must_be_named_by_the_rank_of_its_query_when_another_rank_has_other_values(int spoilt)
    {
        var named = Looked(spoilt);
        Assert.InRange(named.Count, Steps * 3 / 4, Steps);
        Assert.All(named, found => Assert.Equal(AttentionRow.Of(new(found.Step), Dims, 1, Tokens).Position % Ranks, found.Rank));
    }

    // Position p is of rank p mod 3: the first has one token more than the others. A group for each update, since one that finds something leaves the others waiting.
    private static List<(int Step, int Rank)> Looked(int spoilt)
    {
        var named = new List<(int, int)>();
        for (var step = 0; step < Steps; step++)
        {
            RankGroup.Run(RankGroup.Options(TransportKind.Loopback), Ranks, self =>
            {
                var rank = self.Communicator.Rank;
                try
                {
                    Look(self, step, spoilt == rank);
                }
                catch (RecomputationException)
                {
                    lock (named)
                    {
                        named.Add((step, rank));
                    }
                }
            });
        }

        return named;
    }

    private static void Look(TestRank self, int step, bool isSpoilt)
    {
        var whole = new Whole(self, step);
        int[] positions = [.. Enumerable.Range(0, Tokens).Where(position => position % Ranks == self.Communicator.Rank)];
        var attention = new Part(whole, positions, self.Device);
        var place = new StageSeat(attention, positions, 0, 1, self.Communicator);
        using var recomputed = new RecomputedAttention(attention, self.Device, Dims, place, 1);
        var v = attention.Of(whole.V);
        if (isSpoilt)
        {
            self.Device.Fill(3, v.Slice(1, 0, 1));
        }

        recomputed.Begin(new TrainStep(step), 1, Tokens);
        var output = self.Floats((long)positions.Length * Dims.Heads * Dims.HeadSize).Reshape(1, positions.Length, Dims.Heads, Dims.HeadSize);
        var lse = self.Floats((long)positions.Length * Dims.Heads).Reshape(1, positions.Length, Dims.Heads);
        recomputed.Forward(attention.Of(whole.Q), attention.Of(whole.K), v, new SequenceMasks(1), new AttentionLayer(0, 0), Whole.Scale, output, lse);
    }

    /// <summary>The whole sequence, as every rank makes it for itself.</summary>
    private sealed class Whole
    {
        internal const double Scale = 0.2;

        internal Whole(TestRank self, int seed)
        {
            var random = new Random(seed);
            (Q, K, V) = (Numbers(self, random, Dims.Heads), Numbers(self, random, Dims.KvHeads), Numbers(self, random, Dims.KvHeads));
            Output = self.Floats((long)Tokens * Dims.Heads * Dims.HeadSize).Reshape(1, Tokens, Dims.Heads, Dims.HeadSize);
            Lse = self.Floats((long)Tokens * Dims.Heads).Reshape(1, Tokens, Dims.Heads);
            new LocalAttention(self.Device).Forward(Q, K, V, new SequenceMasks(1), new AttentionLayer(0, 0), Scale, Output, Lse);
        }

        internal Tensor Q { get; }

        internal Tensor K { get; }

        internal Tensor V { get; }

        internal Tensor Output { get; }

        internal Tensor Lse { get; }

        private static Tensor Numbers(TestRank self, Random random, int heads)
        {
            var numbers = new float[Tokens * heads * Dims.HeadSize];
            for (var at = 0; at < numbers.Length; at++)
            {
                numbers[at] = (float)((random.NextDouble() * 2) - 1);
            }

            return self.Floats(numbers).Reshape(1, Tokens, heads, Dims.HeadSize);
        }
    }

    /// <summary>This rank's rows of what the whole comes to.</summary>
    private sealed class Part(Whole whole, int[] positions, ComputeDevice device) : IAttentionStrategy
    {
        public void Forward(in Tensor q, in Tensor k, in Tensor v, SequenceMasks masks, AttentionLayer layer, double softmaxScale, in Tensor output, in Tensor lse)
        {
            Take(whole.Output, output);
            Take(whole.Lse, lse);
        }

        public void Backward(
            in Tensor q, in Tensor k, in Tensor v, in Tensor dout, in Tensor lse, in Tensor delta, SequenceMasks masks, AttentionLayer layer, double softmaxScale,
            in Tensor dq, in Tensor dk, in Tensor dv) =>
            throw new NotSupportedException();

        internal Tensor Of(in Tensor all)
        {
            var part = Tensor.Of(device.CreateBuffer(positions.Length * all.Size(2) * all.Size(3) * sizeof(float)), 0, ElementType.Float32, 1, positions.Length, all.Size(2), all.Size(3));
            Take(all, part);
            return part;
        }

        private void Take(in Tensor all, in Tensor part)
        {
            for (var t = 0; t < positions.Length; t++)
            {
                device.Copy(all.Slice(1, positions[t], 1), part.Slice(1, t, 1));
            }
        }
    }
}
