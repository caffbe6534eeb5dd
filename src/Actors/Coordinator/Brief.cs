using ActorRing.Actors.Ids;

namespace ActorRing.Actors.Coordinator;

/// <summary>Text cut to lengths that people read and that a page has room for.</summary>
internal static class Brief
{
    private const int NameLength = 128;
    private const int ReasonLength = 400;

    internal static string Name(string text) => Cut(text, NameLength);

    internal static MemberId Name(MemberId member) => member with { Name = Name(member.Name) };

    internal static string Reason(string text) => Cut(text, ReasonLength);

    private static string Cut(string text, int length)
    {
        if (text.Length <= length)
        {
            return text;
        }

        // Not through the middle of a character.
        var end = char.IsHighSurrogate(text[length - 2]) ? length - 2 : length - 1;
        return text[..end] + "…";
    }
}
