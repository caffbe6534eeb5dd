namespace ActorRing.Cluster.Hosting.Store;

/// <summary>A folder that only its owner can enter: what is in it (log, token, socket) is protected by that alone.</summary>
public static class PrivateFolder
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    // What the folder inherits from its parent beside these, such as the set-group-ID bit of a Kubernetes volume, lets nobody in.
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>Makes the folder with mode 0700, or checks that it has it.</summary>
    /// <exception cref="UnauthorizedAccessException">It exists and others can enter it.</exception>
    /// <exception cref="IOException">It cannot be made, or is a link or not a folder.</exception>
    public static void Ensure(string path)
    {
        if (File.Exists(path) || new DirectoryInfo(path).LinkTarget is not null)
        {
            throw new IOException($"{path}: is not a folder; a folder of mode 0700 is needed");
        }

#pragma warning disable CA1416 // Linux only, as all of the cluster is.
        Directory.CreateDirectory(path, Owner);
        var mode = File.GetUnixFileMode(path);
#pragma warning restore CA1416
        if ((mode & Others) != 0)
        {
            throw new UnauthorizedAccessException($"{path}: mode {Convert.ToString((int)mode, 8)} lets others in; run: chmod 700 {path}");
        }
    }
}
