using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using ActorRing.Compute.Checkpoints;
using Microsoft.Win32.SafeHandles;

namespace ActorRing.Compute.Data;

/// <summary>Tokenises text and JSON lines once: the packed file is named by what went into it.</summary>
internal static class CorpusCache
{
    private const int WaitMilliseconds = 20;
    private const int OpenAttempts = 100;

    /// <summary>Opens the packed tokens of these files, made now if they are not there yet or not whole.</summary>
    /// <exception cref="InvalidDataException">A file is broken, or holds an id that the model does not have.</exception>
    public static PackedTokens OpenOrBuild(IReadOnlyList<(string Path, SourceFormat Format)> files, CorpusOptions options, IProgress<CorpusProgress>? progress,
        CancellationToken ct)
    {
        var path = Path.Combine(options.CacheFolder, $"{Key(files, options, ct)}.tokens");
        if (TryOpen(path, options.VocabularySize) is { } cached) return cached;
        Directory.CreateDirectory(options.CacheFolder);
        using (AwaitTurn(path, files, progress, ct))
        {
            try
            {
                if (TryOpen(path, options.VocabularySize) is { } built) return built;
                Build(path, files, options, progress, ct);
            }
            finally
            {
                File.Delete(LockOf(path)); // whoever waits for it holds the file itself and finds the tokens when its turn comes; who came too late made it anew
            }
        }

        return PackedTokens.Open(path);
    }

    internal static string LockOf(string path) => path + ".lock";

    // Ranks of a machine come here at the same time: one tokenises, the others wait. The kernel lets go of the lock of a process that ends, however it ends; then
    // the next one begins anew. Waiting is progress as long as there is somebody to wait for, who is watched like everybody else.
    private static SafeFileHandle AwaitTurn(string path, IReadOnlyList<(string Path, SourceFormat Format)> files, IProgress<CorpusProgress>? progress, CancellationToken ct)
    {
        var turn = OpenLock(LockOf(path));
        try
        {
            while (!Libc.TryLockIfLockable(turn))
            {
                ct.ThrowIfCancellationRequested();
                progress?.Report(new CorpusProgress(files[0].Path, 0, files.Count, 0));
                ct.WaitHandle.WaitOne(WaitMilliseconds);
            }

            return turn;
        }
        catch
        {
            turn.Dispose();
            throw;
        }
    }

    // By the system's own call: .NET takes a shared lock with every file it opens, and two who hold one would wait for each other.
    private static SafeFileHandle OpenLock(string path)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return Libc.OpenRead(path);
            }
            catch (FileNotFoundException) when (attempt < OpenAttempts)
            {
                Touch(path);
            }
        }
    }

    private static void Touch(string path)
    {
        try
        {
            File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete).Dispose();
        }
        catch (IOException) when (File.Exists(path))
        {
            // Another rank made it, and has locked it already.
        }
    }

    /// <summary>Digest of the contents in their order and of everything that turns them into ids; names and times of files do not matter.</summary>
    internal static string Key(IReadOnlyList<(string Path, SourceFormat Format)> files, CorpusOptions options, CancellationToken ct)
    {
        using var all = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        all.AppendData("packed tokens 1\n"u8);
        Add(all, Encoding.UTF8.GetBytes(options.TokenizerKey));
        Add(all, [Flag(options.AddBos), Flag(options.AddEos)]);
        foreach (var (path, format) in files)
        {
            ct.ThrowIfCancellationRequested();
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16, FileOptions.SequentialScan);
            Add(all, [(byte)format, path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? (byte)1 : (byte)0]);
            Add(all, SHA256.HashData(stream));
        }

        return Convert.ToHexStringLower(all.GetHashAndReset())[..32];
    }

    private static void Add(IncrementalHash hash, ReadOnlySpan<byte> bytes)
    {
        // With its length in front, so that two parts cannot be mistaken for two others.
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
        hash.AppendData(length);
        hash.AppendData(bytes);
    }

    private static byte Flag(bool? flag) => flag switch { true => 1, false => 0, null => 2 };

    // Ids beyond the vocabulary are built again, because only the building knows which file and document they came from.
    private static PackedTokens? TryOpen(string path, int vocabularySize)
    {
        if (!File.Exists(path)) return null;
        try
        {
            var cached = PackedTokens.Open(path);
            if (cached.IdBound <= vocabularySize) return cached;
            cached.Dispose();
            return null;
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    private static void Build(
        string path, IReadOnlyList<(string Path, SourceFormat Format)> files, CorpusOptions options, IProgress<CorpusProgress>? progress, CancellationToken ct)
    {
        var bos = Special(options.AddBos, options.Tokenizer?.BosId, options.Tokenizer is not null, "add_bos", "BOS");
        var eos = Special(options.AddEos, options.Tokenizer?.EosId, options.Tokenizer is not null, "add_eos", "EOS");
        using var writer = new PackedTokensWriter(path, options.VocabularySize);
        for (var i = 0; i < files.Count; i++)
        {
            var (file, format) = files[i];
            var document = 0L;
            foreach (var piece in format == SourceFormat.Text ? TextDocuments.Read(file, options.PieceBytes)
                : JsonLinesDocuments.Read(file, options.MaxLineBytes))
            {
                ct.ThrowIfCancellationRequested();
                void Append(ReadOnlySpan<int> ids) => writer.Append(Checked(piece.Source, document, ids, options.VocabularySize));
                if (piece.IsFirst && piece.Text is not null) Append(bos);
                Append(piece.Ids ?? Encode(piece, options));
                if (piece.IsLast && piece.Text is not null) Append(eos);
                progress?.Report(new CorpusProgress(file, i, files.Count, writer.TokenCount));
                if (!piece.IsLast) continue;
                writer.EndDocument();
                document++;
            }
        }

        ct.ThrowIfCancellationRequested();
        writer.Commit();
    }

    private static int[] Special(bool? wanted, int? id, bool hasTokenizer, string key, string name)
    {
        if (wanted == true && hasTokenizer && id is null)
            throw new InvalidDataException($"{key} is true and the tokenizer has no {name} token; allowed: false or auto");
        return wanted != false && id is { } special ? [special] : [];
    }

    private static int[] Encode(DocumentPiece piece, CorpusOptions options) =>
        options.Tokenizer is { } tokenizer
            ? tokenizer.Encode(piece.Text!, addSpecialTokens: false)
            : throw new InvalidDataException($"{piece.Source}: text, and the model has no tokenizer; allowed: input_ids, or a tokenizer");

    private static ReadOnlySpan<int> Checked(string source, long document, ReadOnlySpan<int> ids, int vocabularySize)
    {
        foreach (var id in ids)
        {
            if ((uint)id >= (uint)vocabularySize) throw TokenizedCorpus.Overflow(source, document, (uint)id, vocabularySize);
        }

        return ids;
    }
}
