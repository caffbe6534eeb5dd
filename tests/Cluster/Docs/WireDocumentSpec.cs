using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Messages.Wire;
using ActorRing.Cluster.Embedded.Wire;
using ActorRing.Cluster.Hosting.Engine;
using ActorRing.Cluster.Specs.Settings;

namespace ActorRing.Cluster.Specs.Docs;

/// <summary>The bytes that docs/wire.md shows are those that are sent.</summary>
public class WireDocumentSpec
{
    private static readonly KvBlockReady Message = new(new RingEpoch(3, 7), new TrainStep(41), 5);

    [Fact]
    public void The_message_must_be_what_its_encoder_writes() => Assert.Equal(Shown("message"), MessageCodec.Encode(Message));

    [Fact]
    public void The_frame_must_be_what_the_engine_sends()
    {
        var frame = WireFormat.Carry(new MemberRef("rank-1", 1001), MessageCodec.Encode(Message));
        frame[WireFormat.SequenceOffset] = 12;
        Assert.Equal(Shown("frame"), frame);
    }

    private static byte[] Shown(string name)
    {
        var text = File.ReadAllText(RepositoryFiles.Path("docs/wire.md"));
        var block = text[(text.IndexOf($"```hex {name}\n", StringComparison.Ordinal) + name.Length + 8)..];
        return [.. block[..block.IndexOf("```", StringComparison.Ordinal)].Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries).Select(digits => Convert.ToByte(digits, 16))];
    }
}
