using ActorRing.Cluster.Hosting.Plots;
using ActorRing.Cluster.Hosting.Plots.Png;

namespace ActorRing.Cluster.Specs.Plots;

public class PngSpec
{
    [Fact]
    public void Crc32_must_be_the_check_value_of_the_standard() => Assert.Equal(0xCBF43926, Crc32.Of("1234"u8, "56789"u8));

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 2)]
    [InlineData(257, 65)]
    public void PngFile_must_hold_the_same_pixels_when_an_independent_reader_reads_it(int width, int height)
    {
        var pixels = new byte[width * height * 3];
        new Random(7).NextBytes(pixels);

        var read = PngReader.Read(PngFile.Of(width, height, pixels, 192));

        Assert.Equal((width, height, 7559), (read.Width, read.Height, read.DotsPerMetre));
        Assert.Equal(pixels, read.Pixels);
    }

    [Fact]
    public void PngSurface_must_paint_this_picture()
    {
        var surface = new PngSurface(16, 9);
        surface.Rectangle(new PlotPoint(0, 0), 2, 1, PlotColor.Ink);
        surface.Text(new PlotPoint(4, 4), "aR", new TextStyle(6, PlotColor.Ink));
        surface.Line([new PlotPoint(11, 0.5), new PlotPoint(11, 8.5)], PlotColor.Ink, 1, [2, 2]);
        surface.Polygon([new PlotPoint(12.5, 2), new PlotPoint(15.5, 2), new PlotPoint(15.5, 6)], PlotColor.Ink);

        GoldenFile.MustBe("plots/surface.txt", string.Concat(PngReader.Read(surface.ToFile()).Art().Select(row => row + "\n")));
    }

    [Fact]
    public void BitmapFont_must_draw_every_letter_in_its_own_way()
    {
        var letters = Enumerable.Range('!', '~' - '!' + 1).Select(letter => string.Concat(BitmapFont.Dots((char)letter).Cast<bool>().Select(dot => dot ? '#' : '.'))).ToArray();

        Assert.All(letters, letter => Assert.Contains('#', letter));
        Assert.Equal(letters.Length, letters.Distinct().Count());
    }

    [Fact]
    public void BitmapFont_must_draw_a_box_for_a_letter_that_it_lacks()
    {
        Assert.Equal(BitmapFont.Coverage('\u00fc', 2), BitmapFont.Coverage('\u4e2d', 2));
        Assert.Contains(BitmapFont.Coverage('\u00fc', 2), coverage => coverage == 255);
        Assert.DoesNotContain(BitmapFont.Coverage(' ', 2), coverage => coverage != 0);
    }

    [Theory]
    [InlineData(0, "0-10")]
    [InlineData(3, "0-3 5-8")]
    public void DashedPath_must_cut_a_line_with_a_corner_by_its_length(int dash, string expected)
    {
        PlotPoint[] corner = [new(0, 0), new(4, 0), new(4, 6)];

        var pieces = DashedPath.Pieces(corner, dash == 0 ? [] : [dash, 2]).ToArray();

        // Along the line: x until the corner, then 4 more than y.
        var joined = new List<(double From, double To)>();
        foreach (var (from, to) in pieces)
        {
            var piece = (From: from.X + from.Y, To: to.X + to.Y);
            if (joined.Count > 0 && joined[^1].To == piece.From)
            {
                piece = (joined[^1].From, piece.To);
                joined.RemoveAt(joined.Count - 1);
            }

            joined.Add(piece);
        }

        Assert.Equal(expected, string.Join(' ', joined.Select(piece => $"{piece.From:0}-{piece.To:0}")));
    }
}
