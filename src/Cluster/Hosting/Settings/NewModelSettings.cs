namespace ActorRing.Cluster.Hosting.Settings;

/// <summary>Shape and first weights of a new Llama, as Hugging Face's <c>LlamaConfig</c> names them.</summary>
/// <param name="HiddenSize">D.</param>
/// <param name="IntermediateSize">F.</param>
/// <param name="NumHiddenLayers">L.</param>
/// <param name="NumAttentionHeads">N.</param>
/// <param name="NumKeyValueHeads">K; divides N.</param>
/// <param name="HeadDim">H; even.</param>
/// <param name="VocabSize">V.</param>
/// <param name="RmsNormEps">Added to the mean square.</param>
/// <param name="RopeTheta">Base of the rotary frequencies where a stage does not set its own.</param>
/// <param name="TieWordEmbeddings">Whether the output matrix is the embedding matrix.</param>
/// <param name="AttentionBias">Biases of q, k, v and o.</param>
/// <param name="MlpBias">Biases of gate, up and down.</param>
/// <param name="SlidingWindow">Keys that a query sees, itself counted; null for all.</param>
/// <param name="MaxPositionEmbeddings">Tokens; not less than the longest stage.</param>
/// <param name="InitializerRange">Standard deviation of the first weights.</param>
/// <param name="InitSeed">Seed of the first weights.</param>
public sealed record NewModelSettings(
    int HiddenSize,
    int IntermediateSize,
    int NumHiddenLayers,
    int NumAttentionHeads,
    int NumKeyValueHeads,
    int HeadDim,
    int VocabSize,
    double RmsNormEps,
    double RopeTheta,
    bool TieWordEmbeddings,
    bool AttentionBias,
    bool MlpBias,
    int? SlidingWindow,
    int MaxPositionEmbeddings,
    double InitializerRange,
    long InitSeed);
