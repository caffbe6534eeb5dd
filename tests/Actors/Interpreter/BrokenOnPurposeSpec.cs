using ActorRing.Actors.Plans;

namespace ActorRing.Actors.Specs.Interpreter;

/// <summary>The comparison of <see cref="ExactnessSpec"/> can fail: every schedule, broken in every way that it can be, differs from full attention.</summary>
public class BrokenOnPurposeSpec
{
    // A lost block changes sums of numbers of order one by far more than any rounding could.
    private const double Noticeable = 1e-6;

    // All but the first, in which ranks share no sequence.
    private static readonly string[] Modes = [.. SequenceModes.Spellings.Skip(1)];

    public static TheoryData<string> AllModes => [.. Modes];

    public static TheoryData<string, Payload> Losses
    {
        get
        {
            var data = new TheoryData<string, Payload>();
            foreach (var mode in Modes)
            {
                var transfers = Enum.GetValues<SchedulePass>().SelectMany(pass => Schedule(mode).Transfers(pass));
                foreach (var payload in transfers.Select(transfer => transfer.Payload).Distinct())
                {
                    data.Add(mode, payload);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Losses))]
    public void Comparison_must_notice_when_one_message_is_not_merged(string mode, Payload payload)
    {
        var schedule = Schedule(mode);
        var transfers = schedule.Transfers(SchedulePass.Forward).Concat(schedule.Transfers(SchedulePass.Backward)).ToArray();
        var victim = transfers.Last(transfer => transfer.Payload == payload).ToString();
        RequireNoticed(schedule, new Fault { Loses = transfer => transfer.ToString() == victim });
    }

    [Theory]
    [MemberData(nameof(AllModes))]
    public void Comparison_must_notice_when_a_rank_leaves_out_its_last_call(string mode)
    {
        var schedule = Schedule(mode);
        var rank = schedule.ForRank(new(schedule.Plan.Mesh.SequenceRanks - 1));
        var last = rank.Forward.SelectMany(step => step.Calls).Last();
        bool IsLast(RankSchedule view, BlockCall call) => view.Rank == rank.Rank && call.KeyBlock == last.KeyBlock && call.KeyFirst == last.KeyFirst;
        RequireNoticed(schedule, new Fault { SkipsCall = IsLast });
    }

    [Theory]
    [MemberData(nameof(AllModes))]
    public void Comparison_must_notice_when_two_neighbours_are_swapped(string mode)
    {
        var schedule = Schedule(mode);
        var mixedUp = new List<string>();
        Message? held = null;

        // Every message is taken for the one before it, where both have the same shape: what a rank gets when its neighbour is not who it thinks.
        Message Swap(Message message)
        {
            var taken = held is { } other && other.Parts.Select(part => part.Length).SequenceEqual(message.Parts.Select(part => part.Length))
                ? message with { Parts = other.Parts }
                : message;
            if (!ReferenceEquals(taken, message))
            {
                mixedUp.Add(message.Transfer.ToString());
            }

            held = message;
            return taken;
        }

        RequireNoticed(schedule, new Fault { Falsify = Swap });
        Assert.NotEmpty(mixedUp);
    }

    private static void RequireNoticed(AttentionSchedule schedule, Fault fault)
    {
        Assert.True(ScheduleRun.Error(schedule, rngSeed: 5) <= 1e-12);

        // NaN is noticed too: it is what a rank reads where nothing has arrived.
        Assert.False(ScheduleRun.Error(schedule, rngSeed: 5, fault) <= Noticeable);
    }

    private static AttentionSchedule Schedule(string mode)
    {
        var plan = new PlanRequest { Mode = mode, Ranks = 4, Tokens = 32, QueryHeads = 4, KeyHeads = 2, HeadSize = 4, LayerWindows = [0] }.Resolve();
        return AttentionSchedule.Build(plan, plan.Pattern(0));
    }
}
