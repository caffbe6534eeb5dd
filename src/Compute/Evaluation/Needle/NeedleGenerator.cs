using ActorRing.Compute.Inference;
using ActorRing.Compute.Model;
using ActorRing.Compute.Model.Config;

namespace ActorRing.Compute.Evaluation.Needle;

/// <summary>Lets a model answer in its own words: the question ends its prompt, and it goes on greedily from what it wrote itself.</summary>
/// <remarks>Collective as <see cref="NeedleScorer"/>. Memory: that of an <see cref="InferenceModel"/>, keys and values of all layers. Cost: a prefill, then a token at a time.</remarks>
public sealed class NeedleGenerator : IDisposable
{
    // What comes after the number shows where it ends.
    private const int Spare = 4;

    private readonly InferenceModel _model;
    private readonly GenerationOptions _options;

    /// <summary>Takes the memory.</summary>
    /// <param name="parameters">Weights; borrowed.</param>
    /// <param name="config">Of the model, with its rotary base.</param>
    /// <param name="tokens">S, the longest sample, answer included.</param>
    /// <param name="digits">Of the number.</param>
    /// <param name="seat">This rank among others; null for one rank alone.</param>
    /// <exception cref="InsufficientMemoryException">The device has no room.</exception>
    public NeedleGenerator(Parameters parameters, LlamaConfig config, int tokens, int digits, InferenceSeat? seat)
    {
        // No tokenizer takes more than a token a character for it.
        _options = new GenerationOptions(NeedleWording.Answer(new string('0', digits)).Length + Spare);
        _model = new InferenceModel(parameters, config, new InferenceCapacity(tokens, _options.MaxNewTokens), seat);
    }

    /// <summary>The tokens that the model writes after the question.</summary>
    /// <exception cref="ArgumentException">The sample is longer than S.</exception>
    public IReadOnlyList<int> Answer(NeedlePrompt prompt)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        return Generation.Run(_model, prompt.Tokens.AsSpan(..^prompt.AnswerTokens), _options).Tokens;
    }

    /// <inheritdoc/>
    public void Dispose() => _model.Dispose();
}
