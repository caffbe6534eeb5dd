using System.Text.Json;

namespace ActorRing.Compute.Data;

/// <summary>
/// One JSON object a line, one document an object: <c>text</c> (string) or <c>input_ids</c> (whole numbers), which wins where both are. Other keys
/// are ignored, blank lines skipped, and a line may end with CR LF or, the last one, with nothing.
/// </summary>
internal static class JsonLinesDocuments
{
    public static IEnumerable<DocumentPiece> Read(string path, int maxLineBytes)
    {
        using var source = new SourceStream(path);
        var buffer = new byte[Math.Min(maxLineBytes, 1 << 16)];
        var start = 0;
        var filled = 0;
        var line = 0L;
        var isEnd = false;
        while (!isEnd)
        {
            // What is left of a line moves to the front, and a line that fills the buffer doubles it.
            buffer.AsSpan(start, filled - start).CopyTo(buffer);
            filled -= start;
            start = 0;
            if (filled == buffer.Length)
            {
                if (filled >= maxLineBytes) throw new InvalidDataException(
                    $"{path}:{line + 1}: a line of more than {maxLineBytes} bytes; allowed: shorter lines");
                Array.Resize(ref buffer, (int)Math.Min(maxLineBytes, 2L * buffer.Length));
            }

            var read = source.Fill(buffer.AsSpan(filled));
            filled += read;
            isEnd = filled < buffer.Length;
            while (start < filled)
            {
                var length = buffer.AsSpan(start, filled - start).IndexOf((byte)'\n');
                if (length < 0 && !isEnd) break;
                line++;
                var end = length < 0 ? filled : start + length;
                if (Parse(path, line, buffer.AsSpan(start, end - start)) is { } document) yield return document;
                start = Math.Min(filled, end + 1);
            }
        }
    }

    private static DocumentPiece? Parse(string path, long line, ReadOnlySpan<byte> json)
    {
        if (line == 1 && json.StartsWith("\uFEFF"u8)) json = json[3..];
        if (json.Trim(" \t\r"u8).IsEmpty) return null;
        var source = $"{path}:{line}";
        try
        {
            var (text, ids) = ReadObject(source, json);
            if (ids is not null) return new DocumentPiece(source, null, ids, IsFirst: true, IsLast: true);
            return text is null ? throw Refuse(source, "no document") : new DocumentPiece(source, text, null, IsFirst: true, IsLast: true);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{source}: not JSON at byte {e.BytePositionInLine ?? 0}; allowed: one object a line", e);
        }
        catch (InvalidOperationException e)
        {
            // What the reader throws for a string of broken UTF-8 or of half a surrogate pair.
            throw new InvalidDataException($"{source}: \"text\" is not Unicode text; allowed: UTF-8", e);
        }
    }

    private static (string? Text, int[]? Ids) ReadObject(string source, ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject) throw Refuse(source, "a value that is no object");
        string? text = null;
        int[]? ids = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isText = reader.ValueTextEquals("text"u8);
            var isIds = reader.ValueTextEquals("input_ids"u8);
            reader.Read();
            if (isText) text = reader.TokenType == JsonTokenType.String ? reader.GetString() : throw Refuse(source, "\"text\" that is no string");
            else if (isIds) ids = ReadIds(source, ref reader);
            else reader.Skip();
        }

        // One read more finds whatever follows the object.
        reader.Read();
        return (text, ids);
    }

    private static int[] ReadIds(string source, ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray) throw Refuse(source, "\"input_ids\" that is no list");
        var ids = new List<int>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt32(out var id) || id < 0)
                throw Refuse(source, $"\"input_ids\" whose item {ids.Count} is no token id");
            ids.Add(id);
        }

        return [.. ids];
    }

    private static InvalidDataException Refuse(string source, string what) =>
        new($"{source}: {what}; allowed: an object with \"text\" (a string) or \"input_ids\" (a list of whole numbers from 0)");
}
