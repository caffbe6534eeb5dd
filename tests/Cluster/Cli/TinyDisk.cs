using System.Diagnostics;
using System.Globalization;

namespace ActorRing.Cluster.Specs.Cli;

/// <summary>A file system of a few KiB on a folder, gone when its owner is. Needs the right to mount.</summary>
internal sealed class TinyDisk : IDisposable
{
    private readonly string _folder;

    internal TinyDisk(string folder, int kibibytes)
    {
        Directory.CreateDirectory(folder);
        _folder = folder;
        Require(Run("mount", "-t", "tmpfs", "-o", SizeOf(kibibytes), "tmpfs", folder));
    }

    /// <summary>Makes room, or takes it.</summary>
    internal void Resize(int kibibytes) => Require(Run("mount", "-o", "remount," + SizeOf(kibibytes), _folder));

    /// <summary>Why this process cannot have one; null if it can.</summary>
    internal static string? WhyNot()
    {
        var folder = Directory.CreateTempSubdirectory("actorring-disk-");
        try
        {
            new TinyDisk(folder.FullName, 4).Dispose();
            return null;
        }
        catch (InvalidOperationException fault)
        {
            return $"no tmpfs can be mounted here, so that a full disk was not tried: {fault.Message}";
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    public void Dispose()
    {
        Require(Run("umount", _folder));
    }

    private static string SizeOf(int kibibytes) => string.Create(CultureInfo.InvariantCulture, $"size={kibibytes}k");

    private static void Require(string? fault)
    {
        if (fault is not null)
        {
            throw new InvalidOperationException(fault);
        }
    }

    private static string? Run(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            var errors = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? null : errors.ReplaceLineEndings(" ").Trim();
        }
        catch (System.ComponentModel.Win32Exception fault)
        {
            return fault.Message;
        }
    }
}

/// <summary>A theory on a full disk, skipped with the reason where none can be made.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class TinyDiskTheoryAttribute : TheoryAttribute
{
    /// <summary>Tries to mount one.</summary>
    public TinyDiskTheoryAttribute() => Skip = TinyDisk.WhyNot()!;
}
