namespace ActorRing.Compute.Inference;

/// <summary>What ends a text.</summary>
public enum GenerationEnd
{
    /// <summary>It has as many new tokens as were allowed.</summary>
    Length = 0,

    /// <summary>The model chose an end token, which is not part of the text.</summary>
    EndToken = 1,

    /// <summary>Somebody asked to stop.</summary>
    Stopped = 2,
}

/// <summary>How a text is continued.</summary>
/// <param name="MaxNewTokens">At least 1.</param>
public sealed record GenerationOptions(int MaxNewTokens)
{
    /// <summary>How tokens are chosen.</summary>
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>Tokens that end the text.</summary>
    public IReadOnlyList<int> EndTokens { get; init; } = [];
}

/// <summary>A continued text.</summary>
/// <param name="Tokens">New tokens, end token left out.</param>
/// <param name="End">Why there are no more.</param>
public sealed record GenerationResult(IReadOnlyList<int> Tokens, GenerationEnd End);

/// <summary>Continues a prompt token by token. Every rank runs it; what rank 0 chooses is what all go on with.</summary>
public static class Generation
{
    private const int Stop = -1;

    /// <summary>Continues a prompt.</summary>
    /// <param name="model">Has room for the prompt and the new tokens.</param>
    /// <param name="prompt">Ids, at least 1, the same on every rank.</param>
    /// <param name="options">The same on every rank.</param>
    /// <param name="onPrefilled">Called when the prompt is done; null where nobody wants to know.</param>
    /// <param name="onToken">Called with each new token before the next is computed; null where nobody wants to know.</param>
    /// <param name="stop">That of rank 0 counts; looked at before each token.</param>
    /// <exception cref="ArithmeticException">A logit is not finite.</exception>
    /// <exception cref="OperationCanceledException">Stopped before the first token, on one rank alone.</exception>
    public static GenerationResult Run(
        InferenceModel model, ReadOnlySpan<int> prompt, GenerationOptions options, Action? onPrefilled = null, Action<int>? onToken = null, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxNewTokens, 1, nameof(options));
        var sampler = new Sampler(options.Sampling);
        var logits = new float[model.Vocabulary];
        var tokens = new List<int>();
        model.Prefill(prompt, checked(prompt.Length + options.MaxNewTokens), stop);
        onPrefilled?.Invoke();
        while (true)
        {
            model.ReadLogits(logits);
            var token = model.Agree(stop.IsCancellationRequested ? Stop : sampler.Next(logits));
            if (token == Stop || options.EndTokens.Contains(token))
            {
                return new(tokens, token == Stop ? GenerationEnd.Stopped : GenerationEnd.EndToken);
            }

            tokens.Add(token);
            onToken?.Invoke(token);
            if (tokens.Count == options.MaxNewTokens)
            {
                return new(tokens, GenerationEnd.Length);
            }

            model.Decode(token);
        }
    }
}
