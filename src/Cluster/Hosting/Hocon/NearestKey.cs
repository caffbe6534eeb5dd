namespace ActorRing.Cluster.Hosting.Hocon;

/// <summary>Which known key somebody most likely meant.</summary>
public static class NearestKey
{
    /// <summary>The known key most like an unknown one.</summary>
    /// <param name="key">Dotted, unknown.</param>
    /// <param name="known">Dotted keys; at least one.</param>
    /// <returns>
    /// The key with the most similar name. The name counts twice as much as the section, so that a key in the wrong section is found as well.
    /// </returns>
    public static string Of(string key, IEnumerable<string> known)
    {
        var (section, name) = Split(key);
        return known
            .Select(candidate => (Key: candidate, Parts: Split(candidate)))
            .OrderBy(candidate => (2 * Distance(name, candidate.Parts.Name)) + Math.Min(3, Distance(section, candidate.Parts.Section)))
            .ThenBy(candidate => candidate.Key, StringComparer.Ordinal)
            .First().Key;
    }

    /// <summary>Insertions, deletions, replacements and swaps of neighbours that turn one into the other, each letter touched once.</summary>
    public static int Distance(string from, string to)
    {
        var cost = new int[from.Length + 1, to.Length + 1];
        for (var i = 0; i <= from.Length; i++) cost[i, 0] = i;
        for (var j = 0; j <= to.Length; j++) cost[0, j] = j;
        for (var i = 1; i <= from.Length; i++)
        {
            for (var j = 1; j <= to.Length; j++)
            {
                var same = from[i - 1] == to[j - 1] ? 0 : 1;
                cost[i, j] = Math.Min(Math.Min(cost[i - 1, j], cost[i, j - 1]) + 1, cost[i - 1, j - 1] + same);
                if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1]) cost[i, j] = Math.Min(cost[i, j], cost[i - 2, j - 2] + 1);
            }
        }

        return cost[from.Length, to.Length];
    }

    private static (string Section, string Name) Split(string key)
    {
        // A key from a file may be any length; the table above is square in it.
        const int longest = 100;
        var dot = key.LastIndexOf('.');
        var section = dot < 0 ? "" : key[..dot];
        var name = key[(dot + 1)..];
        return (section[..Math.Min(section.Length, longest)], name[..Math.Min(name.Length, longest)]);
    }
}
