using System.Globalization;
using System.Runtime.CompilerServices;

namespace ActorRing.Actors.Ids;

/// <summary>Text that is the same under every culture.</summary>
internal static class Text
{
    internal static string Of(ref DefaultInterpolatedStringHandler text) => string.Create(CultureInfo.InvariantCulture, ref text);
}
