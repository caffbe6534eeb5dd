using System.Diagnostics;
using System.Globalization;
using ActorRing.Cluster.Member.Work;

namespace ActorRing.Cluster.Cli.Bench;

/// <summary>A process that gets a part of a processor only, until it is disposed of.</summary>
internal abstract class SlowedProcess : IDisposable
{
    /// <summary>The part that it may have at most.</summary>
    internal const double Share = 0.25;

    /// <summary>Slows a process down.</summary>
    /// <param name="process">Its id.</param>
    /// <param name="byQuota">Whether by a quota of a control group; else by SIGSTOP and SIGCONT.</param>
    /// <exception cref="InvalidOperationException">This machine has no such quota for this user; one line.</exception>
    internal static SlowedProcess Start(int process, bool byQuota) => byQuota ? new Quota(process) : new Stops(process);

    public abstract void Dispose();

    // A sleep that lasts too long is made up for in the next period: shares are of all the time so far.
    private sealed class Stops : SlowedProcess
    {
        private static readonly TimeSpan Run = TimeSpan.FromMilliseconds(10);
        private readonly int _process;
        private readonly Thread _thread;
        private volatile bool _isOver;

        internal Stops(int process)
        {
            _process = process;
            _thread = new Thread(Stop) { IsBackground = true, Name = "slow" };
            _thread.Start();
        }

        public override void Dispose()
        {
            _isOver = true;
            _thread.Join();
        }

        private void Stop()
        {
            var (running, stopped) = (TimeSpan.Zero, TimeSpan.Zero);
            while (!_isOver)
            {
                stopped += Spend(LocalSignal.Sigstop, (Run / Share) - Run + (running * ((1 - Share) / Share)) - stopped);
                running += Spend(LocalSignal.Sigcont, Run);
            }

            LocalSignal.Send(_process, LocalSignal.Sigcont);
        }

        private TimeSpan Spend(int signal, TimeSpan time)
        {
            var started = Stopwatch.GetTimestamp();
            LocalSignal.Send(_process, signal);
            Thread.Sleep(time > TimeSpan.Zero ? time : TimeSpan.Zero);
            return Stopwatch.GetElapsedTime(started);
        }
    }

    // Version 1 of control groups.
    private sealed class Quota : SlowedProcess
    {
        private const string Root = "/sys/fs/cgroup/cpu";
        private const int PeriodMicroseconds = 100_000;
        private readonly string _group;
        private readonly string _process;

        internal Quota(int process)
        {
            _process = process.ToString(CultureInfo.InvariantCulture);
            _group = $"{Root}/actorring-{_process}";
            try
            {
                Directory.CreateDirectory(_group);
                File.WriteAllText($"{_group}/cpu.cfs_period_us", PeriodMicroseconds.ToString(CultureInfo.InvariantCulture));
                File.WriteAllText($"{_group}/cpu.cfs_quota_us", ((int)(PeriodMicroseconds * Share)).ToString(CultureInfo.InvariantCulture));
                File.WriteAllText($"{_group}/cgroup.procs", _process);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                throw new InvalidOperationException($"no quota for a process under {Root}: {failure.Message.ReplaceLineEndings(" ")}", failure);
            }
        }

        public override void Dispose()
        {
            try
            {
                File.WriteAllText($"{Root}/cgroup.procs", _process);
            }
            catch (IOException)
            {
                // The process is gone.
            }

            Directory.Delete(_group);
        }
    }
}
