using System.Buffers;
using System.Text;
using ActorRing.Compute.Tokenizers.Patterns;

namespace ActorRing.Compute.Tokenizers.AddedTokens;

/// <summary>A stretch of text and the added token that covers it, or null for ordinary text.</summary>
internal readonly record struct AddedTokenSpan(int Start, int End, AddedToken? Token);

/// <summary>Finds added tokens: leftmost first, longest among those that start at one place. Immutable and safe to share between threads.</summary>
internal sealed class AddedTokenFinder
{
    private readonly Node root = new();
    private readonly SearchValues<char> firstUnits;

    public AddedTokenFinder(IEnumerable<AddedToken> tokens)
    {
        foreach (var token in tokens)
        {
            var node = root;
            foreach (var unit in token.Pattern)
            {
                if (!node.Children.TryGetValue(unit, out var child)) node.Children.Add(unit, child = new Node());
                node = child;
            }

            node.Token = token;
        }

        firstUnits = SearchValues.Create([.. root.Children.Keys]);
    }

    /// <summary>Cuts the whole text, in order.</summary>
    /// <remarks>Cost: linear in the text, times the longest token at places where one begins.</remarks>
    public List<AddedTokenSpan> Cut(string text)
    {
        var spans = new List<AddedTokenSpan>();
        var covered = 0;
        for (var at = 0; TryFind(text, ref at, out var token); at += token.Pattern.Length)
        {
            var (start, end) = (at, at + token.Pattern.Length);
            if (token.IsSingleWord && (TouchesWordBefore(text, start) || TouchesWordAfter(text, end))) continue;

            // Spaces that the token before has swallowed are not swallowed twice.
            while (token.StripsLeft && start > covered && RuneProperty.IsSpace(text[start - 1])) start--;
            while (token.StripsRight && end < text.Length && RuneProperty.IsSpace(text[end])) end++;
            if (covered < start) spans.Add(new AddedTokenSpan(covered, start, null));
            spans.Add(new AddedTokenSpan(start, end, token));
            covered = end;
        }

        if (covered < text.Length) spans.Add(new AddedTokenSpan(covered, text.Length, null));
        return spans;
    }

    private bool TryFind(string text, ref int at, out AddedToken token)
    {
        token = null!;
        while (at < text.Length)
        {
            var step = text.AsSpan(at).IndexOfAny(firstUnits);
            if (step < 0) return false;
            at += step;
            var node = root;
            AddedToken? longest = null;
            for (var i = at; i < text.Length && node.Children.TryGetValue(text[i], out node!); i++) longest = node.Token ?? longest;
            if (longest is not null)
            {
                token = longest;
                return true;
            }

            at++;
        }

        return false;
    }

    private static bool TouchesWordBefore(string text, int at) =>
        at > 0 && Rune.DecodeLastFromUtf16(text.AsSpan(0, at), out var rune, out _) == OperationStatus.Done && IsWord(rune);

    private static bool TouchesWordAfter(string text, int at) =>
        at < text.Length && Rune.DecodeFromUtf16(text.AsSpan(at), out var rune, out _) == OperationStatus.Done && IsWord(rune);

    // The joiners count as word characters in the regex crate, which the reference asks here.
    private static bool IsWord(Rune rune) => RuneProperty.IsWord(rune.Value) || rune.Value is 0x200C or 0x200D;

    private sealed class Node
    {
        public Dictionary<char, Node> Children { get; } = [];

        public AddedToken? Token { get; set; }
    }
}
