namespace ActorRing.Compute.Communication;

/// <summary>What travels in a transfer.</summary>
public enum HopChannel
{
    /// <summary>Barriers, and what belongs to no tensor of the model.</summary>
    Control = 0,

    /// <summary>Keys and values.</summary>
    KeyValue = 1,

    /// <summary>Gradients of keys and values.</summary>
    KeyValueGradient = 2,

    /// <summary>Queries, or query heads.</summary>
    Query = 3,

    /// <summary>Attention outputs and their log-sum-exp.</summary>
    Output = 4,

    /// <summary>Gradients of queries or outputs.</summary>
    OutputGradient = 5,

    /// <summary>Parameters.</summary>
    Parameter = 6,

    /// <summary>Gradients of parameters.</summary>
    Gradient = 7,

    /// <summary>Losses, counts, norms.</summary>
    Statistics = 8,

    /// <summary>Copies of a rank's state for its neighbour.</summary>
    Replica = 9,
}

/// <summary>Names a transfer in failures and logs: which layer, which ring step, what travelled. Not compared between ranks.</summary>
/// <param name="Layer">Transformer layer from 0, or -1 outside of layers; up to 2²³ - 2.</param>
/// <param name="RingStep">Rotation from 0, or -1 where there is none; up to 2²³ - 2.</param>
/// <param name="Channel">What travels.</param>
public readonly record struct HopLabel(int Layer, int RingStep, HopChannel Channel)
{
    private const int FieldBits = 24;
    private const long FieldMask = (1 << FieldBits) - 1;

    /// <summary>A transfer of no layer and no ring step.</summary>
    public HopLabel(HopChannel channel)
        : this(-1, -1, channel)
    {
    }

    /// <summary>"layer 3 step 1 KeyValue"; parts that do not apply are left out.</summary>
    public override string ToString() => $"{(Layer < 0 ? "" : $"layer {Layer} ")}{(RingStep < 0 ? "" : $"step {RingStep} ")}{Channel}";

    internal static HopLabel FromBits(long bits) =>
        new((int)((bits >> FieldBits) & FieldMask) - 1, (int)(bits & FieldMask) - 1, (HopChannel)(bits >> (2 * FieldBits)));

    internal long ToBits() => ((long)Channel << (2 * FieldBits)) | (((Layer + 1) & FieldMask) << FieldBits) | ((RingStep + 1) & FieldMask);
}
