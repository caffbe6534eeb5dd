namespace ActorRing.Compute.Evaluation.Needle;

/// <summary>What a needle test asks, cell by cell.</summary>
/// <param name="Lengths">Tokens of haystack, rising; prefix, needles and question come on top, as in EasyContext.</param>
/// <param name="Depths">Where the needle goes, per cent of the haystack, rising.</param>
/// <param name="Samples">Of each cell.</param>
/// <param name="Digits">Of the number.</param>
/// <param name="Distractors">Needles of other cities, anywhere.</param>
/// <param name="Seed">Of numbers, places and text.</param>
/// <param name="City">The city asked for; null for another one in every sample.</param>
public sealed record NeedleOptions(IReadOnlyList<int> Lengths, IReadOnlyList<double> Depths, int Samples, int Digits, int Distractors, long Seed, string? City);
