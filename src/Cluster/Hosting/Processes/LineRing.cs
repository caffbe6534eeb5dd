using System.Text;

namespace ActorRing.Cluster.Hosting.Processes;

/// <summary>The last lines of a stream, bounded in number and length, whatever is written to it. Safe to read while it fills.</summary>
internal sealed class LineRing(int lines, int longestLine)
{
    private readonly Queue<string> _lines = new();
    private readonly StringBuilder _line = new();
    private readonly Lock _gate = new();

    /// <summary>Complete lines, oldest first, and what has been begun of the next.</summary>
    internal IReadOnlyList<string> Lines
    {
        get
        {
            lock (_gate)
            {
                return _line.Length == 0 ? [.. _lines] : [.. _lines.Skip(Math.Max(0, _lines.Count + 1 - lines)), _line.ToString()];
            }
        }
    }

    /// <summary>Takes the next characters; calls <paramref name="onLine"/> with each line that they complete.</summary>
    internal void Add(ReadOnlySpan<char> text, Action<string>? onLine)
    {
        foreach (var c in text)
        {
            if (c == '\n')
            {
                var line = Finish();
                onLine?.Invoke(line);
            }
            else
            {
                Add(c);
            }
        }
    }

    private void Add(char c)
    {
        lock (_gate)
        {
            // The rest of an overlong line is dropped; control characters could forge lines or colours in a terminal.
            if (_line.Length < longestLine && c != '\r')
            {
                _line.Append(char.IsControl(c) && c != '\t' ? '\uFFFD' : c);
            }
        }
    }

    private string Finish()
    {
        lock (_gate)
        {
            var line = _line.ToString();
            _line.Clear();
            _lines.Enqueue(line);
            if (_lines.Count > lines)
            {
                _lines.Dequeue();
            }

            return line;
        }
    }
}
