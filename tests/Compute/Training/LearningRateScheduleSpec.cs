using ActorRing.Compute.Optimizers;

namespace ActorRing.Compute.Specs.Training;

public class LearningRateScheduleSpec
{
    [Theory]
    [InlineData(LearningRateDecay.Constant, 0, 0.25)]
    [InlineData(LearningRateDecay.Constant, 3, 1)]
    [InlineData(LearningRateDecay.Constant, 13, 1)]
    [InlineData(LearningRateDecay.Linear, 1, 0.5)]
    [InlineData(LearningRateDecay.Linear, 4, 1)]
    [InlineData(LearningRateDecay.Linear, 9, 0.6)]
    [InlineData(LearningRateDecay.Linear, 14, 0.2)]
    [InlineData(LearningRateDecay.Cosine, 2, 0.75)]
    [InlineData(LearningRateDecay.Cosine, 9, 0.6)]
    [InlineData(LearningRateDecay.Cosine, 14, 0.2)]
    public void Schedule_must_rise_over_the_warm_up_and_reach_its_floor_at_the_last_step(LearningRateDecay decay, long step, double share) =>
        Assert.Equal(2e-5 * share, new LearningRateSchedule(2e-5, decay, WarmupSteps: 4, Steps: 15, MinRatio: 0.2).At(step), 1e-18);

    [Theory]
    [InlineData(1, 0)]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    public void Schedule_must_stay_finite_and_above_zero_when_a_stage_is_shorter_than_its_warm_up(long steps, long warmup)
    {
        var schedule = new LearningRateSchedule(1e-3, LearningRateDecay.Cosine, warmup, steps, MinRatio: 0.1);

        Assert.All(Enumerable.Range(0, (int)steps), step => Assert.InRange(schedule.At(step), 1e-4, 1e-3));
    }
}
