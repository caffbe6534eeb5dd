using System.Runtime.Versioning;
using ActorRing.Cluster.Hosting.Store;

namespace ActorRing.Cluster.Specs.Store;

[SupportedOSPlatform("linux")]
public sealed class PrivateFolderSpec : IDisposable
{
    private readonly DirectoryInfo _parent = Directory.CreateTempSubdirectory("actorring-private-");

    [Fact]
    public void Folder_must_be_taken_with_what_it_inherits_of_a_volume_that_belongs_to_a_group()
    {
        _parent.UnixFileMode |= UnixFileMode.SetGroup | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute;
        var folder = Path.Combine(_parent.FullName, "state");

        PrivateFolder.Ensure(folder);
        PrivateFolder.Ensure(folder);

        Assert.Equal(UnixFileMode.SetGroup | UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(folder));
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.OtherExecute)]
    public void Folder_that_others_can_enter_or_list_must_be_refused(UnixFileMode others)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_parent.FullName, "state"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        folder.UnixFileMode |= others;

        Assert.Contains("chmod 700", Assert.Throws<UnauthorizedAccessException>(() => PrivateFolder.Ensure(folder.FullName)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _parent.Delete(recursive: true);
}
