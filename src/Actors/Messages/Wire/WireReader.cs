using System.Collections.Immutable;
using System.Text;
using System.Text.Unicode;
using ActorRing.Actors.Ids;

namespace ActorRing.Actors.Messages.Wire;

/// <summary>
/// Reads what <see cref="WireWriter"/> wrote, and survives everything else: the first thing wrong is kept in <see cref="Error"/>, and every later read gives
/// an empty value.
/// </summary>
internal ref struct WireReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    internal WireError Error { get; private set; }

    internal readonly int Left => _rest.Length;

    internal void Fail(WireError error)
    {
        Error = Error == WireError.None ? error : Error;
        _rest = [];
    }

    internal byte U8()
    {
        var taken = Take(1);
        return taken.IsEmpty ? (byte)0 : taken[0];
    }

    internal bool Flag() => U8(1) == 1;

    /// <summary>An enumeration's value, up to its last one.</summary>
    internal byte U8(byte last)
    {
        var value = U8();
        if (value > last)
        {
            Fail(WireError.OutOfRange);
            return 0;
        }

        return value;
    }

    internal ushort U16() => (ushort)Number(2);

    internal int I32() => (int)(uint)Number(4);

    internal long I64() => (long)Number(8);

    /// <summary>A number that counts something: not negative.</summary>
    internal long Natural()
    {
        var value = I64();
        if (value < 0)
        {
            Fail(WireError.OutOfRange);
            return 0;
        }

        return value;
    }

    internal TimeSpan Duration() => new(Natural());

    internal double F64() => BitConverter.Int64BitsToDouble(I64());

    internal TimeSpan Time() => new(I64());

    internal StateDigest Digest() => new(Number(8));

    internal RingEpoch Epoch() => new(I64(), I64());

    internal MemberId Member() => new(String(), I64());

    internal string String()
    {
        var taken = Run(WireLimits.StringBytes, WireError.StringTooLong);
        if (taken.IsEmpty)
        {
            return "";
        }

        if (!Utf8.IsValid(taken))
        {
            Fail(WireError.NotUtf8);
            return "";
        }

        return Encoding.UTF8.GetString(taken);
    }

    internal ImmutableArray<byte> Blob() => [.. Run(WireLimits.BlobBytes, WireError.TooManyEntries)];

    /// <summary>Length of a list that the rest of the frame can really hold.</summary>
    /// <param name="leastBytes">Of one entry.</param>
    /// <param name="most">Entries that it may have.</param>
    internal int Count(int leastBytes, int most = WireLimits.Entries)
    {
        var count = I32();
        if (count < 0 || count > most || (long)count * leastBytes > _rest.Length)
        {
            Fail(WireError.TooManyEntries);
            return 0;
        }

        return count;
    }

    private ReadOnlySpan<byte> Run(int limit, WireError tooLong)
    {
        var count = I32();
        if (count < 0 || count > limit)
        {
            Fail(tooLong);
            return [];
        }

        return Take(count);
    }

    private ulong Number(int bytes)
    {
        var taken = Take(bytes);
        ulong value = 0;
        for (var at = 0; at < taken.Length; at++)
        {
            value |= (ulong)taken[at] << (8 * at);
        }

        return value;
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _rest.Length)
        {
            Fail(WireError.Truncated);
            return [];
        }

        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }
}
