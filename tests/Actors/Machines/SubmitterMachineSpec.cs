using ActorRing.Actors.Effects;
using ActorRing.Actors.Events;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Messages;
using ActorRing.Actors.Submitter;

namespace ActorRing.Actors.Specs.Machines;

public class SubmitterMachineSpec
{
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private static readonly Sender Seed = new(new("seed", 1), Role.Coordinator);
    private readonly Outbox _effects = new();

    [Fact]
    public void Submitter_must_ask_with_the_same_key_until_it_is_answered()
    {
        var machine = new SubmitterMachine("key", new() { Name = "job", Ranks = 1, MinRanks = 1, TrainSteps = 1, CheckpointEvery = 1 }, Retry, Patience);
        var first = Assert.IsType<SubmitJob>(Asked(machine, new Started(), 0));
        Assert.Same(first, Asked(machine, new WakeUp(), 100));
        Assert.Null(Asked(machine, new Received(Seed, new SubmitAnswer("other", RequestOutcome.Accepted, new(1), "")), 110));
        Assert.Null(machine.Answer);
        Asked(machine, new Received(Seed, new SubmitAnswer("key", RequestOutcome.Accepted, new(2), "")), 120);
        Assert.Equal(new ExitProcess(true, ""), _effects[0]);
        Assert.Null(Asked(machine, new WakeUp(), 200));
    }

    [Theory]
    [InlineData(RequestOutcome.Refused)]
    [InlineData(RequestOutcome.Conflict)]
    public void Submitter_must_fail_with_the_coordinators_words_when_it_is_refused(RequestOutcome outcome)
    {
        var machine = new SubmitterMachine(new ControlJob("key", new(1), JobVerb.Pause), Retry, Patience);
        Asked(machine, new Started(), 0);
        Asked(machine, new Received(Seed, new ControlAnswer("key", outcome, "job-1 is over")), 10);
        Assert.Equal(new ExitProcess(false, "job-1 is over"), _effects[0]);
    }

    [Fact]
    public void Submitter_must_give_up_when_its_patience_is_over()
    {
        var machine = new SubmitterMachine(new DrainMember("key", "m1"), Retry, Patience);
        Asked(machine, new Started(), 0);
        Asked(machine, new WakeUp(), 1_100);
        Assert.False(Assert.IsType<ExitProcess>(_effects[0]).IsClean);
    }

    private Message? Asked(SubmitterMachine machine, MachineEvent input, long milliseconds)
    {
        _effects.Clear();
        machine.Handle(input, new(milliseconds * TimeSpan.TicksPerMillisecond), _effects);
        return _effects.Count > 0 && _effects[0] is SendToSeed send ? send.Message : null;
    }
}
