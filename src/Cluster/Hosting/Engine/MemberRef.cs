using System.Security.Cryptography;

namespace ActorRing.Cluster.Hosting.Engine;

/// <summary>One life of one process of the cluster: a restart has the same name, a higher incarnation, and is another member.</summary>
/// <param name="Name">1 to 64 of <c>A-Z a-z 0-9 . _ -</c> (<see cref="IsValidName"/>).</param>
/// <param name="Incarnation">Positive; chosen by the process when it starts, unlikely to repeat (<see cref="NewIncarnation"/>).</param>
public readonly record struct MemberRef(string Name, long Incarnation)
{
    /// <summary>Longest name, in characters and, being ASCII, bytes.</summary>
    public const int LongestName = 64;

    /// <summary>Whether a name can be printed, logged and used in a file name without a second thought.</summary>
    public static bool IsValidName(ReadOnlySpan<char> name)
    {
        if (name.Length is 0 or > LongestName)
        {
            return false;
        }

        foreach (var c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '-'))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>An incarnation for a process that starts now: milliseconds of the wall clock and 20 random bits. Nothing decides by the time in it.</summary>
    public static long NewIncarnation(TimeProvider time) =>
        (time.GetUtcNow().ToUnixTimeMilliseconds() << 20) | (long)RandomNumberGenerator.GetInt32(1 << 20);

    /// <inheritdoc/>
    public override string ToString() => $"{Name}#{Incarnation}";
}
