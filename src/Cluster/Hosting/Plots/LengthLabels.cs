using System.Globalization;

namespace ActorRing.Cluster.Hosting.Plots;

/// <summary>Context lengths as people write them, with what K stands for.</summary>
/// <param name="Labels">One a length.</param>
/// <param name="Unit">Of the axis.</param>
internal sealed record LengthLabels(IReadOnlyList<string> Labels, string Unit)
{
    private const long Kibi = 1024;
    private const long Mebi = 1024 * 1024;

    internal static LengthLabels Of(IReadOnlyList<long> lengths) =>
        lengths.All(length => length < 1000) ? new([.. lengths.Select(Plain)], "tokens")
        : lengths.All(length => length < Kibi || length % Kibi == 0) ? new([.. lengths.Select(Binary)], "tokens, K = 1,024")
        : lengths.All(length => length < 1000 || length % 100 == 0) ? new([.. lengths.Select(Decimal)], "tokens, K = 1,000")
        : new([.. lengths.Select(Plain)], "tokens");

    private static string Binary(long length) => length < Kibi ? Plain(length) : length % Mebi == 0 ? Plain(length / Mebi) + "M" : Plain(length / Kibi) + "K";

    private static string Decimal(long length) => length < 1000
        ? Plain(length)
        : length % 1_000_000 == 0 ? Plain(length / 1_000_000) + "M" : (length / 1000.0).ToString("#,0.#", CultureInfo.InvariantCulture) + "K";

    private static string Plain(long length) => length.ToString("#,0", CultureInfo.InvariantCulture);
}
