namespace ActorRing.Cluster.Hosting.Web;

/// <summary>A committed update as the page draws it.</summary>
/// <param name="Step">Updates committed, this one included.</param>
/// <param name="Loss">May be no finite number.</param>
/// <param name="GradientNorm">May be no finite number.</param>
/// <param name="TokensPerSecond">Of all ranks.</param>
/// <param name="Seconds">From begin to end.</param>
/// <param name="WaitFraction">Part of the time that rank 0 waited for others, 0 to 1.</param>
/// <param name="IsRepeated">Whether it was committed before.</param>
internal readonly record struct StepPoint(long Step, double Loss, double GradientNorm, double TokensPerSecond, double Seconds, double WaitFraction, bool IsRepeated);
