namespace ActorRing.Cluster.Embedded;

/// <summary>
/// Says why peers are refused. Whoever tries again and again for the same reason is worth one line a minute, and no crowd of strangers more than
/// <see cref="LinesAMinute"/>. Safe for several threads.
/// </summary>
internal sealed class RefusalLog(Action<string> log, TimeProvider time)
{
    internal const int LinesAMinute = 20;

    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private readonly Lock _gate = new();
    private readonly HashSet<string> _said = new(StringComparer.Ordinal);
    private long _since = time.GetTimestamp();
    private long _unsaid;

    /// <summary>Tells the log, unless it has heard that lately.</summary>
    internal void Say(string line)
    {
        var clean = string.Concat(line.Select(letter => char.IsControl(letter) ? '?' : letter));
        lock (_gate)
        {
            if (time.GetElapsedTime(_since) >= Minute)
            {
                if (_unsaid > 0)
                {
                    log($"{_unsaid} more refusals in a minute, for these or other reasons");
                }

                _said.Clear();
                (_since, _unsaid) = (time.GetTimestamp(), 0);
            }

            if (_said.Count < LinesAMinute && _said.Add(clean))
            {
                log(clean);
            }
            else
            {
                _unsaid++;
            }
        }
    }
}
