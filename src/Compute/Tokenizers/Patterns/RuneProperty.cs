using System.Globalization;
using static System.Globalization.UnicodeCategory;

namespace ActorRing.Compute.Tokenizers.Patterns;

/// <summary>
/// The Unicode properties that patterns may name. Definitions follow UTS 18 as Oniguruma implements it.
/// A code point that was assigned after the reader's Unicode version counts as unassigned there and may differ.
/// </summary>
internal static class RuneProperty
{
    public const string AllowedNames =
        "the general categories L Lu Ll Lt Lm Lo M Mn Mc Me N Nd Nl No P Pc Pd Ps Pe Pi Pf Po S Sm Sc Sk So Z Zs Zl Zp C Cc Cf Co Cn, "
        + "Letter, Mark, Number, Punctuation, Symbol, Separator, and Han";

    private static readonly (int First, int Last)[] HanRanges =
    [
        (0x2E80, 0x2E99), (0x2E9B, 0x2EF3), (0x2F00, 0x2FD5), (0x3005, 0x3005), (0x3007, 0x3007), (0x3021, 0x3029), (0x3038, 0x303B),
        (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFA6D), (0xFA70, 0xFAD9), (0x16FE2, 0x16FE3), (0x16FF0, 0x16FF1), (0x20000, 0x2A6DF),
        (0x2A700, 0x2B739), (0x2B740, 0x2B81D), (0x2B820, 0x2CEA1), (0x2CEB0, 0x2EBE0), (0x2EBF0, 0x2EE5D), (0x2F800, 0x2FA1D),
        (0x30000, 0x3134A), (0x31350, 0x323AF),
    ];

    /// <summary>White_Space.</summary>
    public static bool IsSpace(int rune) =>
        rune is >= 0x09 and <= 0x0D or 0x20 or 0x85 or 0xA0 or 0x1680 or >= 0x2000 and <= 0x200A or 0x2028 or 0x2029 or 0x202F or 0x205F or 0x3000;

    public static Func<int, bool> IsDigit { get; } = RuneSet.OfCategories(DecimalDigitNumber);

    /// <summary>Nd, Nl or No: what Rust calls numeric.</summary>
    public static Func<int, bool> IsNumeric { get; } = RuneSet.OfCategories(DecimalDigitNumber, LetterNumber, OtherNumber);

    public static Func<int, bool> IsMark { get; } = RuneSet.OfCategories(NonSpacingMark, SpacingCombiningMark, EnclosingMark);

    /// <summary>Alphabetic, Mark, Nd or Pc. All of Other_Alphabetic is marks, apart from the circled and squared Latin letters.</summary>
    public static bool IsWord(int rune) => WordCategories(rune) || rune is >= 0x24B6 and <= 0x24E9 or >= 0x1F130 and <= 0x1F149
        or >= 0x1F150 and <= 0x1F169 or >= 0x1F170 and <= 0x1F189;

    /// <summary>
    /// What <c>\w</c> and <c>\b</c> mean outside a class: Oniguruma adds the six Latin-1 superscripts and fractions there, and only there.
    /// </summary>
    public static bool IsWordAlone(int rune) => IsWord(rune) || rune is 0xB2 or 0xB3 or 0xB9 or >= 0xBC and <= 0xBE;

    private static Func<int, bool> WordCategories { get; } = RuneSet.OfCategories(
        UppercaseLetter, LowercaseLetter, TitlecaseLetter, ModifierLetter, OtherLetter, NonSpacingMark, SpacingCombiningMark, EnclosingMark,
        DecimalDigitNumber, LetterNumber, ConnectorPunctuation);

    /// <summary>The definition of a property, or null when the name is not one of <see cref="AllowedNames"/>.</summary>
    public static Func<int, bool>? Find(string name) => name switch
    {
        "L" or "Letter" => RuneSet.OfCategories(UppercaseLetter, LowercaseLetter, TitlecaseLetter, ModifierLetter, OtherLetter),
        "Lu" => RuneSet.OfCategories(UppercaseLetter),
        "Ll" => RuneSet.OfCategories(LowercaseLetter),
        "Lt" => RuneSet.OfCategories(TitlecaseLetter),
        "Lm" => RuneSet.OfCategories(ModifierLetter),
        "Lo" => RuneSet.OfCategories(OtherLetter),
        "M" or "Mark" => IsMark,
        "Mn" => RuneSet.OfCategories(NonSpacingMark),
        "Mc" => RuneSet.OfCategories(SpacingCombiningMark),
        "Me" => RuneSet.OfCategories(EnclosingMark),
        "N" or "Number" => IsNumeric,
        "Nd" => IsDigit,
        "Nl" => RuneSet.OfCategories(LetterNumber),
        "No" => RuneSet.OfCategories(OtherNumber),
        "P" or "Punctuation" => RuneSet.OfCategories(
            ConnectorPunctuation, DashPunctuation, OpenPunctuation, ClosePunctuation, InitialQuotePunctuation, FinalQuotePunctuation, OtherPunctuation),
        "Pc" => RuneSet.OfCategories(ConnectorPunctuation),
        "Pd" => RuneSet.OfCategories(DashPunctuation),
        "Ps" => RuneSet.OfCategories(OpenPunctuation),
        "Pe" => RuneSet.OfCategories(ClosePunctuation),
        "Pi" => RuneSet.OfCategories(InitialQuotePunctuation),
        "Pf" => RuneSet.OfCategories(FinalQuotePunctuation),
        "Po" => RuneSet.OfCategories(OtherPunctuation),
        "S" or "Symbol" => RuneSet.OfCategories(MathSymbol, CurrencySymbol, ModifierSymbol, OtherSymbol),
        "Sm" => RuneSet.OfCategories(MathSymbol),
        "Sc" => RuneSet.OfCategories(CurrencySymbol),
        "Sk" => RuneSet.OfCategories(ModifierSymbol),
        "So" => RuneSet.OfCategories(OtherSymbol),
        "Z" or "Separator" => RuneSet.OfCategories(SpaceSeparator, LineSeparator, ParagraphSeparator),
        "Zs" => RuneSet.OfCategories(SpaceSeparator),
        "Zl" => RuneSet.OfCategories(LineSeparator),
        "Zp" => RuneSet.OfCategories(ParagraphSeparator),
        "C" => RuneSet.OfCategories(Control, Format, Surrogate, PrivateUse, OtherNotAssigned),
        "Cc" => RuneSet.OfCategories(Control),
        "Cf" => RuneSet.OfCategories(Format),
        "Co" => RuneSet.OfCategories(PrivateUse),
        "Cn" => RuneSet.OfCategories(OtherNotAssigned),
        "Han" => rune => Array.Exists(HanRanges, range => rune >= range.First && rune <= range.Last),
        _ => null,
    };
}
