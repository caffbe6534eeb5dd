using ActorRing.Compute.Tokenizers.Patterns;

namespace ActorRing.Compute.Tokenizers.Reading;

/// <summary>Reads <c>{"String": "..."}</c> and <c>{"Regex": "..."}</c>.</summary>
internal static class PatternNodeReader
{
    public static TextPattern Read(ConfigNode node)
    {
        node.OnlyKeys("String", "Regex");
        var literal = node.Optional("String");
        var regex = node.Optional("Regex");
        if (literal is not null == regex is not null) throw node.Refused("{\"String\": ...} or {\"Regex\": ...}");
        if (literal is { } text) return new LiteralPattern(text.NonEmptyText());
        try
        {
            return new RunePattern(regex!.Value.NonEmptyText());
        }
        catch (FormatException problem)
        {
            throw regex!.Value.Refused($"the Oniguruma syntax known here ({problem.Message})");
        }
    }
}
