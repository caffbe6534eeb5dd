using System.Collections.Immutable;
using ActorRing.Actors.Ids;

namespace ActorRing.Actors.Messages.Wire;

/// <summary>Data that are left out, as bytes.</summary>
internal static class WindowCodec
{
    internal static void Write(WireWriter w, SkippedWindow window)
    {
        w.I64(window.From); w.I64(window.To);
    }

    internal static void Write(WireWriter w, ImmutableArray<SkippedWindow> windows)
    {
        w.Count(windows.Length);
        foreach (var window in windows)
        {
            Write(w, window);
        }
    }

    internal static SkippedWindow Read(ref WireReader r) => new(r.Natural(), r.Natural());

    internal static ImmutableArray<SkippedWindow> Windows(ref WireReader r)
    {
        var windows = ImmutableArray.CreateBuilder<SkippedWindow>(r.Count(16, SkippedWindow.Most));
        while (windows.Count < windows.Capacity && r.Error == WireError.None)
        {
            windows.Add(Read(ref r));
        }

        return windows.ToImmutable();
    }
}
