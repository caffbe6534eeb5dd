using System.Runtime.InteropServices;

namespace ActorRing.Compute.Specs.Communication;

/// <summary>Signals that do nothing but interrupt system calls of chosen threads, as a runtime's own do now and then; ends with its disposal.</summary>
internal sealed partial class SignalStorm : IDisposable
{
    private const int SigUsr2 = 12;
    private static readonly TimeSpan Every = TimeSpan.FromMicroseconds(20);

    private readonly Lock _gate = new();
    private readonly List<int> _threads = [];
    private readonly Thread _sender;
    private volatile bool _isOver;

    internal SignalStorm()
    {
        // Takes an int, returns one and touches nothing: a handler, as far as the kernel can tell.
        SetHandler(SigUsr2, NativeLibrary.GetExport(NativeLibrary.Load("libc.so.6"), "abs"));
        _sender = new Thread(Send) { IsBackground = true };
        _sender.Start();
    }

    /// <summary>Signals sent.</summary>
    internal long Sent { get; private set; }

    /// <summary>The calling thread gets its share from here on, until the action ends.</summary>
    internal void Over(Action action)
    {
        var self = ThreadId();
        lock (_gate)
        {
            _threads.Add(self);
        }

        try
        {
            action();
        }
        finally
        {
            lock (_gate)
            {
                _threads.Remove(self);
            }
        }
    }

    public void Dispose()
    {
        _isOver = true;
        _sender.Join();
    }

    private void Send()
    {
        while (!_isOver)
        {
            lock (_gate)
            {
                Sent += _threads.Count(thread => SendSignal(Environment.ProcessId, thread, SigUsr2) == 0);
            }

            Thread.Sleep(Every);
        }
    }

    [LibraryImport("libc", EntryPoint = "signal")]
    private static partial nint SetHandler(int signal, nint handler);

    [LibraryImport("libc", EntryPoint = "gettid")]
    private static partial int ThreadId();

    [LibraryImport("libc", EntryPoint = "tgkill")]
    private static partial int SendSignal(int process, int thread, int signal);
}
