using ActorRing.Actors.Ids;

namespace ActorRing.Actors.Messages;

/// <summary>Asks for a job. Sent until answered; one key makes at most one job.</summary>
/// <param name="Key">Chosen once by whoever submits.</param>
/// <param name="SpecHash">SHA-256 of the spec's bytes on the wire, hexadecimal.</param>
/// <param name="Spec">The job.</param>
public sealed record SubmitJob(string Key, string SpecHash, JobSpec Spec) : Message;

/// <summary>What became of a submission.</summary>
/// <param name="Key">Of the request.</param>
/// <param name="Outcome">Whether there is a job.</param>
/// <param name="Job">Its number.</param>
/// <param name="Text">One line for people.</param>
public sealed record SubmitAnswer(string Key, RequestOutcome Outcome, JobId Job, string Text) : Message;

/// <summary>Asks something of a job. Sent until answered; asking twice is asking once.</summary>
/// <param name="Key">Names the request in its answer.</param>
/// <param name="Job">Which job.</param>
/// <param name="Verb">What to do.</param>
public sealed record ControlJob(string Key, JobId Job, JobVerb Verb) : Message;

/// <summary>What became of a control request.</summary>
/// <param name="Key">Of the request.</param>
/// <param name="Outcome">Whether the job does so now.</param>
/// <param name="Text">One line for people.</param>
public sealed record ControlAnswer(string Key, RequestOutcome Outcome, string Text) : Message;

/// <summary>Asks a member to leave in good order: after a TrainingCheckpoint, if it holds a rank. Asking twice is asking once.</summary>
/// <param name="Key">Names the request in its answer.</param>
/// <param name="Name">Of the member; whichever incarnation has joined.</param>
public sealed record DrainMember(string Key, string Name) : Message;
