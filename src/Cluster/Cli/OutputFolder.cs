using ActorRing.Cluster.Member;

namespace ActorRing.Cluster.Cli;

/// <summary>The folder for everything that a command writes.</summary>
internal static class OutputFolder
{
    /// <summary>Makes the folder, if need be.</summary>
    /// <param name="option">Which names it.</param>
    /// <param name="folder">Its path.</param>
    /// <exception cref="UsageException">It cannot be made.</exception>
    internal static void Make(string option, string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{option} is {folder}, which cannot be made: {fault.Message.TrimEnd('.')}; allowed: a folder that can be made and written to");
        }
    }

    /// <summary>Makes a job's folder and puts a copy of the job file in it.</summary>
    /// <param name="folder">The setting <c>job.output</c>.</param>
    /// <param name="jobFile">What the job was read from.</param>
    /// <exception cref="UsageException">It cannot be made, or not be written to.</exception>
    internal static void Prepare(string folder, string jobFile)
    {
        try
        {
            Directory.CreateDirectory(folder);
            var copy = Path.Combine(folder, "job.conf");
            if (Path.GetFullPath(copy) != Path.GetFullPath(jobFile))
            {
                File.Copy(jobFile, copy, overwrite: true);
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"job.output: {folder}: {fault.Message.TrimEnd('.')}; allowed: a folder that can be made and written to");
        }
    }
}
