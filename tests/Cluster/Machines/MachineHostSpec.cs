using ActorRing.Cluster.Hosting.Machines;

namespace ActorRing.Cluster.Specs.Machines;

public class MachineHostSpec
{
    private readonly ManualTime _time = new();

    [Fact]
    public async Task MachineHost_must_step_events_in_the_order_they_came_when_one_thread_posts_them()
    {
        var machine = new Script();
        await using var host = new MachineHost<string>(machine, _time);
        host.Post("a");
        host.Post("b");
        Assert.Equal(2, host.StepPending());
        Assert.Equal(["a", "b"], machine.Seen);
    }

    [Fact]
    public async Task MachineHost_must_drop_the_newest_and_count_it_when_the_inbox_is_full()
    {
        var machine = new Script();
        await using var host = new MachineHost<string>(machine, _time, inboxCapacity: 2);
        Assert.True(host.Post("a"));
        Assert.True(host.Post("b"));
        Assert.False(host.Post("c"));
        host.StepPending();
        Assert.Equal(1, host.Dropped);
        Assert.Equal(["a", "b"], machine.Seen);
    }

    [Fact]
    public async Task MachineHost_must_begin_work_when_its_thread_comes_only_after_the_end()
    {
        var begun = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        var host = new MachineHost<string>(new Script(), _time);
        await host.DisposeAsync();
        host.Perform(stop =>
        {
            begun.SetResult(stop.IsCancellationRequested);
            return Task.FromResult("");
        });
        Assert.True(await begun.Task.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task MachineHost_must_wake_the_machine_once_and_at_its_time_when_asked()
    {
        var machine = new Script { ["go"] = host => host.WakeAt("lease", TimeSpan.FromMilliseconds(100), "late") };
        await using var host = new MachineHost<string>(machine, _time);
        host.Post("go");
        host.StepPending();
        _time.Advance(TimeSpan.FromMilliseconds(99));
        Assert.Equal(0, host.StepPending());
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, host.StepPending());
        _time.Advance(TimeSpan.FromMilliseconds(1000));
        Assert.Equal(0, host.StepPending());
        Assert.Equal(["go", "late"], machine.Seen);
        Assert.Equal(TimeSpan.FromMilliseconds(100), machine.LastNow);
    }

    [Fact]
    public async Task MachineHost_must_keep_only_the_last_wake_up_of_a_key_when_it_is_armed_again()
    {
        var machine = new Script
        {
            ["first"] = host => host.WakeAt("lease", TimeSpan.FromMilliseconds(10), "old"),
            ["second"] = host => host.WakeAt("lease", TimeSpan.FromMilliseconds(30), "new"),
        };
        await using var host = new MachineHost<string>(machine, _time);
        host.Post("first");
        host.Post("second");
        host.StepPending();
        _time.Advance(TimeSpan.FromMilliseconds(50));
        host.StepPending();
        Assert.Equal(["first", "second", "new"], machine.Seen);
    }

    [Fact]
    public async Task MachineHost_must_not_deliver_a_wake_up_when_it_is_cancelled_after_its_time_has_passed()
    {
        var machine = new Script
        {
            ["arm"] = host =>
            {
                host.WakeAt("a", TimeSpan.FromMilliseconds(10), "first");
                host.WakeAt("b", TimeSpan.FromMilliseconds(10), "second");
            },
            ["first"] = host => host.Cancel("b"),
        };
        await using var host = new MachineHost<string>(machine, _time);
        host.Post("arm");
        host.StepPending();
        _time.Advance(TimeSpan.FromSeconds(1));
        host.StepPending();
        Assert.Equal(["arm", "first"], machine.Seen);
    }

    [Fact]
    public async Task MachineHost_must_deliver_wake_ups_by_time_and_then_by_arming_when_several_are_due()
    {
        var machine = new Script
        {
            ["arm"] = host =>
            {
                host.WakeAt("z", TimeSpan.FromMilliseconds(20), "3");
                host.WakeAt("b", TimeSpan.FromMilliseconds(10), "1");
                host.WakeAt("a", TimeSpan.FromMilliseconds(10), "2");
            },
        };
        await using var host = new MachineHost<string>(machine, _time);
        host.Post("arm");
        host.StepPending();
        host.Post("from outside");
        _time.Advance(TimeSpan.FromSeconds(1));
        host.StepPending();
        Assert.Equal(["arm", "1", "2", "3", "from outside"], machine.Seen);
    }

    [Fact]
    public async Task MachineHost_must_tell_the_machine_when_a_step_throws()
    {
        var machine = new Script { ["bad"] = _ => throw new InvalidDataException("no such rank") };
        await using var host = new MachineHost<string>(machine, _time);
        host.Post("bad");
        host.Post("next");
        host.StepPending();
        Assert.Equal(["bad", "failed: no such rank", "next"], machine.Seen);
    }

    [Fact]
    public async Task MachineHost_must_turn_results_and_exceptions_of_work_into_events_when_the_inbox_is_full()
    {
        var machine = new Script
        {
            ["work"] = host =>
            {
                host.Perform(_ => Task.FromResult("done"));
                host.Perform(_ => throw new IOException("disk full"));
            },
        };
        await using var host = new MachineHost<string>(machine, TimeProvider.System, inboxCapacity: 1);
        host.Post("work");
        host.Start();
        await machine.Reached(3).WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(["done", "failed: disk full", "work"], machine.Seen.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task MachineHost_must_end_faulted_when_the_machine_throws_at_being_told_of_a_failure()
    {
        var machine = new Script { ["bad"] = _ => throw new InvalidDataException("first"), ["failed: first"] = _ => throw new InvalidDataException("second") };
        await using var host = new MachineHost<string>(machine, TimeProvider.System);
        host.Start();
        host.Post("bad");
        var failure = await Assert.ThrowsAsync<InvalidDataException>(() => host.Completion.WaitAsync(TimeSpan.FromSeconds(10)));
        Assert.Equal("second", failure.Message);
    }

    [Fact]
    public async Task MachineHost_must_never_overlap_steps_when_many_threads_post()
    {
        var machine = new Script();
        await using var host = new MachineHost<string>(machine, TimeProvider.System);
        host.Start();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 1000; i++)
            {
                host.Post("x");
            }
        })));
        await machine.Reached(4000).WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(0, machine.Overlaps);
        Assert.Equal(0, host.Dropped);
    }

    [Fact]
    public async Task MachineHost_must_wake_by_the_real_clock_when_nobody_posts()
    {
        var machine = new Script { ["arm"] = host => host.WakeAt("a", TimeSpan.FromMilliseconds(5), "woken") };
        await using var host = new MachineHost<string>(machine, TimeProvider.System);
        host.Start();
        host.Post("arm");
        await machine.Reached(2).WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(["arm", "woken"], machine.Seen);
    }

    /// <summary>A machine that remembers what it was told and does what the test wrote down for it.</summary>
    private sealed class Script : Dictionary<string, Action<IMachineHost<string>>>, IMachine<string>
    {
        private readonly List<string> _seen = [];
        private readonly List<(int Count, TaskCompletionSource Done)> _waits = [];
        private int _inside;

        internal IReadOnlyList<string> Seen
        {
            get
            {
                lock (_seen)
                {
                    return [.. _seen];
                }
            }
        }

        internal TimeSpan LastNow { get; private set; }

        internal int Overlaps { get; private set; }

        public void Handle(string input, TimeSpan now, IMachineHost<string> host)
        {
            Overlaps += Interlocked.Increment(ref _inside) == 1 ? 0 : 1;
            try
            {
                LastNow = now;
                lock (_seen)
                {
                    _seen.Add(input);
                    _waits.ForEach(wait => Complete(wait.Count, wait.Done));
                }

                GetValueOrDefault(input)?.Invoke(host);
            }
            finally
            {
                Interlocked.Decrement(ref _inside);
            }
        }

        public string Failed(Exception failure) => $"failed: {failure.Message}";

        internal Task Reached(int count)
        {
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (_seen)
            {
                _waits.Add((count, done));
                Complete(count, done);
            }

            return done.Task;
        }

        private Action<IMachineHost<string>>? GetValueOrDefault(string input) => TryGetValue(input, out var action) ? action : null;

        private void Complete(int count, TaskCompletionSource done)
        {
            if (_seen.Count >= count)
            {
                done.TrySetResult();
            }
        }
    }
}
