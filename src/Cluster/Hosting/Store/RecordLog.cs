using System.Buffers.Binary;
using ActorRing.Compute.Checkpoints;
using Microsoft.Win32.SafeHandles;

namespace ActorRing.Cluster.Hosting.Store;

/// <summary>
/// The coordinator's memory: an append-only file of records, held by one process at a time, whose term grows with every opening.
/// </summary>
/// <remarks>
/// A record counts once <see cref="Append"/> has returned: it was written and synced by a checked call. Opening believes the longest valid prefix; a torn tail
/// (a write that a crash cut short) is cut off, damage anywhere else is <see cref="LogCorruptException"/>. After a failed write or sync the log refuses
/// everything: what the kernel then keeps in its cache says nothing about the disk, and only opening anew finds out. Not for several threads.
/// </remarks>
public sealed class RecordLog : IDisposable
{
    private const long LargestFile = 1L << 30;
    private readonly StoreLock _lock;
    private readonly IDisk _disk;
    private SafeFileHandle _file;
    private ulong _sequence;
    private Exception? _poison;
    private bool _hasGrown;
    private bool _closed;

    private RecordLog(string folder, IDisk disk)
    {
        _disk = disk;
        Path = System.IO.Path.Combine(folder, "log");
        PrivateFolder.Ensure(folder);
        _lock = StoreLock.Take(folder);
        try
        {
            _file = OpenFile(Path);
            Entries = Recover(out var term);
            Term = checked(term + 1);
            Write(LogFormat.Kind.Term, TermBytes());
            DurableDirectory.Flush(folder, disk.Sync);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Full path of the file.</summary>
    public string Path { get; }

    /// <summary>Greater than the term of every earlier opening, and on the disk: whoever acts for this log may fence with it.</summary>
    public long Term { get; }

    /// <summary>Payloads found when the log was opened, oldest first, or those that took their place since.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Entries { get; private set; }

    /// <summary>Bytes of the file.</summary>
    public long Length { get; private set; }

    /// <summary>Bytes of a torn record that opening cut off; 0 after a clean end.</summary>
    public long CutBytes { get; private set; }

    /// <summary>Opens the log <c>log</c> in a folder, making both if need be (0700, 0600), and starts a new term.</summary>
    /// <exception cref="StoreHeldException">Another process has it.</exception>
    /// <exception cref="LogCorruptException">It is damaged before its end; nothing was changed.</exception>
    /// <exception cref="IOException">It could not be read, written or synced.</exception>
    /// <remarks>Reads the whole file (at most 1 GiB) and syncs twice or three times.</remarks>
    public static RecordLog Open(string folder) => Open(folder, new RealDisk());

    internal static RecordLog Open(string folder, Action<SafeFileHandle, string> flush) => Open(folder, new RealDisk(flush.Invoke));

    /// <summary>As the public one, on a disk that may fail.</summary>
    internal static RecordLog Open(string folder, IDisk disk) => new(System.IO.Path.GetFullPath(folder), disk);

    /// <summary>Returns once the record is on the disk.</summary>
    /// <param name="payload">At most 16 MiB.</param>
    /// <exception cref="IOException">The write or the sync failed, now or earlier; whether this record is on the disk is unknown until the log is opened anew.</exception>
    /// <remarks>One write and one sync: about a millisecond on an SSD.</remarks>
    public void Append(ReadOnlySpan<byte> payload)
    {
        Write(LogFormat.Kind.Entry, payload);
        _hasGrown = true;
    }

    /// <summary>Bytes that the file would have with these payloads in it and nothing else.</summary>
    public static long LengthOf(IReadOnlyList<ReadOnlyMemory<byte>> payloads)
    {
        ArgumentNullException.ThrowIfNull(payloads);
        return LogFormat.Magic.Length + LogFormat.HeaderBytes + sizeof(long) + payloads.Sum(payload => (long)LogFormat.HeaderBytes + payload.Length);
    }

    /// <summary>Puts other records in the place of all that there are; lock and term stay. Only before anything is appended.</summary>
    /// <param name="payloads">At most 16 MiB each. They come to the same as <see cref="Entries"/>, or else something promised is lost: the caller's business.</param>
    /// <exception cref="IOException">
    /// The disk refused. If <see cref="IsUsable"/>, the old log is untouched and goes on; otherwise it is unknown which of the two is on the disk, and the log must be opened anew.
    /// </exception>
    /// <remarks>
    /// A new file beside the old one, synced, renamed over it, its folder synced: a crash at any point leaves the old log or the new one, whole, under terms that were
    /// never given twice. What a killed process left of a new file, the next rewriting deletes. Cost: one write of the new file, two syncs.
    /// </remarks>
    public void Rewrite(IReadOnlyList<ReadOnlyMemory<byte>> payloads)
    {
        ArgumentNullException.ThrowIfNull(payloads);
        ThrowIfUnusable();
        if (_hasGrown)
        {
            throw new InvalidOperationException($"{Path}: was appended to; a log is rewritten before that or never");
        }

        var bytes = Encode(payloads);
        using var file = DurableFile.Create(Path, _disk);
        try
        {
            file.Append(bytes);
            file.Commit();
            var renewed = OpenFile(Path);
            _file.Dispose();
            _file = renewed;
        }
        catch (Exception failure) when (file.HasName)
        {
            _poison = failure;
            throw;
        }

        (Length, _sequence, Entries) = (bytes.Length, (ulong)payloads.Count + 1, [.. payloads]);
    }

    /// <summary>Whether it takes records: it is open and no write has failed.</summary>
    public bool IsUsable => !_closed && _poison is null;

    /// <summary>Whether the file is where it was and has not lost a byte: whoever removed or replaced it has taken the store away.</summary>
    /// <remarks>Any thread, also while a record is written.</remarks>
    public bool IsInPlace
    {
        get
        {
            // Read before the file is looked at: a record that is written in between makes the file longer than this, never shorter.
            var length = Length;
            return !_closed && new FileInfo(Path) is { Exists: true } file && file.Length >= length;
        }
    }

    /// <summary>Closes the file and lets the next process have it.</summary>
    public void Dispose()
    {
        _closed = true;
        _file?.Dispose();
        _lock.Dispose();
    }

    private static SafeFileHandle OpenFile(string path)
    {
        if (new FileInfo(path).LinkTarget is not null)
        {
            throw new IOException($"{path}: is a link; the log must be a file of its own");
        }

        if (!File.Exists(path))
        {
#pragma warning disable CA1416 // Linux only, as Libc is.
            new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }).Dispose();
#pragma warning restore CA1416
        }

        return File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
    }

    private List<ReadOnlyMemory<byte>> Recover(out long term)
    {
        term = 0;
        var entries = new List<ReadOnlyMemory<byte>>();
        var bytes = ReadAll();
        var magic = LogFormat.Magic;
        if (bytes.Length < magic.Length)
        {
            if (!magic.StartsWith(bytes))
            {
                throw new LogCorruptException(Path, 0, "not a log of ActorRing");
            }

            CutBytes = bytes.Length;
            RandomAccess.Write(_file, magic, 0);
            _disk.Sync(_file, Path);
            Length = magic.Length;
            return entries;
        }

        if (!bytes.AsSpan().StartsWith(magic))
        {
            throw new LogCorruptException(Path, 0, "not a log of ActorRing, or of a version this one cannot read");
        }

        var offset = magic.Length;
        while (LogFormat.Read(bytes, offset, _sequence + 1) is { } record)
        {
            var payload = bytes.AsMemory(record.PayloadOffset, record.PayloadLength);
            if (record.Kind == LogFormat.Kind.Entry)
            {
                entries.Add(payload);
            }
            else
            {
                term = ReadTerm(payload.Span, term, offset);
            }

            offset = record.End;
            _sequence++;
        }

        CutTail(bytes, offset);
        Length = offset;
        return entries;
    }

    private long ReadTerm(ReadOnlySpan<byte> payload, long before, long offset)
    {
        var term = payload.Length == sizeof(long) ? BinaryPrimitives.ReadInt64LittleEndian(payload) : 0;
        return term > before ? term : throw new LogCorruptException(Path, offset, $"term {term} after term {before}");
    }

    private void CutTail(ReadOnlySpan<byte> bytes, int offset)
    {
        if (offset == bytes.Length)
        {
            return;
        }

        if (LogFormat.FindLater(bytes, offset, _sequence) is >= 0 and var later)
        {
            throw new LogCorruptException(Path, offset, $"record {_sequence + 1} cannot be read, yet there is a later one at byte {later}; restore the file from a copy");
        }

        CutBytes = bytes.Length - offset;
        RandomAccess.SetLength(_file, offset);
        _disk.Sync(_file, Path);
    }

    private byte[] ReadAll()
    {
        var length = RandomAccess.GetLength(_file);
        if (length > LargestFile)
        {
            throw new IOException($"{Path}: {length} bytes; at most {LargestFile} are read");
        }

        var bytes = new byte[length];
        var read = 0;
        while (read < bytes.Length && RandomAccess.Read(_file, bytes.AsSpan(read), read) is > 0 and var count)
        {
            read += count;
        }

        return read == bytes.Length ? bytes : throw new IOException($"{Path}: shrank while it was read");
    }

    private byte[] TermBytes()
    {
        var bytes = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, Term);
        return bytes;
    }

    private byte[] Encode(IReadOnlyList<ReadOnlyMemory<byte>> payloads)
    {
        using var bytes = new MemoryStream();
        bytes.Write(LogFormat.Magic);
        bytes.Write(LogFormat.Encode(1, LogFormat.Kind.Term, TermBytes()));
        for (var at = 0; at < payloads.Count; at++)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(payloads[at].Length, LogFormat.LargestPayload, nameof(payloads));
            bytes.Write(LogFormat.Encode((ulong)at + 2, LogFormat.Kind.Entry, payloads[at].Span));
        }

        return bytes.ToArray();
    }

    private void ThrowIfUnusable()
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        if (_poison is not null)
        {
            throw new IOException($"{Path}: an earlier write failed, open the log anew: {_poison.Message}", _poison);
        }
    }

    private void Write(LogFormat.Kind kind, ReadOnlySpan<byte> payload)
    {
        ThrowIfUnusable();
        ArgumentOutOfRangeException.ThrowIfGreaterThan(payload.Length, LogFormat.LargestPayload, nameof(payload));
        try
        {
            var record = LogFormat.Encode(_sequence + 1, kind, payload);
            RandomAccess.Write(_file, record, Length);
            _disk.Sync(_file, Path);
            Length += record.Length;
            _sequence++;
        }
        catch (Exception failure)
        {
            _poison = failure;
            throw;
        }
    }
}
