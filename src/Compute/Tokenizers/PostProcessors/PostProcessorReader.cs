using ActorRing.Compute.Tokenizers.Reading;

namespace ActorRing.Compute.Tokenizers.PostProcessors;

/// <summary>Reads the <c>post_processor</c> of a tokenizer file, as far as it concerns one text (pairs are never encoded here).</summary>
internal static class PostProcessorReader
{
    public static PostTemplate Read(ConfigNode node)
    {
        var read = node.Required("type").OneOf<Func<ConfigNode, PostTemplate>>(
            ("Sequence", Sequence), ("TemplateProcessing", Template), ("ByteLevel", ByteLevel));
        return read(node);
    }

    private static PostTemplate Sequence(ConfigNode node)
    {
        node.OnlyKeys("type", "processors");
        var steps = node.Required("processors");
        var templates = steps.Items().Select(Read).Where(template => template.Before.Count + template.After.Count > 0).ToArray();
        return templates switch
        {
            [] => PostTemplate.Empty,
            [var only] => only,
            _ => throw steps.Refused("at most one TemplateProcessing"),
        };
    }

    private static PostTemplate ByteLevel(ConfigNode node)
    {
        // It moves offsets, never ids.
        node.OnlyKeys("type", "add_prefix_space", "trim_offsets", "use_regex");
        return PostTemplate.Empty;
    }

    private static PostTemplate Template(ConfigNode node)
    {
        node.OnlyKeys("type", "single", "pair", "special_tokens");
        var specials = node.Required("special_tokens");
        var single = node.Required("single");
        var before = new List<int>();
        var after = new List<int>();
        var isAfter = false;
        foreach (var piece in single.Items())
        {
            piece.OnlyKeys("SpecialToken", "Sequence");
            if (piece.Optional("SpecialToken") is { } special)
            {
                (isAfter ? after : before).AddRange(Ids(special, specials));
                continue;
            }

            piece.Required("Sequence").Required("id").OneOf(("A", true));
            if (isAfter) throw single.Refused("sequence A once");
            isAfter = true;
        }

        return isAfter ? new PostTemplate(before, after) : throw single.Refused("sequence A once");
    }

    private static IEnumerable<int> Ids(ConfigNode special, ConfigNode specials)
    {
        var name = special.Required("id");
        var token = specials.Optional(name.Text()) ?? throw name.Refused($"a key of {specials.Key}");
        return token.Required("ids").Items().Select(id => id.Natural());
    }
}
