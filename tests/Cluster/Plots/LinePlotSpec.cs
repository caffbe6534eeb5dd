using System.Globalization;
using System.Xml.Linq;
using ActorRing.Cluster.Hosting.Plots;

namespace ActorRing.Cluster.Specs.Plots;

public class LinePlotSpec
{
    private static readonly PlotAxis Step = new("Train step", "updates");
    private static readonly PlotAxis Loss = new("Loss", "nats a token");

    [Fact]
    public void LinePlot_must_name_each_line_in_the_legend_and_at_its_end_and_its_axes_with_units()
    {
        var svg = Plot(Series("one", 3, 2, 1), Series("two", 5, 4, 3)).ToSvg();

        Assert.Equal(2, Texts(svg).Count(text => text == "one"));
        Assert.Equal(2, Texts(svg).Count(text => text == "two"));
        Assert.Contains("Train step (updates)", Texts(svg));
        Assert.Contains("Loss (nats a token)", Texts(svg));
    }

    [Fact]
    public void LinePlot_must_tell_twelve_lines_apart_without_their_colours()
    {
        var looks = Enumerable.Range(0, 12).Select(i => string.Join(' ', PlotPalette.Dash(i)) + "/" + string.Join(' ', PlotPalette.Marker(i, default, 1))).ToArray();

        Assert.Equal(12, looks.Distinct().Count());
        Assert.All(Enumerable.Range(0, 6), i => Assert.InRange(PlotPalette.Color(i).Contrast(PlotColor.Ground), 3.5, 21));
    }

    [Fact]
    public void LinePlot_must_number_lines_whose_names_are_too_long_for_their_ends()
    {
        var texts = Texts(Plot(Series("output/7B_0.7M_bs_7M_rope_500M_step_100", 3, 2), Series("b", 1, 2)).ToSvg());

        Assert.Contains("1: output/7B_0.7M_bs_7M_rope_500M_step_100", texts);
        Assert.Contains("1", texts);
        Assert.Contains("2: b", texts);
    }

    [Fact]
    public void LinePlot_must_say_no_data_when_there_is_none()
    {
        Assert.Contains("no data", Texts(Plot().ToSvg()));
        Assert.Contains("no data", Texts(Plot(Series("a")).ToSvg()));
        Assert.Contains("no data", Texts(Plot(Series("a", double.NaN, double.PositiveInfinity)).ToSvg()));
        Assert.Contains("2 points without a number left out", Texts(Plot(Series("a", double.NaN, double.PositiveInfinity)).ToSvg()));
        Assert.DoesNotContain("no data", Texts(Plot(Series("a", 1)).ToSvg()));
    }

    [Theory]
    [InlineData(2.5)]
    [InlineData(0)]
    [InlineData(-1e-9)]
    [InlineData(1e12)]
    public void LinePlot_must_put_a_lone_number_inside_of_its_axes(double value)
    {
        foreach (var scale in new[] { AxisScale.Linear, AxisScale.Logarithmic }.Where(scale => scale == AxisScale.Linear || value > 0))
        {
            var svg = XElement.Parse((Plot(Series("a", value)) with { Y = Loss with { Scale = scale } }).ToSvg());
            var marker = svg.Elements().Last(element => element.Name.LocalName == "polygon");

            Assert.All(marker.Attribute("points")!.Value.Split(' ', ','), number => Assert.InRange(double.Parse(number, CultureInfo.InvariantCulture), 0, 960));
        }
    }

    [Fact]
    public void LinePlot_must_leave_a_gap_where_a_number_is_missing_and_a_dot_for_a_point_between_two()
    {
        var lines = Strong(Plot(Series("a", 1, 2, double.NaN, 4, double.NaN, 5, 6)).ToSvg());

        Assert.Equal([2, 2], lines.Select(line => line.Split(' ').Length));
    }

    [Fact]
    public void LinePlot_must_thin_many_points_and_say_how()
    {
        var many = Enumerable.Range(0, 10_000).Select(i => Math.Sin(i * 0.7) + (1000.0 / (i + 100))).ToArray();
        var svg = Plot(Series("a", many)).ToSvg();

        Assert.InRange(svg.Length, 10_000, 100_000);
        Assert.Contains("pale: every point; strong: mean of each hundredth of the line", Texts(svg));
        Assert.Equal(100, Assert.Single(Strong(svg)).Split(' ').Length);
    }

    [Fact]
    public void LinePlot_must_mark_events_and_name_them()
    {
        var plot = Plot(Series("a", 5, 4, 3, 2) with { Events = [2, 99] }) with { EventName = "rank lost" };
        var dashed = XElement.Parse(plot.ToSvg()).Elements().Count(element => element.Attribute("stroke-dasharray")?.Value == "3 3");

        // One in the legend, one in the plot; the one at 99 lies outside.
        Assert.Equal(2, dashed);
        Assert.Contains("rank lost", Texts(plot.ToSvg()));
    }

    [Fact]
    public void LinePlot_must_leave_out_what_a_logarithmic_axis_cannot_show()
    {
        var plot = Plot(Series("a", 1, 0, 100, -5, 10)) with { Y = Loss with { Scale = AxisScale.Logarithmic } };

        Assert.Contains("2 points without a number left out", Texts(plot.ToSvg()));
        Assert.Contains("100", Texts(plot.ToSvg()));
    }

    [Fact]
    public void LinePlot_must_put_marks_at_context_lengths()
    {
        var series = new LineSeries("a", [4096, 8192, 1048576], [5, 4, 3]);
        var plot = new LinePlot("t", new PlotAxis("Context length", "") { IsLength = true, Scale = AxisScale.Logarithmic }, Loss, [series]);

        Assert.All(new[] { "4K", "8K", "1M", "Context length (tokens, K = 1,024)" }, text => Assert.Contains(text, Texts(plot.ToSvg())));
    }

    [Fact]
    public void LinePlot_must_be_one_well_formed_element_whatever_its_names_are()
    {
        var svg = Plot(Series("<a> & \"b\" \u0001 \ud800 ü", 1, 2)).ToSvg();

        Assert.Contains("<a> & \"b\" ? \ufffd ü", Texts(svg));
    }

    [Fact]
    public void LinePlot_must_be_a_png_of_twice_the_size()
    {
        var png = PngReader.Read(Plot(Series("a", 1, 2), Series("b", 2, 1)).ToPng());
        var svg = XElement.Parse(Plot(Series("a", 1, 2), Series("b", 2, 1)).ToSvg());

        Assert.Equal((svg.Attribute("width")!.Value, svg.Attribute("height")!.Value), ((png.Width / 2).ToString(CultureInfo.InvariantCulture), (png.Height / 2).ToString(CultureInfo.InvariantCulture)));
        Assert.Contains("0072b2", Enumerable.Range(0, png.Width * png.Height).Select(i => png.At(i % png.Width, i / png.Width)));
    }

    [Theory]
    [InlineData("10 30 50", "10 30 50")]
    [InlineData("10 20 30", "10 25 40")]
    [InlineData("10 10 10", "10 25 40")]
    [InlineData("95 96 99", "70 85 100")]
    [InlineData("50 51 90", "50 65 90")]
    public void End_labels_must_stand_apart_and_inside(string places, string expected) =>
        Assert.Equal(expected.Split(' ').Select(Parse), LineDrawing.Spread([.. places.Split(' ').Select(Parse)], 0, 100));

    [Theory]
    [InlineData("1 2", "1")]
    [InlineData("2 1", "1 2")]
    [InlineData("1 NaN", "1 2")]
    public void LineSeries_must_refuse_x_that_falls_or_is_missing(string x, string y)
    {
        var fault = Assert.Throws<ArgumentException>(() => new LineSeries("s", [.. x.Split(' ').Select(Parse)], [.. y.Split(' ').Select(Parse)]));

        Assert.Contains("allowed: ", fault.Message, StringComparison.Ordinal);
    }

    private static double Parse(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    private static LinePlot Plot(params LineSeries[] series) => new("Title", Step, Loss, series);

    private static LineSeries Series(string name, params double[] y) => new(name, [.. Enumerable.Range(1, y.Length).Select(i => (double)i)], y);

    private static string[] Texts(string svg) => [.. XElement.Parse(svg).Elements().Where(element => element.Name.LocalName == "text").Select(element => element.Value)];

    // The legend's sample comes first.
    private static string[] Strong(string svg) => [.. XElement.Parse(svg).Elements()
        .Where(element => element.Name.LocalName == "polyline" && element.Attribute("stroke-width")!.Value == "2").Skip(1).Select(element => element.Attribute("points")!.Value)];
}
