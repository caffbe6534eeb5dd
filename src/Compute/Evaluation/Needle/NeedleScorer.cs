using ActorRing.Compute.Data;
using ActorRing.Compute.Inference;
using ActorRing.Compute.Model;
using ActorRing.Compute.Model.Config;
using ActorRing.Compute.Recompute;
using ActorRing.Compute.SequenceParallel;
using ActorRing.Compute.Tokenizers;
using ActorRing.Compute.Training;

namespace ActorRing.Compute.Evaluation.Needle;

/// <summary>Asks a model for the answer of samples of one length, teacher-forced: one pass over prompt and answer, the likeliest token before each token of the answer.</summary>
/// <remarks>Collective where the ranks of a group share the sequence: every rank asks the same samples in the same order and gets the same answers.</remarks>
public sealed class NeedleScorer : IDisposable
{
    private readonly LlamaModel _model;
    private readonly Batch _whole;
    private readonly Batch _share;
    private readonly int[] _rows;
    private readonly IUpdateGroup _group;
    private readonly Action _settle;

    /// <summary>Takes the memory of one pass.</summary>
    /// <param name="parameters">Weights; borrowed.</param>
    /// <param name="config">Of the model, with its rotary base.</param>
    /// <param name="tokens">S, the longest sample, in whole pieces of the layout.</param>
    /// <param name="seat">This rank's part of the sequence.</param>
    /// <exception cref="InsufficientMemoryException">The device has no room.</exception>
    public NeedleScorer(Parameters parameters, LlamaConfig config, int tokens, NeedleSeat seat)
    {
        ArgumentNullException.ThrowIfNull(seat);
        (_group, _settle) = (seat.Group, seat.Settle);
        _whole = new Batch(1, tokens);
        _share = new Batch(1, seat.Positions, tokens);
        _rows = new int[tokens];
        Array.Fill(_rows, -1);
        for (var row = 0; row < seat.Positions.Length; row++)
        {
            _rows[seat.Positions[row]] = row;
        }

        _model = new LlamaModel(parameters, seat.Attention, RecomputePolicy.Full, batch: 1, seat.Positions.Length);
        _model.SetRotary(config, seat.Positions, tokens);
    }

    /// <summary>What the model says in place of each token of the answer.</summary>
    /// <exception cref="ArgumentException">The sample is longer than S.</exception>
    public int[] Ask(NeedlePrompt prompt)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        var (ids, labels) = (new int[_whole.SeqLen], new int[_whole.SeqLen]);
        Array.Fill(labels, PackedRows.Ignored);
        prompt.Tokens.CopyTo(ids, 0);
        _whole.SetRow(0, ids, labels, [0, _whole.SeqLen]);
        _share.TakeFrom(_whole);
        _model.Load(_share);
        _model.Forward();
        _settle();

        var first = prompt.Tokens.Length - prompt.AnswerTokens - 1;
        return [.. Enumerable.Range(first, prompt.AnswerTokens).Select(position => (int)_group.Sum(_rows[position] is >= 0 and var row ? _model.LikeliestAfter(row) : 0))];
    }

    /// <inheritdoc/>
    public void Dispose() => _model.Dispose();
}

/// <summary>A rank's part of the sequences that are asked.</summary>
/// <param name="Positions">Where its tokens stand.</param>
/// <param name="Attention">How they attend; borrowed.</param>
/// <param name="Group">The ranks of the sequence.</param>
/// <param name="Settle">Called after each pass, before memory is used again.</param>
/// <param name="Inference">The same place for free generation; null for one rank alone.</param>
public sealed record NeedleSeat(int[] Positions, IAttentionStrategy Attention, IUpdateGroup Group, Action Settle, InferenceSeat? Inference = null);
