using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace ActorRing.Compute.Checkpoints.Safetensors;

/// <summary>One safetensors file open for reading, its header checked whole before anything else is believed.</summary>
/// <remarks>
/// Reads are positional and never mapped: a file that somebody truncates meanwhile gives an error, not a SIGBUS. Safe to share between threads until disposed.
/// Memory: the header's tensors only; the data goes straight into the caller's spans. Bytes are little-endian as in the file.
/// </remarks>
public sealed class SafetensorsFile : IDisposable
{
    private const int LengthBytes = 8;
    private readonly SafeFileHandle handle;
    private readonly SafetensorsHeader header;
    private readonly long dataOffset;

    private SafetensorsFile(string path, SafeFileHandle handle, int maxHeaderBytes)
    {
        Path = path;
        this.handle = handle;
        var fileBytes = RandomAccess.GetLength(handle);
        Span<byte> prefix = stackalloc byte[LengthBytes];
        if (RegularFile.ReadFully(handle, prefix, 0) != LengthBytes)
        {
            throw new InvalidDataException($"{path}: is {fileBytes} bytes long; a safetensors file begins with 8 bytes of header length");
        }
        var headerBytes = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        var allowed = Math.Min(maxHeaderBytes, fileBytes - LengthBytes);
        if (headerBytes > (ulong)allowed)
        {
            throw new InvalidDataException(
                $"{path}: header length {headerBytes}: at most {allowed} is allowed (limit {maxHeaderBytes}, file {fileBytes} bytes)");
        }
        var json = new byte[headerBytes];
        if (RegularFile.ReadFully(handle, json, LengthBytes) != json.Length)
        {
            throw new InvalidDataException($"{path}: became shorter than its header of {headerBytes} bytes while it was read");
        }
        dataOffset = LengthBytes + json.Length;
        header = SafetensorsHeaderReader.Parse(json, fileBytes - dataOffset, path);
    }

    /// <summary>As given to <see cref="Open"/>.</summary>
    public string Path { get; }

    /// <summary>Tensors by name.</summary>
    public IReadOnlyDictionary<string, TensorEntry> Tensors => header.Tensors;

    /// <summary>Tensors in the order of their bytes.</summary>
    public IReadOnlyList<TensorEntry> Entries => header.Entries;

    /// <summary>The strings of <c>__metadata__</c>; empty if there is none.</summary>
    public IReadOnlyDictionary<string, string> Metadata => header.Metadata;

    /// <summary>Opens a file and checks its header.</summary>
    /// <param name="path">A regular file, not a link out of its folder.</param>
    /// <param name="maxHeaderBytes">Longer headers are refused before anything is allocated for them; 8 MiB holds about 60,000 tensors.</param>
    /// <exception cref="FileNotFoundException">Nothing has that name.</exception>
    /// <exception cref="InvalidDataException">The file breaks a rule: one line naming file, tensor, value and what is allowed.</exception>
    public static SafetensorsFile Open(string path, int maxHeaderBytes = SafetensorsHeader.DefaultMaxBytes)
    {
        var handle = RegularFile.OpenRead(path);
        try
        {
            return new SafetensorsFile(path, handle, maxHeaderBytes);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Reads a whole tensor.</summary>
    /// <param name="name">A key of <see cref="Tensors"/>.</param>
    /// <param name="destination">Exactly its <see cref="TensorSpec.ByteCount"/> bytes.</param>
    /// <exception cref="InvalidDataException">The file became shorter; the destination holds rubbish.</exception>
    public void Read(string name, Span<byte> destination) => ReadRows(name, 0, Entry(name).RowCount, destination);

    /// <summary>Reads rows, the slices along the outermost dim.</summary>
    /// <param name="name">A key of <see cref="Tensors"/>.</param>
    /// <param name="firstRow">First row, from 0.</param>
    /// <param name="rowCount">Number of rows.</param>
    /// <param name="destination">Exactly <paramref name="rowCount"/> times <see cref="TensorSpec.RowBytes"/> bytes.</param>
    /// <exception cref="ArgumentException">No such tensor, or a destination of another length.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The rows are not all in the tensor.</exception>
    /// <exception cref="InvalidDataException">The file became shorter; the destination holds rubbish.</exception>
    public void ReadRows(string name, long firstRow, long rowCount, Span<byte> destination)
    {
        var entry = Entry(name);
        ArgumentOutOfRangeException.ThrowIfNegative(firstRow);
        ArgumentOutOfRangeException.ThrowIfNegative(rowCount);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(firstRow, entry.RowCount - rowCount);
        if (destination.Length != (Int128)rowCount * entry.RowBytes)
        {
            throw new ArgumentException(
                $"{rowCount} rows of tensor {entry} are {(Int128)rowCount * entry.RowBytes} bytes; the destination has {destination.Length}",
                nameof(destination));
        }
        var read = RegularFile.ReadFully(handle, destination, dataOffset + entry.Begin + firstRow * entry.RowBytes);
        if (read != destination.Length)
        {
            throw new InvalidDataException(
                $"{Path}: tensor {Quote.Of(name)}: only {read} of {destination.Length} bytes are left; the file became shorter after it was opened");
        }
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => handle.Dispose();

    private TensorEntry Entry(string name) =>
        header.Tensors.TryGetValue(name, out var entry) ? entry : throw new ArgumentException($"{Path}: has no tensor {Quote.Of(name)}", nameof(name));
}
