using System.CommandLine;
using System.Globalization;
using ActorRing.Cluster.Member;
using ActorRing.Cluster.Member.Work;
using ActorRing.Compute.Data;
using ActorRing.Compute.Evaluation.Needle;

namespace ActorRing.Cluster.Cli.Commands;

/// <summary><c>actorring data</c>: makes training data.</summary>
internal static class DataCommand
{
    private const int MostTokens = 1 << 24;

    internal static Command Create() => new("data", "Makes training data.") { Needles() };

    private static Command Needles()
    {
        var tokenizer = new Option<string>("--tokenizer") { Description = "bytes, or a tokenizer.json.", Required = true };
        var haystack = new Option<string[]>("--haystack-dir") { Description = "Text files, patterns or folders of *.txt.", Required = true };
        var output = new Option<string>("--out", "-o") { Description = "Packed token file (.tokens) to write; must not exist.", Required = true };
        var documents = NumberOption.Of("--documents", "How many.", 1000L, 1, 1L << 40);
        var tokens = NumberOption.Of("--tokens", "Tokens of each.", 1024, 16, MostTokens);
        var facts = NumberOption.Of("--facts", "Most facts (a city and its number) of a document.", 4, 1, NeedleWording.Cities.Count);
        var statements = NumberOption.Of("--statements", "Sentences that say a fact, for the first time or again.", 6, 1, MostTokens);
        var questions = NumberOption.Of("--questions", "Questions at the end, with their answers.", 1, 0, MostTokens);
        var digits = NumberOption.Of("--rnd-number-digits", "Digits of a number.", 7, 1, 9);
        var learnText = NumberOption.Share("--learn-text", "Share of the tokens to be learnt beside numbers that were said before; 1: all, as in language modelling.", 1);
        var seed = NumberOption.Of("--seed", "Of everything.", 1L, 0, long.MaxValue);
        var command = new Command(
            "needles", "Books with facts hidden in them, said again, and asked for. Example: actorring data needles --tokenizer bytes --haystack-dir artifacts/data/kjv --tokens 2048 -o runs/needles.tokens")
        {
            tokenizer, haystack, output, documents, tokens, facts, statements, questions, digits, learnText, seed,
        };
        command.SetAction(result =>
        {
            using var signal = new StopSignal("stopped; nothing is left behind");
            var words = JobModel.TokenizerOf(result.GetValue(tokenizer), folder: null).Tokenizer!;
            var source = new NeedleDocuments(
                words, Haystack.Read(words, result.GetValue(haystack)!),
                new(result.GetValue(tokens), result.GetValue(facts), result.GetValue(statements), result.GetValue(questions),
                    result.GetValue(digits), result.GetValue(learnText), result.GetValue(seed)));
            var path = result.GetValue(output)!;
            if (File.Exists(path))
            {
                throw new UsageException($"{path} exists; allowed: a file that does not");
            }

            using (var writer = new PackedTokensWriter(path, words.VocabularySize))
            {
                source.WriteTo(writer, result.GetValue(documents), signal.Token);
                writer.Commit();
            }

            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"wrote {path}: {result.GetValue(documents)} documents of {result.GetValue(tokens)} tokens"));
            return 0;
        });
        return command;
    }
}
