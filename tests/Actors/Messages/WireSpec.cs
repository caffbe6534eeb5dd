using ActorRing.Actors.Log;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Messages.Wire;

namespace ActorRing.Actors.Specs.Messages;

/// <summary>Bytes are a contract: with other versions, and with whoever sends us rubbish.</summary>
public class WireSpec
{
    private const int Mutants = 1_000_000;

    [Fact]
    public void Messages_must_have_the_bytes_that_they_have_always_had() => Assert.Equal(File.ReadAllLines("Golden/wire/messages.txt"),
        WireSamples.Messages.Select(message => $"{message.GetType().Name} {Convert.ToHexStringLower(MessageCodec.Encode(message))}"));

    [Fact]
    public void Records_must_have_the_bytes_that_they_have_always_had() => Assert.Equal(File.ReadAllLines("Golden/wire/records.txt"),
        WireSamples.Records.Select(record => $"{record.GetType().Name} {Convert.ToHexStringLower(LogCodec.Encode(record))}"));

    // A message that is added and forgotten here, or in the codec, fails one of these two.
    [Fact]
    public void Samples_must_be_of_every_message_and_every_record()
    {
        Assert.Equal(Kinds(typeof(Message)), WireSamples.Messages.Select(message => message.GetType().Name).Distinct().Order());
        Assert.Equal(Kinds(typeof(LogRecord)), WireSamples.Records.Select(record => record.GetType().Name).Distinct().Order());

        static IEnumerable<string> Kinds(Type of) => of.Assembly.GetTypes().Where(of.IsAssignableFrom).Where(type => type != of).Select(type => type.Name).Order();
    }

    [Fact]
    public void Decoding_must_give_back_what_was_encoded()
    {
        foreach (var message in WireSamples.Messages)
        {
            var bytes = MessageCodec.Encode(message);
            Assert.Equal(WireError.None, MessageCodec.TryDecode(bytes, out var decoded));
            Assert.IsType(message.GetType(), decoded);
            Assert.Equal(bytes, MessageCodec.Encode(decoded!));
        }

        foreach (var record in WireSamples.Records)
        {
            var bytes = LogCodec.Encode(record);
            Assert.Equal(WireError.None, LogCodec.TryDecode(bytes, out var decoded));
            Assert.Equal(bytes, LogCodec.Encode(decoded!));
        }
    }

    [Fact]
    public void Decoding_must_name_what_is_wrong()
    {
        var good = MessageCodec.Encode(new StaleTerm(4));
        Assert.Equal(WireError.Truncated, MessageCodec.TryDecode(good.AsSpan(0, good.Length - 1), out var none));
        Assert.Null(none);
        Assert.Equal(WireError.TrailingBytes, MessageCodec.TryDecode([.. good, 0], out _));
        Assert.Equal(WireError.NotAFrame, MessageCodec.TryDecode("GET / HTTP/1.1"u8, out _));
        Assert.Equal(WireError.OtherVersion, MessageCodec.TryDecode(Changed(good, 2, 9), out _));
        Assert.Equal(WireError.UnknownType, MessageCodec.TryDecode(Changed(good, 3, 250), out _));
        Assert.Equal(WireError.FrameTooLong, MessageCodec.TryDecode(new byte[WireLimits.FrameBytes + 1], out _));
        Assert.Equal(WireError.OutOfRange, MessageCodec.TryDecode(Changed(MessageCodec.Encode(new ControlJob("k", new(1), JobVerb.Pause)), ^1, 200), out _));
        var query = MessageCodec.Encode(new QueryJobs("k", 0));
        Assert.Equal(WireError.NotUtf8, MessageCodec.TryDecode(Changed(query, 9, 0xFF), out _));
        Assert.Equal(WireError.StringTooLong, MessageCodec.TryDecode(Changed(query, 8, 0x7F), out _));
        var start = MessageCodec.Encode(new StartEpoch(1, new(1, 1), [], ""));
        Assert.Equal(WireError.TooManyEntries, MessageCodec.TryDecode(Changed(start, ^7, 0x20), out _));
    }

    // Counts that run backwards, intervals that do not exist or come twice, more rows than a rank can have: none of it may reach a sum.
    [Fact]
    public void Summary_must_be_refused_when_its_counts_cannot_be()
    {
        Assert.Equal(WireError.None, Outcome(new(0, 1), new(247, 1)));
        Assert.Equal(WireError.OutOfRange, Outcome(new(5, 1), new(5, 1)));
        Assert.Equal(WireError.OutOfRange, Outcome(new(6, 1), new(5, 1)));
        Assert.Equal(WireError.OutOfRange, Outcome(new HopBucket(248, 1)));
        Assert.Equal(WireError.OutOfRange, Outcome(new HopBucket(1, 0)));
        Assert.Equal(WireError.OutOfRange, Outcome(new HopBucket(1, -1)));
        var rows = Enumerable.Range(0, 17).Select(peer => new HopTally(new(peer), 1, 0, TimeSpan.Zero, TimeSpan.Zero, [])).ToArray();
        Assert.Equal(WireError.None, MessageCodec.TryDecode(MessageCodec.Encode(new HopSummary(new(1, 1), 1, TimeSpan.Zero, [.. rows[..16]])), out _));
        Assert.Equal(WireError.TooManyEntries, MessageCodec.TryDecode(MessageCodec.Encode(new HopSummary(new(1, 1), 1, TimeSpan.Zero, [.. rows])), out _));

        static WireError Outcome(params HopBucket[] times) => MessageCodec.TryDecode(
            MessageCodec.Encode(new HopSummary(new(1, 1), 1, TimeSpan.Zero, [new(new(0), 1, 0, TimeSpan.Zero, TimeSpan.Zero, [.. times])])), out _);
    }

    // Every flip, cut, growth and splice of good frames: no exception, and no more memory than the frame's own length justifies.
    [Fact]
    public void Decoding_must_survive_a_million_mutated_frames()
    {
        var frames = WireSamples.Messages.Select(MessageCodec.Encode).Concat(WireSamples.Records.Select(LogCodec.Encode)).ToArray();
        var random = new Random(17);
        var buffer = new byte[4_096];
        long most = 0;
        var accepted = 0;
        for (var mutant = 0; mutant < Mutants; mutant++)
        {
            var frame = frames[random.Next(frames.Length)];
            frame.CopyTo(buffer, 0);
            var length = frame.Length;
            for (var change = random.Next(1, 5); change > 0; change--)
            {
                switch (random.Next(4))
                {
                    case 0:
                        buffer[random.Next(length)] = (byte)random.Next(256);
                        break;
                    case 1:
                        buffer[random.Next(length)] ^= (byte)(1 << random.Next(8));
                        break;
                    case 2:
                        length = random.Next(1, length + 1);
                        break;
                    default:
                        var other = frames[random.Next(frames.Length)];
                        other.CopyTo(buffer, Math.Min(length, 2_000));
                        length = Math.Min(length, 2_000) + other.Length;
                        break;
                }
            }

            var before = GC.GetAllocatedBytesForCurrentThread();
            accepted += MessageCodec.TryDecode(buffer.AsSpan(0, length), out _) == WireError.None ? 1 : 0;
            accepted += LogCodec.TryDecode(buffer.AsSpan(0, length), out _) == WireError.None ? 1 : 0;
            most = Math.Max(most, GC.GetAllocatedBytesForCurrentThread() - before - (16L * length));
        }

        Assert.InRange(most, long.MinValue, 64 * 1024);
        Assert.InRange(accepted, 1, Mutants);
    }

    [Fact]
    public void Hash_of_a_spec_must_change_with_every_field()
    {
        var spec = WireSamples.Spec;
        string[] hashes =
        [
            SpecCodec.Hash(spec), SpecCodec.Hash(spec with { Name = "b" }), SpecCodec.Hash(spec with { Payload = [1] }), SpecCodec.Hash(spec with { Ranks = 5 }),
            SpecCodec.Hash(spec with { MinRanks = 3 }), SpecCodec.Hash(spec with { TrainSteps = 99 }), SpecCodec.Hash(spec with { CheckpointEvery = 9 }),
            SpecCodec.Hash(spec with { Granularity = GrantGranularity.PerLayer }),
        ];
        Assert.Equal(hashes.Length, hashes.Distinct().Count());
        Assert.Equal(typeof(JobSpec).GetProperties().Length, hashes.Length - 1);
    }

    private static byte[] Changed(byte[] frame, Index at, byte value)
    {
        var changed = (byte[])frame.Clone();
        changed[at] = value;
        return changed;
    }
}
