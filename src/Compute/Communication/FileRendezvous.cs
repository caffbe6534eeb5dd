using System.Diagnostics;

namespace ActorRing.Compute.Communication;

/// <summary>A rendezvous for processes of one user: one file per endpoint in a folder that only this user may enter.</summary>
/// <remarks>An endpoint appears whole or not at all (atomic rename). Files stay until the folder's owner removes them.</remarks>
public sealed class FileRendezvous : IRendezvous
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const int LongestEndpoint = 64 << 10;

    // Between two looks: well below what connecting costs, and nothing that shows on a processor.
    private static readonly TimeSpan Nap = TimeSpan.FromMilliseconds(2);

    private readonly string _folder;

    /// <summary>Uses a folder, and makes it if it does not exist.</summary>
    /// <exception cref="UnauthorizedAccessException">Others may enter the folder.</exception>
    public FileRendezvous(string folder)
    {
        _folder = folder;
        var mode = OperatingSystem.IsWindows() ? Private : Directory.CreateDirectory(folder, Private).UnixFileMode;
        if ((mode & ~Private) != 0)
        {
            throw new UnauthorizedAccessException($"{folder} is open to others: its mode must be 0700");
        }
    }

    /// <inheritdoc/>
    public void Publish(string group, int rank, ReadOnlySpan<byte> endpoint)
    {
        var path = PathOf(group, rank);
        var draft = $"{path}.{Guid.NewGuid():N}.part";
        File.WriteAllBytes(draft, endpoint);
        try
        {
            File.Move(draft, path, overwrite: false);
        }
        catch (IOException)
        {
            File.Delete(draft);
            throw new InvalidOperationException($"rank {rank} of {group} has published already");
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<byte[]> Collect(string group, int size, TimeSpan deadline, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        var endpoints = new byte[size][];
        for (var rank = 0; rank < size; rank++)
        {
            var path = PathOf(group, rank);
            while (!File.Exists(path))
            {
                if (clock.Elapsed >= deadline)
                {
                    throw new TimeoutException($"rank {rank} of {group} did not publish its endpoint within {deadline.TotalMilliseconds:F0} ms");
                }

                cancellation.WaitHandle.WaitOne(Nap);
                cancellation.ThrowIfCancellationRequested();
            }

            if (new FileInfo(path).Length > LongestEndpoint)
            {
                throw new InvalidDataException($"{path} is longer than an endpoint can be");
            }

            endpoints[rank] = File.ReadAllBytes(path);
        }

        return endpoints;
    }

    private string PathOf(string group, int rank)
    {
        if (group.Length is 0 or > 64 || group[0] == '.' || group.Any(letter => !char.IsAsciiLetterOrDigit(letter) && letter is not ('.' or '-' or '_')))
        {
            throw new ArgumentException($"group is '{group}': up to 64 letters, digits, dots, dashes and underscores, no dot first");
        }

        return Path.Combine(_folder, $"{group}.{rank}");
    }
}
