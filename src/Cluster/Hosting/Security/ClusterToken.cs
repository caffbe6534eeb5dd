using System.Security.Cryptography;

namespace ActorRing.Cluster.Hosting.Security;

/// <summary>The 256-bit secret of a cluster, in a file of mode 0600. It never travels: each side proves that it knows it.</summary>
public sealed class ClusterToken
{
    internal const int Bytes = 32;
    private readonly byte[] _secret;

    private ClusterToken(byte[] secret) => _secret = secret;

    /// <summary>A new token, written nowhere.</summary>
    public static ClusterToken Create() => new(RandomNumberGenerator.GetBytes(Bytes));

    /// <summary>Reads the token of a file, making the file first if there is none. Concurrent callers get the same token.</summary>
    /// <exception cref="UnauthorizedAccessException">Others can read the file.</exception>
    /// <exception cref="InvalidDataException">The file does not hold 64 hexadecimal digits.</exception>
    public static ClusterToken ReadOrCreate(string path)
    {
        if (!File.Exists(path))
        {
            Write(path, NewText());
        }

        return Read(path);
    }

    /// <summary>Reads the token of a file.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="UnauthorizedAccessException">Others can read the file.</exception>
    /// <exception cref="InvalidDataException">The file does not hold 64 hexadecimal digits.</exception>
    public static ClusterToken Read(string path)
    {
        var digits = PrivateFile.Read(path, "token", (Bytes * 2) + 2).TrimEnd('\n');
        return digits.Length == Bytes * 2 && digits.All(char.IsAsciiHexDigit)
            ? new ClusterToken(Convert.FromHexString(digits))
            : throw new InvalidDataException($"{path}: is no token; 64 hexadecimal digits are allowed");
    }

    /// <summary>What the file of a new token holds, without the end of the line.</summary>
    internal static string NewText() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(Bytes));

    /// <summary>Proof that its maker knows the token and said these very bytes.</summary>
    internal byte[] Prove(ReadOnlySpan<byte> said) => HMACSHA256.HashData(_secret, said);

    /// <summary>Whether a proof is right; takes the same time either way.</summary>
    internal bool IsProof(ReadOnlySpan<byte> said, ReadOnlySpan<byte> proof) => CryptographicOperations.FixedTimeEquals(Prove(said), proof);

    private static void Write(string path, string digits)
    {
        // Complete before it has its name: another process never reads half a token, and the first one to link wins.
        var temporary = PrivateFile.Prepare(path, digits + "\n");
        try
        {
            File.Move(temporary, path, overwrite: false);
        }
        catch (IOException) when (File.Exists(path))
        {
            File.Delete(temporary);
        }
    }
}
