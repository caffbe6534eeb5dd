using System.Globalization;
using ActorRing.Compute.Checkpoints.Training;

namespace ActorRing.Cluster.Cli.SaveFaults;

/// <summary>How a run of <see cref="SaveScene"/> ended.</summary>
/// <param name="Said">Updates in the last TrainingCheckpoint that was said to be committed; 0 for none.</param>
/// <param name="Refusal">What the saver said of the refusal that ended it; null if it went through or was killed.</param>
/// <param name="IsKilled">Whether it was killed.</param>
internal sealed record SaveEnd(int Said, string? Refusal, bool IsKilled)
{
    internal bool IsDone => Refusal is null && !IsKilled;

    internal bool IsCrash => Refusal?.StartsWith("crashed", StringComparison.Ordinal) ?? false;
}

/// <summary>Looks at what a run has left behind as the next seed and the next ranks would.</summary>
internal static class SaveJudge
{
    /// <summary>What is wrong, a line each; nothing if nothing is.</summary>
    /// <remarks>At the end one more TrainingCheckpoint is saved in the folder.</remarks>
    internal static IReadOnlyList<string> Flaws(SaveScene scene, SaveStates states, SaveCase place, SaveEnd end)
    {
        var flaws = new List<string>();
        if (end.IsDone && end.Said != SaveScene.Steps)
        {
            flaws.Add($"it went through and has said {end.Said}");
        }

        if (end.IsDone && place is { IsSync: true, IsRefusal: true })
        {
            flaws.Add("a failed sync was reported as success");
        }

        if (!end.IsDone && place.Fault is (SaveFault.Short or SaveFault.Delay))
        {
            flaws.Add($"it was given up: {end.Refusal}");
        }

        if (end.IsCrash)
        {
            flaws.Add($"it {end.Refusal}");
        }

        try
        {
            using var log = new SaveLog(scene.State);
            Look(scene, states, log, end, flaws);
        }
        catch (Exception fault) when (fault is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            flaws.Add($"nobody can go on: {fault.Message}");
        }

        return flaws;
    }

    private static void Look(SaveScene scene, SaveStates states, SaveLog log, SaveEnd end, List<string> flaws)
    {
        var checkpoints = new TrainingCheckpoints(scene.Root);
        var noted = log.Job?.Checkpoints is [.., var last] ? last : default;
        if (noted.StepsDone != end.Said && noted.StepsDone != end.Said + 1)
        {
            flaws.Add(string.Create(CultureInfo.InvariantCulture, $"{end.Said} was said to be committed, the log says {noted.StepsDone}"));
        }

        if (noted.StepsDone > 0)
        {
            Try(() => checkpoints.Verify(noted.StepsDone, noted.ManifestHash), flaws);
        }

        foreach (var steps in checkpoints.Newest())
        {
            if (steps > noted.StepsDone + 1)
            {
                flaws.Add(string.Create(CultureInfo.InvariantCulture, $"step-{steps} is there, the log says {noted.StepsDone}"));
            }

            Try(
                () =>
                {
                    if (checkpoints.Open(steps).Load(states.Empty) != states.Digest((int)steps))
                    {
                        flaws.Add(string.Create(CultureInfo.InvariantCulture, $"step-{steps} holds another state"));
                    }
                },
                flaws);
        }

        // Whatever was left, the next epoch gets on with it and clears it away.
        scene.Save(log, states, SaveStates.Most);
        Try(() => checkpoints.Open(SaveStates.Most), flaws);
        flaws.AddRange(Directory.GetDirectories(scene.Root).Where(path => Path.GetFileName(path).Contains('.', StringComparison.Ordinal)).Select(path => $"{Path.GetFileName(path)} was left"));
    }

    private static void Try(Action look, List<string> flaws)
    {
        try
        {
            look();
        }
        catch (Exception fault) when (fault is IOException or InvalidDataException)
        {
            flaws.Add(fault.Message);
        }
    }
}
