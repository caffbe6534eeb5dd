namespace ActorRing.Compute.Evaluation.Needle;

/// <summary>The words of the needle test, as EasyContext's <c>eval_needle.py</c> has them.</summary>
public static class NeedleWording
{
    /// <summary>What comes before the haystack.</summary>
    public const string Prefix = "This is a very long story book: <book>";

    /// <summary>The city that EasyContext asks for.</summary>
    public const string UsualCity = "Singapore";

    /// <summary>Cities that a test may ask for or distract with.</summary>
    public static IReadOnlyList<string> Cities { get; } =
    [
        "Amsterdam", "Athens", "Bangkok", "Beijing", "Berlin", "Bogota", "Boston", "Cairo", "Chicago", "Delhi", "Dublin", "Geneva", "Havana", "Helsinki", "Istanbul", "Jakarta",
        "Lima", "Lisbon", "London", "Madrid", "Manila", "Moscow", "Mumbai", "Nairobi", "Oslo", "Paris", "Prague", "Rome", "Seoul", "Singapore", "Sydney", "Tokyo",
    ];

    /// <summary>A sentence to be found, or a distractor.</summary>
    public static string Statement(string city, string number) => $"\nThe special magic {city} number is: {number}.\n";

    /// <summary>What comes after the haystack: the answer is the next thing to say.</summary>
    public static string Question(string city) => "</book>." + FurtherQuestion(city);

    /// <summary>The question after another one's answer.</summary>
    public static string FurtherQuestion(string city) =>
        $"\n Based on the content of the book, Question: What is the special magic {city} number? Answer: The special magic {city} number is:";

    /// <summary>The answer as it follows the question.</summary>
    public static string Answer(string number) => " " + number;

    /// <summary>The number that an answer gives: its first run of digits, whatever stands around it; empty where there is none.</summary>
    public static string NumberIn(string answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        return new([.. answer.SkipWhile(letter => !char.IsAsciiDigit(letter)).TakeWhile(char.IsAsciiDigit)]);
    }
}
