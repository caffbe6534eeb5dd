using ActorRing.Actors.Ids;

namespace ActorRing.Actors.Rank;

/// <summary>
/// Releases the rotations of one update in order. Unit u fetches the neighbour's block into the second of two buffers while unit u's resident block is attended;
/// so it needs the neighbour's block in place, and this rank done with the resident block of unit u - 1, which that buffer held.
/// </summary>
/// <remarks>
/// Both are asked for one unit ahead of their use. A rotation sends and receives at once, and a rank does its rotations in order; so a block stays until it was
/// fetched. All of it is monotone: lost, repeated and reordered messages change nothing but the time.
/// </remarks>
internal sealed class RotationGate
{
    private int _count;
    private int _attended;
    private int _ready;
    private TrainStep _aheadStep;
    private int _aheadReady;

    internal TrainStep Step { get; private set; }

    /// <summary>Units granted so far, which is the next to grant.</summary>
    internal int Granted { get; private set; }

    /// <summary>Units whose block this rank holds ready for its next neighbour.</summary>
    internal int Held { get; private set; }

    /// <summary>Whether nothing but the neighbour stands in the way of the next unit.</summary>
    internal bool WaitsForNeighbour => Granted < _count && _attended >= Granted && _ready <= Granted;

    internal void Begin(TrainStep step, int count)
    {
        Step = step;
        _count = count;
        _attended = Granted = Held = 0;
        _ready = _aheadStep == step ? Math.Min(_aheadReady, count) : 0;
    }

    /// <summary>This rank holds the blocks up to a unit's.</summary>
    /// <returns>Whether that is news.</returns>
    internal bool Hold(int unit)
    {
        if (unit < Held || unit >= _count)
        {
            return false;
        }

        Held = unit + 1;
        return true;
    }

    internal void Attended(int unit) => _attended = Math.Max(_attended, Math.Min(unit + 1, _count));

    internal void NeighbourReady(int unit) => _ready = Math.Max(_ready, Math.Min(unit + 1, _count));

    internal void NeighbourIsAhead(TrainStep step, int unit)
    {
        if (step.Index >= _aheadStep.Index)
        {
            _aheadReady = step == _aheadStep ? Math.Max(_aheadReady, unit + 1) : unit + 1;
            _aheadStep = step;
        }
    }

    /// <summary>The next unit that may go, at most once each.</summary>
    /// <param name="evenEarly">Breaks the rule on purpose.</param>
    /// <param name="unit">Which.</param>
    internal bool TryGrant(bool evenEarly, out int unit)
    {
        unit = Granted;
        if (Granted == _count || _attended < Granted || (_ready <= Granted && !evenEarly))
        {
            return false;
        }

        Granted++;
        return true;
    }
}
