using ActorRing.Cluster.Hosting.Settings;
using ActorRing.Compute.Data;
using ActorRing.Compute.Evaluation.Needle;
using ActorRing.Compute.Tokenizers;

namespace ActorRing.Cluster.Cli.Demo;

/// <summary>Writes the training data of the demo's stages: books with facts in them that are said again and asked for.</summary>
internal static class DemoData
{
    internal static void Write(DemoPlan plan, JobSettings job, ITokenizer tokenizer, CancellationToken stop)
    {
        var haystack = Haystack.Read(tokenizer, plan.Texts(heldOut: false));
        for (var at = 0; at < job.Stages.Count; at++)
        {
            var stage = job.Stages[at];
            var documents = new NeedleDocuments(tokenizer, haystack, plan.Documents(stage, at));
            using var writer = new PackedTokensWriter(Path.GetFullPath(stage.Data.Train.Single()), tokenizer.VocabularySize);

            // One more than the stage reads: a corpus has to be longer than its rows.
            documents.WriteTo(writer, ((long)stage.Steps * stage.BatchSize * stage.GradientAccumulation) + 1, stop);
            writer.Commit();
        }
    }
}
