namespace ActorRing.Cluster.Hosting.Hocon;

/// <summary>A finished value: nothing left to look up, never changed again.</summary>
internal abstract class HoconValue(HoconPosition at, long size)
{
    public HoconPosition At { get; } = at;

    /// <summary>Values in this tree, this one counted.</summary>
    public long Size { get; } = size;

    /// <summary>What an error message calls it.</summary>
    public abstract string Kind { get; }
}

internal sealed class HoconScalar(HoconPosition at, string text, bool quoted) : HoconValue(at, 1)
{
    public string Text { get; } = text;

    public bool Quoted { get; } = quoted;

    public bool IsNull => !Quoted && Text == "null";

    public override string Kind => IsNull ? "null" : HoconText.Quote(Text);
}

internal sealed class HoconArray(HoconPosition at, IReadOnlyList<HoconValue> items) : HoconValue(at, items.Aggregate(1L, (sum, item) => sum + item.Size))
{
    public IReadOnlyList<HoconValue> Items { get; } = items;

    public override string Kind => "a list";
}

internal sealed class HoconObject(HoconPosition at, OrderedDictionary<string, HoconValue> fields)
    : HoconValue(at, fields.Values.Aggregate(1L, (sum, field) => sum + field.Size))
{
    public OrderedDictionary<string, HoconValue> Fields { get; } = fields;

    public override string Kind => "an object";
}
