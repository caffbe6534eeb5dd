using System.Collections.Immutable;
using ActorRing.Actors.Effects;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Log;
using ActorRing.Actors.Messages;
using ActorRing.Cluster.Cli.Cluster;
using ActorRing.Compute.Checkpoints.Training;
using ActorRing.Compute.Model;

namespace ActorRing.Cluster.Cli.SaveFaults;

/// <summary>
/// A folder in which two ranks and a seed save one TrainingCheckpoint after the other, by what ranks and seeds use themselves: shards, manifest, the record in the
/// coordinator's log. The newest alone is kept, so that the third one deletes the first.
/// </summary>
internal sealed class SaveScene
{
    internal const int Steps = 3;

    private readonly JobSpec _spec;

    private SaveScene(string folder, string root, ModelDims model, JobSpec spec) => (State, Root, Model, _spec) = (Path.Combine(folder, "state"), root, model, spec);

    /// <summary>Sizes of the model.</summary>
    internal ModelDims Model { get; }

    /// <summary>Where the TrainingCheckpoints are.</summary>
    internal string Root { get; }

    /// <summary>The coordinator's folder.</summary>
    internal string State { get; }

    /// <summary>Makes or finds the job of a folder.</summary>
    internal static SaveScene Of(string folder)
    {
        var (file, text) = (Path.Combine(folder, "save.conf"), Path.Combine(folder, "text.txt"));
        File.WriteAllText(text, "a line of text\n");
        File.WriteAllText(file, $$"""
            job { name = save, output = "{{folder}}/save" }
            model { tokenizer = bytes, config { hidden_size = 8, intermediate_size = 8, head_dim = 32, num_hidden_layers = 1, num_attention_heads = 1, vocab_size = 264, tie_word_embeddings = true } }
            data.train = ["{{text}}"]
            parallelism.ranks = {{SaveStates.Ranks}}
            checkpoint { export = false, keep_latest_k = 1 }
            stages = [ { name = only, seq_len = 64, steps = {{SaveStates.Most}} } ]
            """);
        var job = JobIntake.Resolve(file, [], replacesModel: true);
        return new SaveScene(folder, job.Settings.Checkpoint.Folder, job.Model, job.ToSpec());
    }

    /// <summary>Opens the log and saves the states after 1, 2 and 3 updates.</summary>
    /// <param name="states">Made before.</param>
    /// <param name="mutation">The rule to break.</param>
    /// <param name="said">Told the updates in each TrainingCheckpoint that is committed.</param>
    internal void Run(SaveStates states, SaveMutation mutation, Action<int> said)
    {
        using var log = new SaveLog(State);
        for (var step = 1; step <= Steps; step++)
        {
            if (mutation == SaveMutation.DeleteFirst && step > 1)
            {
                Directory.Delete(FolderOf(step - 1), recursive: true);
            }

            if (mutation == SaveMutation.SayFirst)
            {
                said(step);
            }

            try
            {
                Save(log, states, step);
            }
            catch (IOException) when (mutation == SaveMutation.IgnoreErrors)
            {
            }

            if (mutation == SaveMutation.InPlace)
            {
                Array.ForEach(Directory.GetFiles(FolderOf(step)), file => File.WriteAllBytes(file, File.ReadAllBytes(file)));
            }

            said(step);
        }
    }

    /// <summary>Both phases and the record.</summary>
    internal void Save(SaveLog log, SaveStates states, int step)
    {
        var job = log.JobOf(_spec);
        var epoch = new RingEpoch(log.Term, step);
        var shards = Enumerable.Range(0, SaveStates.Ranks).Select(rank =>
        {
            var receipt = new TrainingCheckpoints(Root).WriteShard(states.Part(rank, step), step, epoch);
            return new ShardWritten(epoch, step, receipt.Bytes, receipt.Sha256, states.Digest(step));
        }).ToImmutableArray();
        var hash = new CheckpointFolder(_ => { }).Commit(new CommitManifest(log.Term, SaveLog.Id, epoch, step, states.Digest(step), shards), job);
        log.Append(new CheckpointCommitted(SaveLog.Id, epoch, step, SaveStates.Ranks, hash));
    }

    private string FolderOf(int step) => Path.Combine(Root, $"step-{step}");
}
