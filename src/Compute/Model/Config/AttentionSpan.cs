namespace ActorRing.Compute.Model.Config;

/// <summary>How far back a layer looks; an element of <c>layer_types</c>.</summary>
public enum AttentionSpan
{
    /// <summary><c>full_attention</c>: to the beginning.</summary>
    Full,

    /// <summary><c>sliding_attention</c>: over the last <c>sliding_window</c> positions.</summary>
    Sliding,
}
