using System.Globalization;
using System.Runtime.CompilerServices;

namespace ActorRing.Simulation;

/// <summary>An explanation that is only put together if it is needed: rules are checked a million times for each time one is broken.</summary>
[InterpolatedStringHandler]
internal ref struct Why
{
    private DefaultInterpolatedStringHandler _text;
    private readonly bool _isNeeded;

    public Why(int literalLength, int formattedCount, bool holds, out bool isNeeded)
    {
        _isNeeded = isNeeded = !holds;
        _text = holds ? default : new(literalLength, formattedCount, CultureInfo.InvariantCulture);
    }

    public void AppendLiteral(string value) => _text.AppendLiteral(value);

    public void AppendFormatted<T>(T value) => _text.AppendFormatted(value);

    public override readonly string ToString() => _isNeeded ? _text.ToString() : "";
}
