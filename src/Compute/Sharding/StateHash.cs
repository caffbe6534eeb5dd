using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;

namespace ActorRing.Compute.Sharding;

/// <summary>
/// A fast hash of long runs of bytes against faults: bits that flip, pieces that are exchanged, lost or old. Not against attackers: whoever knows it can make another run with
/// the same hash. Files are hashed by SHA-256.
/// </summary>
/// <remarks>
/// <para>Eight sums of 64 bits, as in XXH3 (https://github.com/Cyan4973/xxHash, the loop over long inputs): from each stripe of 64 bytes, word w of lane i is added to the
/// neighbour's sum, and the product of the halves of w ^ key to the lane's own. Keys are another run of a table for each of 16 stripes; after these the sums are stirred,
/// which is reversible. So a run that differs in one word of a stripe certainly ends in other sums: the word itself is added to one of them, and nothing takes it away
/// again. At the end SHA-256 of the sums and the number of bytes.</para>
/// <para>Cost: a pass at about the speed of memory. The same result with and without vector units.</para>
/// </remarks>
internal sealed class StateHash
{
    internal const int StripeBytes = 64;
    internal const int ResultBytes = SHA256.HashSizeInBytes;

    private const int Lanes = StripeBytes / sizeof(ulong);
    private const int StripesPerBlock = 16;
    private const uint Prime = 0x9E3779B1;

    private readonly bool _isPlain;
    private readonly ulong[] _keys = MakeKeys();
    private readonly ulong[] _sums = new ulong[Lanes];
    private readonly byte[] _rest = new byte[StripeBytes];
    private int _restBytes;
    private int _stripe;
    private long _length;

    /// <param name="isPlain">Whether to compute without vectors: the reference.</param>
    internal StateHash(bool isPlain = false)
    {
        _isPlain = isPlain;
        Begin();
    }

    /// <summary>Takes the next bytes; how they are cut does not matter.</summary>
    internal void Append(ReadOnlySpan<byte> bytes)
    {
        _length += bytes.Length;
        if (_restBytes > 0)
        {
            var taken = Math.Min(StripeBytes - _restBytes, bytes.Length);
            bytes[..taken].CopyTo(_rest.AsSpan(_restBytes));
            _restBytes += taken;
            bytes = bytes[taken..];
            if (_restBytes < StripeBytes)
            {
                return;
            }

            Take(_rest);
            _restBytes = 0;
        }

        var whole = bytes.Length / StripeBytes * StripeBytes;
        Take(bytes[..whole]);
        bytes[whole..].CopyTo(_rest);
        _restBytes = bytes.Length - whole;
    }

    /// <summary>The hash of all bytes since the last one; begins anew.</summary>
    /// <param name="result"><see cref="ResultBytes"/> bytes.</param>
    internal void GetAndBegin(Span<byte> result)
    {
        if (_restBytes > 0)
        {
            _rest.AsSpan(_restBytes).Clear(); // the number of bytes tells it from a run that ends in zeros
            Take(_rest);
        }

        Span<byte> last = stackalloc byte[StripeBytes + sizeof(long)];
        for (var lane = 0; lane < Lanes; lane++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(last[(lane * sizeof(ulong))..], _sums[lane]);
        }

        BinaryPrimitives.WriteInt64LittleEndian(last[StripeBytes..], _length);
        SHA256.HashData(last, result);
        Begin();
    }

    private void Begin()
    {
        (_restBytes, _stripe, _length) = (0, 0, 0);
        _keys.AsSpan(0, Lanes).CopyTo(_sums);
    }

    private void Take(ReadOnlySpan<byte> stripes)
    {
        while (!stripes.IsEmpty)
        {
            var count = Math.Min(StripesPerBlock - _stripe, stripes.Length / StripeBytes);
            var run = stripes[..(count * StripeBytes)];
            if (_isPlain || !BitConverter.IsLittleEndian)
            {
                Accumulate(run, _stripe);
            }
            else
            {
                AccumulateVectors(run, _stripe);
            }

            stripes = stripes[run.Length..];
            _stripe += count;
            if (_stripe == StripesPerBlock)
            {
                Stir();
                _stripe = 0;
            }
        }
    }

    private void Accumulate(ReadOnlySpan<byte> stripes, int first)
    {
        for (var stripe = 0; stripe < stripes.Length / StripeBytes; stripe++)
        {
            for (var lane = 0; lane < Lanes; lane++)
            {
                var word = BinaryPrimitives.ReadUInt64LittleEndian(stripes[((stripe * StripeBytes) + (lane * sizeof(ulong)))..]);
                var keyed = word ^ _keys[first + stripe + lane];
                _sums[lane ^ 1] += word;
                _sums[lane] += (ulong)(uint)keyed * (keyed >> 32);
            }
        }
    }

    private void AccumulateVectors(ReadOnlySpan<byte> stripes, int first)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(stripes);
        ReadOnlySpan<ulong> keys = _keys;
        var (low, high) = (Vector256.Create<ulong>(_sums), Vector256.Create<ulong>(_sums.AsSpan(4)));
        for (var stripe = 0; stripe < words.Length / Lanes; stripe++)
        {
            var at = words.Slice(stripe * Lanes, Lanes);
            var key = keys.Slice(first + stripe, Lanes);
            low = Accumulate(low, Vector256.Create(at), Vector256.Create(key));
            high = Accumulate(high, Vector256.Create(at[4..]), Vector256.Create(key[4..]));
        }

        low.CopyTo(_sums);
        high.CopyTo(_sums.AsSpan(4));
    }

    private static Vector256<ulong> Accumulate(Vector256<ulong> sums, Vector256<ulong> words, Vector256<ulong> keys)
    {
        var keyed = words ^ keys;
        var halves = Vector256.ShiftRightLogical(keyed, 32);
        var product = Avx2.IsSupported ? Avx2.Multiply(keyed.AsUInt32(), halves.AsUInt32()) : (keyed & Vector256.Create<ulong>(uint.MaxValue)) * halves;
        return sums + product + Vector256.Shuffle(words, Vector256.Create(1UL, 0, 3, 2));
    }

    private void Stir()
    {
        for (var lane = 0; lane < Lanes; lane++)
        {
            var sum = _sums[lane];
            _sums[lane] = (sum ^ (sum >> 47) ^ _keys[StripesPerBlock + lane]) * Prime;
        }
    }

    // SplitMix64 from 1: numbers without a pattern.
    private static ulong[] MakeKeys()
    {
        var keys = new ulong[StripesPerBlock + Lanes];
        var state = 1UL;
        for (var at = 0; at < keys.Length; at++)
        {
            state += 0x9E3779B97F4A7C15;
            var mixed = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
            mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
            keys[at] = mixed ^ (mixed >> 31);
        }

        return keys;
    }
}
