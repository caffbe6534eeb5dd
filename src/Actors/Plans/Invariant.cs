using System.Globalization;
using System.Runtime.CompilerServices;

namespace ActorRing.Actors.Plans;

/// <summary>Text that is the same under every culture.</summary>
internal static class Invariant
{
    internal static string Text(ref DefaultInterpolatedStringHandler text) => string.Create(CultureInfo.InvariantCulture, ref text);

    /// <summary>A refusal in one line.</summary>
    internal static PlanException Refuse(ref DefaultInterpolatedStringHandler text) => new(string.Create(CultureInfo.InvariantCulture, ref text));
}
