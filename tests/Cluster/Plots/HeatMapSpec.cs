using System.Globalization;
using System.Xml.Linq;
using ActorRing.Cluster.Hosting.Plots;
using ActorRing.Compute.Evaluation.Needle;

namespace ActorRing.Cluster.Specs.Plots;

public class HeatMapSpec
{
    private static readonly double[] Scores = [0, 0.25, 1, double.NaN];

    [Fact]
    public void HeatMap_must_have_a_number_in_every_cell_and_titles_with_units()
    {
        var texts = Texts(Small().ToSvg());

        Assert.Equal(["0.00", "0.25", "1.00", "-"], texts.Where(text => text is "-" || (text.Length == 4 && text[1] == '.')).Take(4));
        Assert.Contains("Needle: <tiny> & co", texts);
        Assert.Contains("mean score 0.417 over 3 of 4 cells, 5 samples a cell", texts);
        Assert.Contains("Context length (tokens, K = 1,024)", texts);
        Assert.Contains("Depth (%)", texts);
        Assert.Contains("score", texts);
        Assert.Contains("4K", texts);
        Assert.Contains("1M", texts);
    }

    [Fact]
    public void HeatMap_must_be_this_very_svg_when_it_is_small() =>
        GoldenFile.MustBe("plots/heatmap-2x2.svg", Small().ToSvg());

    [Fact]
    public void HeatMap_must_bring_nothing_into_a_page_that_could_meet_others()
    {
        var svg = XElement.Parse(Small().ToSvg());

        Assert.Equal("svg", svg.Name.LocalName);
        Assert.All(svg.DescendantsAndSelf(), element => Assert.DoesNotContain(element.Attributes(), attribute => attribute.Name.LocalName is "id" or "class" or "style" or "href"));
        Assert.All(svg.Descendants(), element => Assert.Contains(element.Name.LocalName, new[] { "title", "rect", "polyline", "polygon", "text" }));
    }

    [Fact]
    public void HeatMap_must_paint_the_cells_of_the_png_in_the_colours_of_the_svg()
    {
        var cells = XElement.Parse(Small().ToSvg()).Elements().Where(element => element.Name.LocalName == "rect").Skip(1).Take(4).ToArray();
        var png = PngReader.Read(Small().ToPng());

        Assert.Equal(["#f0496e", "#ee8054", "#0cd79f", "#eef0f2"], cells.Select(cell => cell.Attribute("fill")!.Value));
        Assert.All(cells, cell => Assert.Equal(cell.Attribute("fill")!.Value, "#" + png.At((int)(2 * Number(cell, "x")) + 4, (int)(2 * Number(cell, "y")) + 4)));
    }

    [Fact]
    public void HeatMap_must_write_numbers_that_can_be_read_on_every_colour_of_the_ramp() =>
        Assert.All(Enumerable.Range(0, 101), percent => Assert.InRange(HeatMap.ColorOf(percent / 100.0).Contrast(HeatMap.ColorOf(percent / 100.0).TextOn()), 4.5, 21));

    [Theory]
    [InlineData(0, "#f0496e")]
    [InlineData(0.5, "#ebb839")]
    [InlineData(1, "#0cd79f")]
    public void HeatMap_must_use_the_ramp_of_the_field(double score, string expected) => Assert.Equal(expected, HeatMap.ColorOf(score).Hex);

    [Fact]
    public void HeatMap_must_give_the_same_bytes_again()
    {
        Assert.Equal(Small().ToSvg(), Small().ToSvg());
        Assert.Equal(Small().ToPng(), Small().ToPng());
    }

    [Fact]
    public void HeatMap_must_show_means_and_gaps_when_cells_are_there_twice_or_not_at_all()
    {
        var map = HeatMap.Of("m", [Cell(1024, 0, 1), Cell(1024, 0, 0), Cell(2048, 50, 1) with { Samples = 4 }]);
        var texts = Texts(map.ToSvg());

        Assert.Equal(["0.50", "-", "-", "1.00"], texts.Where(text => text is "-" || (text.Length == 4 && text[1] == '.')).Take(4));
        Assert.Contains("mean score 0.750 over 2 of 4 cells, 2 to 4 samples a cell", texts);
        Assert.Equal(0.75, map.Mean);
    }

    [Theory]
    [InlineData(2, 2, 3, 0.5)]
    [InlineData(0, 2, 0, 0.5)]
    [InlineData(1, 1, 1, 1.5)]
    [InlineData(1, 1, 1, -0.1)]
    [InlineData(257, 1, 257, 0.5)]
    public void HeatMap_must_refuse_what_it_cannot_show(int lengths, int depths, int scores, double score)
    {
        var fault = Assert.Throws<ArgumentException>(() => new HeatMap(
            "t", "", [.. Enumerable.Range(1, lengths).Select(i => (long)i)], [.. Enumerable.Range(1, depths).Select(i => (double)i)], [.. Enumerable.Repeat(score, scores)]));

        Assert.Contains("allowed: ", fault.Message, StringComparison.Ordinal);
    }

    private static HeatMap Small() => new("Needle: <tiny> & co", "5 samples a cell", [4096, 1048576], [0, 100], Scores);

    private static NeedleCell Cell(long length, double depth, double score) => new() { Model = "m", ContextLength = length, DepthPercent = depth, Score = score, Samples = 2 };

    private static double Number(XElement element, string name) => double.Parse(element.Attribute(name)!.Value, CultureInfo.InvariantCulture);

    private static string[] Texts(string svg) => [.. XElement.Parse(svg).Elements().Where(element => element.Name.LocalName == "text").Select(element => element.Value)];
}
