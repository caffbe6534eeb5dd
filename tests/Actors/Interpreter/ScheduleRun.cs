using ActorRing.Actors.Plans;

namespace ActorRing.Actors.Specs.Interpreter;

/// <summary>Carries out a schedule rank by rank in float64, messages and all, and compares with attention over the whole sequence.</summary>
internal sealed class ScheduleRun
{
    private readonly AttentionSchedule _schedule;
    private readonly AttentionProblem _problem;
    private readonly RankWorker[] _workers;
    private readonly SortedDictionary<string, Message> _underWay = new(StringComparer.Ordinal);
    private readonly Fault _fault;

    private ScheduleRun(AttentionSchedule schedule, AttentionProblem problem, Fault fault)
    {
        (_schedule, _problem, _fault) = (schedule, problem, fault);
        _workers = [.. Enumerable.Range(0, schedule.Plan.Mesh.SequenceRanks).Select(rank => new RankWorker(schedule, schedule.ForRank(new(rank)), problem))];
    }

    /// <summary>The largest difference of out, lse, dq, dk and dv from attention over the whole sequence.</summary>
    internal static double Error(AttentionSchedule schedule, int rngSeed, Fault? fault = null)
    {
        var run = new ScheduleRun(schedule, new(schedule.Plan, schedule.Pattern, rngSeed), fault ?? new());
        run.Pass(SchedulePass.Forward);
        foreach (var worker in run._workers)
        {
            worker.Forget();
            worker.ComputeDelta();
        }

        run.Pass(SchedulePass.Backward);
        return run.LargestDifference();
    }

    private void Pass(SchedulePass pass)
    {
        Each(worker => worker.KeepOwn(pass));
        Each(worker => Send(worker, worker.View.Exchange?.Before(pass).Sends));
        Each(worker => Receive(worker, worker.View.Exchange?.Before(pass).Receives));
        for (var step = 0; step <= _schedule.StepCount; step++)
        {
            EachStep(pass, step, (worker, now) => Receive(worker, now.Arrivals));
            EachStep(pass, step, (worker, now) => Send(worker, now.Departures));
            EachStep(pass, step, (worker, now) =>
            {
                foreach (var call in now.Calls.Where(call => !_fault.SkipsCall(worker.View, call)))
                {
                    worker.Attend(call, pass);
                }
            });
            EachStep(pass, step, (worker, now) => Receive(worker, now.Merges));
            EachStep(pass, step, (worker, now) => Send(worker, now.Results));
        }

        if (pass == SchedulePass.Forward)
        {
            Each(worker => worker.Finish());
        }
        else
        {
            // Zeroed sums become the gradient of the piece: this rank's own part first, then the others in ascending order.
            Each(worker => worker.KeepOwnGradients());
        }

        Each(worker => Send(worker, worker.View.Exchange?.After(pass).Sends));
        Each(worker => Receive(worker, worker.View.Exchange?.After(pass).Receives));
        Assert.Empty(_underWay);
    }

    private void Send(RankWorker worker, IEnumerable<Transfer>? transfers)
    {
        foreach (var transfer in transfers ?? [])
        {
            Assert.Equal(worker.View.Rank, transfer.From);
            Assert.NotEqual(transfer.From, transfer.To);
            Assert.True(transfer.Rows.RowCount > 0);
            var message = worker.Pack(transfer);
            Assert.Equal(transfer.Bytes, message.Bytes(_schedule.Plan));
            _underWay.Add(transfer.ToString(), message);
        }
    }

    private void Receive(RankWorker worker, IEnumerable<Transfer>? transfers)
    {
        foreach (var transfer in transfers ?? [])
        {
            Assert.Equal(worker.View.Rank, transfer.To);
            Assert.True(_underWay.Remove(transfer.ToString(), out var message), $"rank {worker.View.Rank.Index} waits for what nobody sent: {transfer}");
            if (!_fault.Loses(transfer))
            {
                worker.Unpack(_fault.Falsify(message));
            }
        }
    }

    private void Each(Action<RankWorker> act)
    {
        foreach (var worker in _workers)
        {
            act(worker);
        }
    }

    private void EachStep(SchedulePass pass, int step, Action<RankWorker, RankStep> act) => Each(worker =>
    {
        if (worker.View.Steps(pass).SingleOrDefault(now => now.Step.Index == step) is { } now)
        {
            act(worker, now);
        }
    });

    private double LargestDifference()
    {
        var plan = _schedule.Plan;
        var layout = plan.SequenceLayout();
        Grid[] expected = [_problem.Out, _problem.Lse, _problem.Dq, _problem.Dk, _problem.Dv];
        Grid[] actual = [.. expected.Select(grid => new Grid(grid.Batch, grid.Heads, grid.Rows, grid.Width))];
        foreach (var worker in _workers)
        {
            Grid[] held = [worker.Out!, worker.Local.Lse, worker.Local.Dq, worker.Local.Dk, worker.Local.Dv];
            for (var row = 0L; row < worker.Piece.Count; row++)
            {
                var there = RowSet.OfAll(plan.Batch, new(layout.PositionOf(worker.View.Rank.Index, row), 1));
                var here = RowSet.OfAll(plan.Batch, new(row, 1));
                for (var at = 0; at < held.Length; at++)
                {
                    actual[at].Unpack(there, new(0, held[at].Heads), held[at].Pack(here, new(0, held[at].Heads)));
                }
            }
        }

        var differences = expected.Zip(actual).Select(pair => pair.First.Difference(pair.Second)).ToArray();
        return differences.Any(double.IsNaN) ? double.NaN : differences.Max();
    }
}
