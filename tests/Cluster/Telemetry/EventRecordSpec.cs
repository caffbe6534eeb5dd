using System.Text;
using ActorRing.Cluster.Hosting.Telemetry.TensorBoard;

namespace ActorRing.Cluster.Specs.Telemetry;

public class EventRecordSpec
{
    // Test vectors of RFC 3720, B.4, and the usual check value.
    public static TheoryData<byte[], uint> Known => new()
    {
        { Encoding.ASCII.GetBytes("123456789"), 0xe3069283 },
        { new byte[32], 0x8a9136aa },
        { Enumerable.Repeat((byte)0xff, 32).ToArray(), 0x62a8ab43 },
        { Enumerable.Range(0, 32).Select(i => (byte)i).ToArray(), 0x46dd794e },
        { Enumerable.Range(0, 32).Select(i => (byte)(31 - i)).ToArray(), 0x113fdb5c },
        { [], 0 },
    };

    [Theory]
    [MemberData(nameof(Known))]
    public void Crc32C_must_have_the_published_values(byte[] bytes, uint crc) => Assert.Equal((crc, crc), (Crc32C.Of(bytes), EventReader.SlowCrc(bytes)));

    [Fact]
    public void EventRecord_must_be_read_back_by_an_independent_reader()
    {
        byte[] file =
        [
            .. EventRecord.FileVersion(FixedTime.Moment),
            .. EventRecord.Start(FixedTime.Moment, 300),
            .. EventRecord.Scalars(FixedTime.Moment, 300, [("train/loss", 2.5), ("train/grad_norm", double.NaN)]),
            .. EventRecord.Scalars(FixedTime.Moment, long.MaxValue, []),
        ];
        var events = EventReader.Read(file);
        Assert.All(events, one => Assert.Equal(1_700_000_000.25, one.WallTime));
        Assert.Equal([0, 300, 300, long.MaxValue], events.Select(one => one.Step));
        Assert.Equal("brain.Event:2", events[0].FileVersion);
        Assert.Equal(1, events[1].SessionStatus);
        Assert.Equal((2.5f, float.NaN), (events[2].Scalars["train/loss"], events[2].Scalars["train/grad_norm"]));
        Assert.Empty(events[3].Scalars);
    }

    [Fact]
    public void EventRecord_must_be_refused_by_its_reader_when_any_byte_is_changed()
    {
        var record = EventRecord.Scalars(FixedTime.Moment, 1, [("a", 1)]);
        // The first bytes are the length: a wrong one ends the reading in another way.
        for (var i = 0; i < record.Length; i++)
        {
            var broken = record.ToArray();
            broken[i] ^= 1;
            Assert.ThrowsAny<Exception>(() => EventReader.Read(broken));
        }
    }
}
