using ActorRing.Cluster.Cli.Partitions;

namespace ActorRing.Cluster.Specs.Partitions;

public class PartitionSpec
{
    private const int Ranks = 3;
    private const int Spares = 1;

    private static readonly PartitionKind[] Kinds = Enum.GetValues<PartitionKind>();

    [Fact]
    public void Partitions_must_be_of_each_kind_before_any_comes_again_and_the_same_for_the_same_seed()
    {
        var partitions = Series(7, 10 * Kinds.Length);

        Assert.All(partitions.Chunk(Kinds.Length), round => Assert.Equal(Kinds, round.Select(partition => partition.Kind).Order()));
        Assert.Equal(partitions.Select(Text), Series(7, partitions.Count).Select(Text));
        Assert.NotEqual(partitions.Select(Text), Series(8, partitions.Count).Select(Text));
    }

    [Fact]
    public void Partitions_must_heal_every_link_that_they_cut_within_their_time()
    {
        Assert.All(Series(1, 20 * Kinds.Length), partition =>
        {
            Assert.InRange(partition.Lasts.TotalMilliseconds, 500, 3000);
            Assert.Equal(partition.Steps.OrderBy(step => step.At), partition.Steps);
            var cut = new HashSet<NetworkLink>();
            foreach (var step in partition.Steps)
            {
                Assert.All(step.Links, link => Assert.True(step.IsCut ? cut.Add(link) : cut.Remove(link)));
            }

            Assert.Empty(cut);
        });
    }

    [Fact]
    public void Partitions_must_cut_what_their_kind_says()
    {
        foreach (var partition in Series(2, 20 * Kinds.Length))
        {
            var links = partition.Steps.Where(step => step.IsCut).SelectMany(step => step.Links).ToList();
            var isMutual = links.All(link => links.Contains(new NetworkLink(link.To, link.From)));
            Assert.Equal(partition.Kind != PartitionKind.OneWay, isMutual);
            switch (partition.Kind)
            {
                case PartitionKind.Seed:
                    Assert.All(links, link => Assert.True(link.From == 0 || link.To == 0));
                    Assert.Equal(2 * (Ranks + Spares), links.Count);
                    break;
                case PartitionKind.Rank:
                    Assert.Equal(2 * (Ranks + Spares), links.Count);
                    Assert.InRange(Assert.Single(links.GroupBy(link => link.From), from => from.Count() == Ranks + Spares).Key, 1, Ranks);
                    break;
                case PartitionKind.Halves:
                    Assert.Equal(2 * 2 * 3, links.Count);
                    break;
                case PartitionKind.OneWay:
                    Assert.Single(links.Select(link => link.From).Distinct());
                    break;
                case PartitionKind.Data:
                    Assert.Equal(2, links.Count);
                    Assert.All(links, link => Assert.InRange(link.From, 1, Ranks));
                    break;
                case PartitionKind.Swizzled:
                    Assert.InRange(partition.Steps.Count(step => step.IsCut), 2, 10);
                    break;
            }
        }
    }

    private static IReadOnlyList<Partition> Series(int seed, int count) => [.. Partition.Series(Ranks, Spares, seed).Take(count)];

    private static string Text(Partition partition) => $"{partition.Kind}: {string.Join(' ', partition.Steps.Select(step => $"{step.At} {step.IsCut} {step.Unplugged} {string.Join(',', step.Links)}"))}";
}
