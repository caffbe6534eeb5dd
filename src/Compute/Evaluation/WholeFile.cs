using System.Text;

namespace ActorRing.Compute.Evaluation;

/// <summary>Files of results: the old content or the new, never a part.</summary>
internal static class WholeFile
{
    internal static void Write(string path, string text)
    {
        var part = path + ".part";
        try
        {
            File.WriteAllText(part, text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
            File.Move(part, path, overwrite: true);
        }
        catch
        {
            File.Delete(part);
            throw;
        }
    }
}
