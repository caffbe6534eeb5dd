using System.Text.Json;
using ActorRing.Compute.Checkpoints;
using ActorRing.Compute.Model.Rope;

namespace ActorRing.Compute.Model.Config;

/// <summary>
/// The two spellings of rotary parameters: v4 has <c>rope_theta</c> and <c>rope_scaling</c> (null, or an object with <c>rope_type</c>, once <c>type</c>),
/// v5 one object <c>rope_parameters</c> with the base inside.
/// </summary>
internal static class RopeJson
{
    /// <summary>Key of the v5 form.</summary>
    public const string V5Key = "rope_parameters";

    private const double DefaultTheta = 10_000;
    private const string Types = "'default', 'linear', 'dynamic', 'yarn', 'llama3' or 'longrope'";
    private const string OriginalLength = "original_max_position_embeddings";

    /// <summary>Reads either spelling.</summary>
    /// <exception cref="InvalidDataException">Both at once that disagree, an unknown type or key, a missing key.</exception>
    public static RopeParameters Read(ConfigObject root)
    {
        var theta = root.Number("rope_theta");
        var scaling = root.Element("rope_scaling");
        if (root.Element(V5Key) is { } parameters)
        {
            if (scaling is { } twice)
            {
                throw root.Refusal("rope_scaling", twice, $"null beside {V5Key}");
            }
            var inner = new ConfigObject(parameters, root.Check.File, V5Key + ".");
            var innerTheta = inner.Number("rope_theta") ?? theta ?? DefaultTheta;
            root.Check.Range("rope_theta", theta ?? innerTheta, (theta ?? innerTheta) == innerTheta, $"the same as {V5Key}.rope_theta, {innerTheta}");
            return Read(root, inner, innerTheta);
        }
        return scaling is { } v4 && v4.GetRawText() != "{}"
            ? Read(root, new ConfigObject(v4, root.Check.File, "rope_scaling."), theta ?? DefaultTheta)
            : new DefaultRope(theta ?? DefaultTheta);
    }

    /// <summary>The values of the scaling by key, sorted, without the base; null values left out.</summary>
    public static SortedDictionary<string, string> Fields(RopeParameters rope)
    {
        var fields = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["rope_type"] = $"\"{rope.RopeType}\"" };
        switch (rope)
        {
            case LinearRope linear:
                Add("factor", linear.Factor);
                break;
            case DynamicRope dynamic:
                Add("factor", dynamic.Factor);
                break;
            case YarnRope yarn:
                Add("factor", yarn.Factor);
                Add("attention_factor", yarn.AttentionFactor);
                Add("beta_fast", yarn.BetaFast);
                Add("beta_slow", yarn.BetaSlow);
                Add("mscale", yarn.MScale);
                Add("mscale_all_dim", yarn.MScaleAllDim);
                AddLength(yarn.OriginalMaxPositionEmbeddings);
                if (!yarn.Truncate)
                {
                    fields.Add("truncate", "false");
                }
                // transformers asks for the key; null in it means the ratio of the lengths.
                fields.TryAdd("factor", "null");
                break;
            case Llama3Rope llama3:
                Add("factor", llama3.Factor);
                Add("low_freq_factor", llama3.LowFreqFactor);
                Add("high_freq_factor", llama3.HighFreqFactor);
                AddLength(llama3.OriginalMaxPositionEmbeddings);
                break;
            case LongRope longRope:
                Add("factor", longRope.Factor);
                Add("attention_factor", longRope.AttentionFactor);
                AddLength(longRope.OriginalMaxPositionEmbeddings);
                fields.Add("short_factor", JsonText.List(longRope.ShortFactor.Select(JsonText.Number)));
                fields.Add("long_factor", JsonText.List(longRope.LongFactor.Select(JsonText.Number)));
                break;
        }
        return fields;

        void Add(string key, double? value)
        {
            if (value is { } number)
            {
                fields.Add(key, JsonText.Number(number));
            }
        }

        void AddLength(int? value)
        {
            if (value is { } length)
            {
                fields.Add(OriginalLength, $"{length}");
            }
        }
    }

    private static RopeParameters Read(ConfigObject root, ConfigObject json, double theta)
    {
        var (type, old) = (json.Text("rope_type"), json.Text("type"));
        if (type is not null && old is not null && type != old)
        {
            throw json.Check.Refusal("type", Quote.Of(old), $"the same as rope_type, {Quote.Of(type)}, or absent");
        }
        json.MustBe("partial_rotary_factor", "1", "1.0");
        RopeParameters rope = (type ?? old ?? "default") switch
        {
            "default" => new DefaultRope(theta),
            "linear" => new LinearRope(theta, json.RequiredNumber("factor")),
            "dynamic" => ReadDynamic(json, theta),
            "yarn" => ReadYarn(root, json, theta),
            "llama3" => new Llama3Rope(
                theta, json.RequiredNumber("factor"), json.RequiredNumber("low_freq_factor"), json.RequiredNumber("high_freq_factor"), ReadLength(root, json)
                ?? json.RequiredInt(OriginalLength)),
            "longrope" => new LongRope(theta, [.. json.RequiredNumbers("short_factor")], [.. json.RequiredNumbers("long_factor")])
            {
                Factor = json.Number("factor"),
                AttentionFactor = json.Number("attention_factor"),
                OriginalMaxPositionEmbeddings = ReadLength(root, json),
            },
            var other => throw json.Check.Refusal(type is null ? "type" : "rope_type", Quote.Of(other), Types),
        };
        json.RefuseUnknown(static _ => false, $"a key that rope_type '{rope.RopeType}' reads");
        return rope;
    }

    private static DynamicRope ReadDynamic(ConfigObject json, double theta)
    {
        // transformers writes the key into dynamic scalings too, but never computes with it.
        json.Int(OriginalLength);
        return new DynamicRope(theta, json.RequiredNumber("factor"));
    }

    private static YarnRope ReadYarn(ConfigObject root, ConfigObject json, double theta)
    {
        var original = ReadLength(root, json);
        return new YarnRope(theta, original is null ? json.RequiredNumber("factor") : json.Number("factor"))
        {
            AttentionFactor = json.Number("attention_factor"),
            BetaFast = json.Number("beta_fast") ?? 32,
            BetaSlow = json.Number("beta_slow") ?? 1,
            MScale = json.Number("mscale"),
            MScaleAllDim = json.Number("mscale_all_dim"),
            Truncate = json.Bool("truncate") ?? true,
            OriginalMaxPositionEmbeddings = original,
        };
    }

    // Some files keep the pretrained length beside the rotary object instead of inside.
    private static int? ReadLength(ConfigObject root, ConfigObject json)
    {
        var (outer, inner) = (root.Int(OriginalLength), json.Int(OriginalLength));
        root.Check.Range(OriginalLength, outer ?? inner ?? 0, outer is null || inner is null || outer == inner,
            $"the same inside and outside the rotary object, {inner}");
        return inner ?? outer;
    }
}
