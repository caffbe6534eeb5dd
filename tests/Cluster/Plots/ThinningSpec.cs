using ActorRing.Cluster.Hosting.Plots;

namespace ActorRing.Cluster.Specs.Plots;

public class ThinningSpec
{
    [Fact]
    public void Thinning_must_keep_first_least_greatest_and_last_of_each_column_in_their_order()
    {
        PlotPoint[] points = [new(0.0, 5), new(0.1, 9), new(0.2, 6), new(0.3, 1), new(0.4, 7), new(0.5, 4), new(1.2, 3), new(1.4, 3)];

        var piece = Assert.Single(Thinning.Pieces(points));

        Assert.Equal([5, 9, 1, 4, 3, 3], piece.Select(point => point.Y));
    }

    [Fact]
    public void Thinning_must_not_bridge_a_gap_even_within_a_column()
    {
        PlotPoint[] points = [new(0.1, double.NaN), new(0.2, 1), new(0.3, double.NaN), new(0.4, 2), new(1.5, 3), new(2.5, double.PositiveInfinity)];

        Assert.Equal([[1.0], [2.0, 3.0]], Thinning.Pieces(points).Select(piece => piece.Select(point => point.Y).ToArray()));
    }

    [Fact]
    public void Thinning_must_keep_at_most_four_points_a_column_and_the_same_extremes()
    {
        var random = new Random(3);
        var points = Enumerable.Range(0, 10_000).Select(i => new PlotPoint(i * 700 / 10_000.0, random.NextDouble())).ToArray();

        var piece = Assert.Single(Thinning.Pieces(points));

        Assert.InRange(piece.Count, 2 * 700, 4 * 700);
        Assert.Equal(Extremes(points), Extremes(piece));

        static IEnumerable<(double, double)> Extremes(IEnumerable<PlotPoint> all) =>
            all.GroupBy(point => Math.Floor(point.X)).Select(column => (column.Min(point => point.Y), column.Max(point => point.Y)));
    }

    [Fact]
    public void Means_must_leave_out_what_is_not_finite_and_be_a_gap_where_nothing_is()
    {
        var (x, y) = Thinning.Means([0, 1, 2, 3, 8, 9, 10], [1, double.NaN, 3, 5, 7, 9, 11], 5);

        Assert.Equal([0, 2.5, 5, 7, 9], x);
        Assert.Equal([1, 4, double.NaN, double.NaN, 9], y);
    }
}
