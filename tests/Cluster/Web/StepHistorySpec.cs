using ActorRing.Cluster.Hosting.Web;

namespace ActorRing.Cluster.Specs.Web;

public sealed class StepHistorySpec
{
    private readonly StepHistory _history = new();

    [Fact]
    public void History_must_keep_every_update_while_there_are_few()
    {
        Add(1, StepHistory.Most);
        Assert.Equal(Enumerable.Range(1, StepHistory.Most).Select(step => (long)step), _history.Points.Select(point => point.Step));
    }

    [Fact]
    public void History_must_stay_bounded_and_keep_peaks_when_updates_are_many()
    {
        for (var step = 1; step <= 10_000; step++)
        {
            _history.Add(Point(step, loss: step == 1234 ? 99 : step == 4321 ? -99 : 2 + Math.Sin(step), norm: step == 2345 ? 77 : 1));
        }

        Assert.InRange(_history.Points.Count, StepHistory.Most / 2, StepHistory.Most);
        Assert.Equal(1, _history.Points[0].Step);
        Assert.Equal(10_000, _history.Points[^1].Step);
        Assert.Contains(_history.Points, point => point.Step == 1234 && point.Loss == 99);
        Assert.Contains(_history.Points, point => point.Step == 4321 && point.Loss == -99);
        Assert.Contains(_history.Points, point => point.Step == 2345 && point.GradientNorm == 77);
        Assert.All(_history.Points.Zip(_history.Points.Skip(1)), pair => Assert.True(pair.First.Step < pair.Second.Step));
    }

    [Fact]
    public void History_must_keep_a_value_that_is_no_number_when_it_is_thinned()
    {
        for (var step = 1; step <= 3_000; step++)
        {
            _history.Add(Point(step, loss: step == 700 ? double.NaN : 2));
        }

        Assert.Contains(_history.Points, point => point.Step == 700 && double.IsNaN(point.Loss));
    }

    [Fact]
    public void History_must_replace_what_is_done_again_and_say_from_where_to_where()
    {
        Add(1, 10);
        _history.Add(Point(7, loss: 5));
        Assert.Equal([1, 2, 3, 4, 5, 6, 7], _history.Points.Select(point => point.Step));
        Assert.Equal(5, _history.Points[^1].Loss);
        Assert.Equal([(7L, 10L)], _history.Recoveries);
    }

    private static StepPoint Point(long step, double loss = 2, double norm = 1) => new(step, loss, norm, 100, 0.5, 0.1, false);

    private void Add(int from, int to)
    {
        for (var step = from; step <= to; step++)
        {
            _history.Add(Point(step));
        }
    }
}
