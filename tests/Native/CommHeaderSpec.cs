using System.Diagnostics;
using System.Text.RegularExpressions;

namespace ActorRing.Native.Specs;

/// <summary>actorring_comm.h, what libar_comm exports, and the managed mirrors of its structs, held against each other by the C compiler itself.</summary>
public sealed partial class CommHeaderSpec : IDisposable
{
    private static readonly string Include = Path.Combine(SourceTree.Root, "src", "Native", "include");

    private readonly DirectoryInfo _work = Directory.CreateTempSubdirectory("actorring-comm-header-");

    [Fact]
    public void Library_must_export_exactly_what_the_header_declares()
    {
        var declared = Declaration().Matches(File.ReadAllText(Path.Combine(Include, "actorring_comm.h"))).Select(match => match.Groups["name"].Value).ToArray();
        Assert.True(declared.Length > 25, $"only {declared.Length} declarations found");
        Assert.Equal(declared.Order(StringComparer.Ordinal), ElfExports.Of(Path.Combine(AppContext.BaseDirectory, CommLibraryTable.File)).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("cc", "c99")]
    [InlineData("cc", "c11")]
    [InlineData("c++", "c++17")]
    public void Header_must_compile_without_a_warning(string compiler, string standard)
    {
        var file = compiler == "cc" ? "use.c" : "use.cpp";
        Write(file, "#include \"actorring_comm.h\"\nint main(void) { return AR_COMM_ABI_VERSION - 1; }\n");
        Run(compiler, $"-std={standard}", "-Wall", "-Wextra", "-pedantic", "-Werror", "-fsyntax-only", "-I", Include, file);
    }

    [Fact]
    public unsafe void Managed_structs_must_lie_in_memory_as_the_c_compiler_lays_them_out()
    {
        CommOptions options;
        CommMemory memory;
        CommCall call;
        CommFailure failure;
        CommInfo info;
        CommPeerInfo peer;
        CommWaitInfo wait;
        var managed = new (string C, long Value)[]
        {
            ("sizeof(ar_comm_options)", sizeof(CommOptions)),
            ("offsetof(ar_comm_options, transport)", Offset(&options, &options.Transport)),
            ("offsetof(ar_comm_options, rank)", Offset(&options, &options.Rank)),
            ("offsetof(ar_comm_options, size)", Offset(&options, &options.Size)),
            ("offsetof(ar_comm_options, device_index)", Offset(&options, &options.DeviceIndex)),
            ("offsetof(ar_comm_options, epoch)", Offset(&options, &options.Epoch)),
            ("offsetof(ar_comm_options, host)", Offset(&options, &options.Host)),
            ("offsetof(ar_comm_options, secret)", Offset(&options, options.Secret)),
            ("AR_COMM_SECRET_BYTES", CommOptions.SecretBytes),
            ("sizeof(ar_comm_memory)", sizeof(CommMemory)),
            ("offsetof(ar_comm_memory, address)", Offset(&memory, &memory.Address)),
            ("offsetof(ar_comm_memory, byte_count)", Offset(&memory, &memory.ByteCount)),
            ("offsetof(ar_comm_memory, slab)", Offset(&memory, &memory.Slab)),
            ("sizeof(ar_comm_call)", sizeof(CommCall)),
            ("offsetof(ar_comm_call, label)", Offset(&call, &call.Label)),
            ("offsetof(ar_comm_call, deadline_ms)", Offset(&call, &call.DeadlineMilliseconds)),
            ("sizeof(ar_comm_failure)", sizeof(CommFailure)),
            ("offsetof(ar_comm_failure, status)", Offset(&failure, &failure.Status)),
            ("offsetof(ar_comm_failure, operation)", Offset(&failure, &failure.Operation)),
            ("offsetof(ar_comm_failure, peer)", Offset(&failure, &failure.Peer)),
            ("offsetof(ar_comm_failure, label)", Offset(&failure, &failure.Label)),
            ("sizeof(ar_comm_info)", sizeof(CommInfo)),
            ("offsetof(ar_comm_info, state)", Offset(&info, &info.State)),
            ("offsetof(ar_comm_info, epoch)", Offset(&info, &info.Epoch)),
            ("offsetof(ar_comm_info, operation_count)", Offset(&info, &info.OperationCount)),
            ("offsetof(ar_comm_info, outstanding_count)", Offset(&info, &info.OutstandingCount)),
            ("offsetof(ar_comm_info, sent_bytes)", Offset(&info, &info.SentBytes)),
            ("offsetof(ar_comm_info, received_bytes)", Offset(&info, &info.ReceivedBytes)),
            ("offsetof(ar_comm_info, wait_nanoseconds)", Offset(&info, &info.WaitNanoseconds)),
            ("sizeof(ar_comm_wait_info)", sizeof(CommWaitInfo)),
            ("offsetof(ar_comm_wait_info, peer)", Offset(&wait, &wait.Peer)),
            ("offsetof(ar_comm_wait_info, label)", Offset(&wait, &wait.Label)),
            ("offsetof(ar_comm_wait_info, nanoseconds)", Offset(&wait, &wait.Nanoseconds)),
            ("sizeof(ar_comm_peer_info)", sizeof(CommPeerInfo)),
            ("offsetof(ar_comm_peer_info, received_bytes)", Offset(&peer, &peer.ReceivedBytes)),
            ("AR_COMM_ABI_VERSION", CommLibraryTable.ExpectedAbiVersion),
            ("AR_TIMEOUT", (int)TransportFailure.TimedOut),
            ("AR_PEER_LOST", (int)TransportFailure.PeerLost),
            ("AR_PEER_LOST", (int)NativeStatus.PeerLost),
            ("AR_ABORTED", (int)TransportFailure.Aborted),
            ("AR_ABORTED", (int)NativeStatus.Aborted),
            ("AR_MISMATCH", (int)TransportFailure.Mismatch),
            ("AR_MISMATCH", (int)NativeStatus.Mismatch),
            ("AR_REFUSED", (int)TransportFailure.Refused),
            ("AR_REFUSED", (int)NativeStatus.Refused),
            ("AR_TRANSPORT_LOOPBACK", (int)TransportKind.Loopback),
            ("AR_TRANSPORT_SHM", (int)TransportKind.SharedMemory),
            ("AR_TRANSPORT_GLOO", (int)TransportKind.Gloo),
            ("AR_TRANSPORT_NCCL", (int)TransportKind.Nccl),
            ("AR_COMM_CONNECT", (int)TransportOperation.Connect),
            ("AR_COMM_SEND", (int)TransportOperation.Send),
            ("AR_COMM_RECEIVE", (int)TransportOperation.Receive),
            ("AR_COMM_ROTATE", (int)TransportOperation.Rotate),
            ("AR_COMM_BORROW", (int)TransportOperation.Borrow),
            ("AR_COMM_ALL_TO_ALL", (int)TransportOperation.AllToAll),
            ("AR_COMM_ALL_GATHER", (int)TransportOperation.AllGather),
            ("AR_COMM_REDUCE_SCATTER", (int)TransportOperation.ReduceScatter),
            ("AR_COMM_ALL_REDUCE", (int)TransportOperation.AllReduce),
            ("AR_COMM_BROADCAST", (int)TransportOperation.Broadcast),
            ("AR_COMM_BARRIER", (int)TransportOperation.Barrier),
        };

        var asserts = managed.Select(entry => $"_Static_assert({entry.C} == {entry.Value}, \"{entry.C} is not {entry.Value}\");");
        Write("layout.c", $"#include <stddef.h>\n#include \"actorring_comm.h\"\n{string.Join('\n', asserts)}\n");
        Run("cc", "-std=c11", "-fsyntax-only", "-I", Include, "layout.c");
    }

    public void Dispose() => _work.Delete(recursive: true);

    private static unsafe long Offset(void* start, void* field) => (byte*)field - (byte*)start;

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_work.FullName, name), text);

    private void Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = _work.FullName, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0 && errors.Length == 0, $"{program} {string.Join(' ', arguments)}: {errors}");
    }

    [GeneratedRegex(@"^AR_API\b[^;(]*?\b(?<name>ar_\w+)\(", RegexOptions.Multiline)]
    private static partial Regex Declaration();
}
