using System.Text;

namespace ActorRing.Cluster.Hosting.Hocon;

/// <summary>Files to text, with a bound and without guessing the encoding.</summary>
internal static class HoconFile
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <exception cref="HoconException">The file is missing, unreadable, longer than <paramref name="maxBytes"/> or not UTF-8.</exception>
    public static string ReadText(string path, int maxBytes)
    {
        byte[] bytes;
        try
        {
            using var stream = File.OpenRead(path);
            // One byte more than allowed is asked for, because the length that a pipe or a device states is no promise.
            bytes = new byte[maxBytes + 1];
            var length = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (length > maxBytes) throw new HoconException($"{path}: longer than {maxBytes} bytes, the most that a settings file may have");
            bytes = bytes[..length];
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new HoconException($"{path}: no such file", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new HoconException($"{HoconText.Escape(path)}: cannot be read: {HoconText.Escape(e.Message)}", e);
        }

        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            var line = 1 + bytes.AsSpan(0, Math.Clamp(e.Index, 0, bytes.Length)).Count((byte)'\n');
            throw new HoconException($"{path}:{line}: byte {e.Index} is not UTF-8; settings files are UTF-8 text", e);
        }
    }
}
