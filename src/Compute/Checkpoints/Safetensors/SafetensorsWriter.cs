using System.Security.Cryptography;

namespace ActorRing.Compute.Checkpoints.Safetensors;

/// <summary>
/// Writes one safetensors file as a stream: the header first, then the tensors' bytes in the order of the header, as much at a time as the caller likes.
/// </summary>
/// <remarks>
/// The file appears under its name only on <see cref="Commit"/> (<see cref="DurableFile"/>). The same tensors in the same order give the same bytes.
/// </remarks>
public sealed class SafetensorsWriter : IDisposable
{
    private readonly DurableFile file;
    private readonly IReadOnlyList<TensorSpec> tensors;
    private int current;
    private long writtenOfCurrent;

    private SafetensorsWriter(DurableFile file, IReadOnlyList<TensorSpec> tensors)
    {
        this.file = file;
        this.tensors = tensors;
        SkipEmpty();
    }

    /// <summary>Bytes of the file so far.</summary>
    public long Length => file.Length;

    /// <summary>The tensor whose bytes come next, or null when all are written.</summary>
    public TensorSpec? Next => current < tensors.Count ? tensors[current] : null;

    /// <summary>Starts a file under a temporary name and writes its header.</summary>
    /// <param name="path">Final name.</param>
    /// <param name="tensors">Tensors in the order in which their bytes will come; names unique.</param>
    /// <param name="metadata">Strings for <c>__metadata__</c> besides <c>"format": "pt"</c>, which is always written.</param>
    /// <exception cref="ArgumentException">A name, shape or count that the strict reader would refuse.</exception>
    /// <exception cref="IOException">The folder cannot be written to.</exception>
    public static SafetensorsWriter Create(string path, IReadOnlyList<TensorSpec> tensors, IReadOnlyDictionary<string, string>? metadata = null) =>
        Create(path, tensors, metadata, new RealDisk());

    /// <summary>As the public one, with the sync as a parameter so that its failure can be tested.</summary>
    internal static SafetensorsWriter Create(
        string path, IReadOnlyList<TensorSpec> tensors, IReadOnlyDictionary<string, string>? metadata, FlushToDisk flush) =>
        Create(path, tensors, metadata, new RealDisk(flush));

    /// <summary>As the public one, on a disk that may fail.</summary>
    /// <param name="path">Final name.</param>
    /// <param name="tensors">Tensors in the order in which their bytes will come.</param>
    /// <param name="metadata">As in the public one.</param>
    /// <param name="disk">Carries out every change.</param>
    /// <param name="sha256">Fed with every byte of the file; the caller's.</param>
    internal static SafetensorsWriter Create(
        string path, IReadOnlyList<TensorSpec> tensors, IReadOnlyDictionary<string, string>? metadata, IDisk disk, IncrementalHash? sha256 = null)
    {
        var header = SafetensorsHeaderWriter.Write(tensors, metadata);
        var file = DurableFile.Create(path, disk, sha256);
        try
        {
            file.Append(header);
            return new SafetensorsWriter(file, tensors);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Appends bytes of a tensor: the whole of it or the next part.</summary>
    /// <param name="name">Must be the tensor that is due; said again so that a mix-up is an error and not a wrong file.</param>
    /// <param name="bytes">Little-endian, row-major; at most what is left of the tensor.</param>
    /// <exception cref="InvalidOperationException">Another tensor is due, or more bytes than it has.</exception>
    /// <exception cref="IOException">Disk full and the like; dispose then.</exception>
    public void Append(string name, ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return;
        }
        if (Next is not { } due || due.Name != name)
        {
            var expected = Next is { } other ? Quote.Of(other.Name) : "the commit";
            throw new InvalidOperationException($"{file.Path}: bytes of tensor {Quote.Of(name)} came; due is {expected}");
        }
        if (bytes.Length > due.ByteCount - writtenOfCurrent)
        {
            throw new InvalidOperationException($"{file.Path}: tensor {due}: {writtenOfCurrent + bytes.Length} bytes came; it has {due.ByteCount}");
        }
        file.Append(bytes);
        writtenOfCurrent += bytes.Length;
        if (writtenOfCurrent == due.ByteCount)
        {
            current++;
            writtenOfCurrent = 0;
            SkipEmpty();
        }
    }

    /// <summary>Makes the file durable and gives it its name.</summary>
    /// <exception cref="InvalidOperationException">Bytes are missing.</exception>
    /// <exception cref="IOException">As <see cref="DurableFile.Commit"/>.</exception>
    public void Commit()
    {
        if (Next is { } due)
        {
            throw new InvalidOperationException($"{file.Path}: tensor {due}: {writtenOfCurrent} of {due.ByteCount} bytes came before the commit");
        }
        file.Commit();
    }

    /// <summary>Deletes what was written unless it was committed.</summary>
    public void Dispose() => file.Dispose();

    private void SkipEmpty()
    {
        while (Next is { ByteCount: 0 })
        {
            current++;
        }
    }
}
