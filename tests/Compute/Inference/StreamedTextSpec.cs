using System.Text;
using ActorRing.Compute.Inference;
using ActorRing.Compute.Tokenizers;

namespace ActorRing.Compute.Specs.Inference;

public class StreamedTextSpec
{
    [Fact]
    public void Text_must_come_with_the_last_byte_of_a_character()
    {
        var text = new StreamedText(new ByteTokenizer(), [256, 97]);

        Assert.Equal(["b", "", "é", "", "", "", "😀", ""], Encoding.UTF8.GetBytes("bé😀").Append((byte)0xE2).Select(id => text.Add(id)));
        Assert.Equal("\uFFFD", text.End());
        Assert.Equal("", text.End());
    }

    [Fact]
    public void Pieces_must_add_up_to_the_text_whatever_bytes_a_model_writes()
    {
        var random = new Random(4);
        for (var round = 0; round < 50; round++)
        {
            // Mostly letters and characters of several bytes, some bytes that are none, special tokens between.
            var ids = Enumerable.Range(0, 60).SelectMany(_ => random.Next(5) switch
            {
                0 => [random.Next(258)],
                1 => Encoding.UTF8.GetBytes("€").Select(unit => (int)unit),
                _ => (IEnumerable<int>)[random.Next(97, 123)],
            }).ToArray();
            var text = new StreamedText(new ByteTokenizer(), [104, 105]);

            var pieces = string.Concat(ids.Select(text.Add)) + text.End();

            Assert.Equal(new ByteTokenizer().Decode(ids, skipSpecialTokens: true), pieces);
        }
    }

    [Fact]
    public void Text_must_come_out_at_last_when_a_model_writes_nothing_but_broken_bytes()
    {
        var text = new StreamedText(new ByteTokenizer(), [97]);
        var pieces = Enumerable.Range(0, 200).Select(_ => text.Add(0xFF)).ToArray();

        Assert.Equal(3, pieces.Count(piece => piece.Length > 0));
        Assert.Equal(200, string.Concat(pieces).Length + text.End().Length);
    }
}
