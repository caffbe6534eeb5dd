namespace ActorRing.Compute.Tokenizers.AddedTokens;

/// <summary>A token that is found in the text before the model sees it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Content">What it looks like to the user.</param>
/// <param name="Pattern">What is looked for: the content, normalised when <paramref name="IsNormalized"/>.</param>
/// <param name="IsSpecial">Whether decoding can leave it out.</param>
/// <param name="IsSingleWord">Whether it only counts where no word character touches it.</param>
/// <param name="StripsLeft">Whether it swallows the white space before it.</param>
/// <param name="StripsRight">Whether it swallows the white space after it.</param>
/// <param name="IsNormalized">Whether it is looked for in the normalised text rather than in the text as it came.</param>
internal sealed record AddedToken(
    int Id, string Content, string Pattern, bool IsSpecial, bool IsSingleWord, bool StripsLeft, bool StripsRight, bool IsNormalized);
