using ActorRing.Compute.Checkpoints;

namespace ActorRing.Compute.Data;

/// <summary>From what a user names to files, in an order that does not depend on the file system.</summary>
public static class SourceFiles
{
    /// <summary>Files behind paths and patterns, in the order named; the files of one pattern by name, ordinally.</summary>
    /// <param name="patterns">
    /// Paths; <c>*</c> and <c>?</c> stand for parts of a file name (not of a folder's) and skip hidden files. A file named twice counts twice.
    /// </param>
    /// <exception cref="FileNotFoundException">A path does not exist or a pattern matches nothing.</exception>
    /// <exception cref="InvalidDataException">
    /// A path is a folder or a pipe (files are read twice: for their digest, and for their text), or a wildcard stands in a folder's name.
    /// </exception>
    public static IReadOnlyList<string> Expand(IEnumerable<string> patterns)
    {
        var files = new List<string>();
        foreach (var pattern in patterns)
        {
            var found = Find(pattern);
            files.AddRange(found.Order(StringComparer.Ordinal).Select(RegularFile.Require));
            if (found.Count == 0) throw new FileNotFoundException(
                $"{pattern}: matches no file; allowed: the path of a file, or a pattern such as data/*.txt", pattern);
        }

        return files;
    }

    /// <summary>The format of a file, from its name where <paramref name="format"/> leaves it open.</summary>
    /// <exception cref="InvalidDataException">The name has no known ending.</exception>
    public static SourceFormat FormatOf(string path, SourceFormat format)
    {
        if (format != SourceFormat.Auto) return format;
        var name = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? path[..^3] : path;
        return Path.GetExtension(name).ToUpperInvariant() switch
        {
            ".TXT" => SourceFormat.Text,
            ".JSONL" => SourceFormat.JsonLines,
            ".TOKENS" when name.Length == path.Length => SourceFormat.Tokens,
            _ => throw new InvalidDataException($"{path}: unknown kind of data file; allowed: .txt, .txt.gz, .jsonl, .jsonl.gz, .tokens, or a format that "
                + $"says what it is"),
        };
    }

    private static List<string> Find(string pattern)
    {
        if (pattern.AsSpan().IndexOfAny('*', '?') < 0 || File.Exists(pattern))
        {
            if (Directory.Exists(pattern)) throw new InvalidDataException(
                $"{pattern}: is a folder; allowed: a file, or a pattern such as {Path.Combine(pattern, "*.txt")}");
            return File.Exists(pattern) ? [pattern] : [];
        }

        var folder = Path.GetDirectoryName(pattern) ?? "";
        if (folder.AsSpan().IndexOfAny('*', '?') >= 0)
            throw new InvalidDataException($"{pattern}: a wildcard in a folder's name; allowed: wildcards in the file name");
        var options = new EnumerationOptions { MatchCasing = MatchCasing.CaseSensitive, MatchType = MatchType.Simple, IgnoreInaccessible = false };
        var shown = folder.Length == 0 ? "." : folder;
        if (!Directory.Exists(shown)) return [];
        return [.. Directory.EnumerateFiles(shown, Path.GetFileName(pattern), options).Select(file => folder.Length == 0 ? Path.GetFileName(file) : file)];
    }
}
