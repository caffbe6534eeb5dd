using System.Collections.Immutable;
using ActorRing.Actors.Ids;
using ActorRing.Actors.Plans;

namespace ActorRing.Actors.Messages.Wire;

/// <summary>The closed set of messages as bytes. Numbers, never names, say what a frame is; a number is never used again for something else.</summary>
/// <remarks>
/// A frame: <c>'A' 'R'</c>, version (u8), type (u16), fields. Integers are little-endian; strings are UTF-8 behind their length (i32); lists stand behind their
/// count (i32). Cost: one pass; decoding allocates the message and no more than the frame's own bytes justify.
/// </remarks>
public static class MessageCodec
{
    private const byte LastPhase = (byte)RankPhase.Failed;

    /// <summary>A message's frame.</summary>
    /// <exception cref="ArgumentException">The message is larger than the limits allow: a bug of its sender.</exception>
    public static byte[] Encode(Message message)
    {
        ArgumentNullException.ThrowIfNull(message);
        var writer = new WireWriter();
        writer.U8((byte)'A');
        writer.U8((byte)'R');
        writer.U8(WireLimits.Version);
        Write(writer, message);
        return writer.Length <= WireLimits.FrameBytes ? writer.Written.ToArray() : throw new ArgumentException("a frame of more than 1 MiB");
    }

    /// <summary>The message in a frame.</summary>
    /// <param name="frame">Anything.</param>
    /// <param name="message">Null unless the result is <see cref="WireError.None"/>.</param>
    /// <returns>Why there is none. Nothing is thrown, whatever the bytes are.</returns>
    public static WireError TryDecode(ReadOnlySpan<byte> frame, out Message? message)
    {
        message = null;
        if (frame.Length > WireLimits.FrameBytes)
        {
            return WireError.FrameTooLong;
        }

        if (frame.Length < 5 || frame[0] != 'A' || frame[1] != 'R')
        {
            return WireError.NotAFrame;
        }

        if (frame[2] != WireLimits.Version)
        {
            return WireError.OtherVersion;
        }

        var reader = new WireReader(frame[3..]);
        var found = Read(ref reader, reader.U16());
        if (reader.Error == WireError.None && reader.Left > 0)
        {
            return WireError.TrailingBytes;
        }

        message = reader.Error == WireError.None ? found : null;
        return reader.Error;
    }

    private static void Write(WireWriter w, Message message)
    {
        switch (message)
        {
            case MemberHello m:
                w.U16(1); w.I64(m.Sequence); w.I64(m.Term); w.String(m.Fingerprint); w.Epoch(m.Promised); w.U8((byte)m.Phase); w.I64(m.Acknowledged);
                w.I64(m.StepsDone); w.I64(m.Progress); w.Flag(m.IsLeaving); HopCodec.Maybe(w, m.Waiting); ReplicaCodec.Write(w, m.Replicas);
                w.Flag(m.IsReserve);
                break;
            case PlanAnswer m:
                w.U16(2); w.Epoch(m.Epoch); w.String(m.PlanHash); w.String(m.Fingerprint); w.String(m.Endpoint); w.Flag(m.Difference is not null);
                if (m.Difference is not null)
                {
                    w.String(m.Difference.Field); w.String(m.Difference.Value); w.String(m.Difference.Other);
                }

                w.String(m.Refusal);
                break;
            case RankReady m:
                w.U16(3); w.Epoch(m.Epoch); w.I64(m.StepsDone); w.Digest(m.Digest);
                break;
            case TrainStepCompleted m:
                w.U16(4); w.Epoch(m.Epoch); w.I64(m.StepsDone); w.Digest(m.Digest); Write(w, m.Report);
                break;
            case ShardWritten m:
                w.U16(5); w.Epoch(m.Epoch); w.I64(m.StepsDone); w.I64(m.Bytes); w.String(m.Sha256); w.Digest(m.Digest);
                break;
            case RankFailed m:
                w.U16(6); w.Epoch(m.Epoch); w.I64(m.Step.Index); w.U8((byte)m.Kind); w.String(m.Text);
                break;
            case HopOverdue m:
                w.U16(7); w.Epoch(m.Epoch); HopCodec.Write(w, m.Hop);
                break;
            case StaleTerm m:
                w.U16(8); w.I64(m.Term);
                break;
            case KvBlockReady m:
                w.U16(9); w.Epoch(m.Epoch); w.I64(m.Step.Index); w.I32(m.Unit);
                break;
            case CheckpointUnreadable m:
                w.U16(11); w.Epoch(m.Epoch); w.I64(m.StepsDone); w.String(m.Text);
                break;
            case ShardUnwritten m:
                w.U16(12); w.Epoch(m.Epoch); w.I64(m.StepsDone); w.String(m.Text);
                break;
            case CoordinatorHello m:
                w.U16(20); w.I64(m.Term); w.I64(m.Sequence); w.Epoch(m.Epoch); w.U8((byte)m.Phase); w.I64(m.StepsCommitted); w.I64(m.CheckpointAt);
                w.I64(m.StopAfter); w.I64(m.CheckpointCommitted);
                break;
            case ProposePlan m:
                w.U16(21); w.I64(m.Term); w.Epoch(m.Epoch); w.I64(m.Job.Number); SpecCodec.Write(w, m.Spec); w.Count(m.Members.Length);
                foreach (var member in m.Members)
                {
                    w.Member(member);
                }

                w.Blob(m.PlanBytes); w.String(m.PlanHash); w.I64(m.RestoreFrom); ReplicaCodec.Write(w, m.Holders); WindowCodec.Write(w, m.Windows);
                break;
            case StartEpoch m:
                w.U16(22); w.I64(m.Term); w.Epoch(m.Epoch); w.Count(m.Endpoints.Length);
                foreach (var endpoint in m.Endpoints)
                {
                    w.String(endpoint);
                }

                w.String(m.Secret);
                break;
            case EndEpoch m:
                w.U16(23); w.I64(m.Term); w.Epoch(m.Epoch); w.U8((byte)m.Cause); w.String(m.Reason);
                break;
            case ReleaseMember m:
                w.U16(24); w.I64(m.Term); w.Member(m.Member); w.Flag(m.IsClean); w.String(m.Reason);
                break;
            case SubmitJob m:
                w.U16(40); w.String(m.Key); w.String(m.SpecHash); SpecCodec.Write(w, m.Spec);
                break;
            case SubmitAnswer m:
                w.U16(41); w.String(m.Key); w.U8((byte)m.Outcome); w.I64(m.Job.Number); w.String(m.Text);
                break;
            case ControlJob m:
                w.U16(42); w.String(m.Key); w.I64(m.Job.Number); w.U8((byte)m.Verb);
                break;
            case ControlAnswer m:
                w.U16(43); w.String(m.Key); w.U8((byte)m.Outcome); w.String(m.Text);
                break;
            case QueryJobs m:
                w.U16(44); w.String(m.Key); w.I64(m.Before);
                break;
            case JobsAnswer m:
                w.U16(45); AnswerCodec.Write(w, m);
                break;
            case DrainMember m:
                w.U16(46); w.String(m.Key); w.String(m.Name);
                break;
            case HopSummary m:
                w.U16(10); w.Epoch(m.Epoch); w.I64(m.Sequence); w.Time(m.Deadline); HopCodec.Write(w, m.Hops);
                break;
            case QueryRing m:
                w.U16(47); w.String(m.Key); w.I32(m.From);
                break;
            case RingAnswer m:
                w.U16(48); AnswerCodec.Write(w, m);
                break;
            case QueryMembers m:
                w.U16(49); w.String(m.Key); w.I32(m.From);
                break;
            case MembersAnswer m:
                w.U16(50); AnswerCodec.Write(w, m);
                break;
            case QueryHierarchy m:
                w.U16(51); w.String(m.Key); w.String(m.Under); w.I32(m.Depth); w.I32(m.From);
                break;
            case HierarchyAnswer m:
                w.U16(52); AnswerCodec.Write(w, m);
                break;
            case ArmFault m:
                w.U16(60); w.String(m.Key); w.I32(m.Rank.Index); w.I64(m.Step); w.U8((byte)m.Point); w.U8((byte)m.Fault); w.Time(m.Lasts);
                break;
            case FaultArmed m:
                w.U16(61); w.String(m.Key);
                break;
            default:
                throw new ArgumentException("a message that is not of the closed set");
        }
    }

    // Arguments of a call are evaluated from left to right: fields are read in the order of the record's parameters.
    private static Message? Read(ref WireReader r, ushort type)
    {
        switch (type)
        {
            case 1:
                return new MemberHello(r.I64(), r.I64(), r.String(), r.Epoch(), (RankPhase)r.U8(LastPhase), r.I64(), r.I64(), r.I64(), r.Flag(),
                    r.Flag() ? HopCodec.Wait(ref r) : null, ReplicaCodec.Replicas(ref r), r.Flag());
            case 2:
                return new PlanAnswer(r.Epoch(), r.String(), r.String(), r.String(), r.Flag() ? new PlanDifference(r.String(), r.String(), r.String()) : null,
                    r.String());
            case 3:
                return new RankReady(r.Epoch(), r.I64(), r.Digest());
            case 4:
                return new TrainStepCompleted(r.Epoch(), r.I64(), r.Digest(), Report(ref r));
            case 5:
                return new ShardWritten(r.Epoch(), r.I64(), r.I64(), r.String(), r.Digest());
            case 6:
                return new RankFailed(r.Epoch(), new(r.I64()), (FailureKind)r.U8((byte)FailureKind.RollsBack), r.String());
            case 7:
                return new HopOverdue(r.Epoch(), HopCodec.Wait(ref r));
            case 8:
                return new StaleTerm(r.I64());
            case 9:
                return new KvBlockReady(r.Epoch(), new(r.I64()), r.I32());
            case 10:
                return new HopSummary(r.Epoch(), r.I64(), r.Duration(), HopCodec.Tallies(ref r));
            case 11:
                return new CheckpointUnreadable(r.Epoch(), r.I64(), r.String());
            case 12:
                return new ShardUnwritten(r.Epoch(), r.I64(), r.String());
            case 20:
                return new CoordinatorHello(r.I64(), r.I64(), r.Epoch(), (EpochPhase)r.U8((byte)EpochPhase.Training), r.I64(), r.I64(), r.I64(), r.I64());
            case 21:
                return new ProposePlan(r.I64(), r.Epoch(), new(r.I64()), SpecCodec.Read(ref r), Members(ref r), r.Blob(), r.String(), r.I64(), ReplicaCodec.Holders(ref r),
                    WindowCodec.Windows(ref r));
            case 22:
                return new StartEpoch(r.I64(), r.Epoch(), Strings(ref r), r.String());
            case 23:
                return new EndEpoch(r.I64(), r.Epoch(), (EpochEnd)r.U8((byte)EpochEnd.Resized), r.String());
            case 24:
                return new ReleaseMember(r.I64(), r.Member(), r.Flag(), r.String());
            case 40:
                return new SubmitJob(r.String(), r.String(), SpecCodec.Read(ref r));
            case 41:
                return new SubmitAnswer(r.String(), (RequestOutcome)r.U8((byte)RequestOutcome.Conflict), new(r.I64()), r.String());
            case 42:
                return new ControlJob(r.String(), new(r.I64()), (JobVerb)r.U8((byte)JobVerb.Checkpoint));
            case 43:
                return new ControlAnswer(r.String(), (RequestOutcome)r.U8((byte)RequestOutcome.Conflict), r.String());
            case 44:
                return new QueryJobs(r.String(), r.I64());
            case 45:
                return AnswerCodec.Jobs(ref r);
            case 46:
                return new DrainMember(r.String(), r.String());
            case 47:
                return new QueryRing(r.String(), r.I32());
            case 48:
                return AnswerCodec.Ring(ref r);
            case 49:
                return new QueryMembers(r.String(), r.I32());
            case 50:
                return AnswerCodec.Members(ref r);
            case 51:
                return new QueryHierarchy(r.String(), r.String(), r.I32(), r.I32());
            case 52:
                return AnswerCodec.Hierarchy(ref r);
            case 60:
                return new ArmFault(r.String(), new(r.I32()), r.I64(), (FaultPoint)r.U8((byte)FaultPoint.Replica), (Fault)r.U8((byte)Fault.Inf), r.Time());
            case 61:
                return new FaultArmed(r.String());
            default:
                r.Fail(WireError.UnknownType);
                return null;
        }
    }

    internal static void Write(WireWriter w, StepReport report)
    {
        w.F64(report.Loss); w.F64(report.GradientNorm); w.I64(report.Tokens); w.Time(report.Elapsed); w.I64(report.SentBytes); w.Time(report.Waits);
    }

    internal static StepReport Report(ref WireReader r) => new(r.F64(), r.F64(), r.I64(), r.Time(), r.I64(), r.Time());

    internal static ImmutableArray<MemberId> Members(ref WireReader r)
    {
        var members = ImmutableArray.CreateBuilder<MemberId>(r.Count(12));
        while (members.Count < members.Capacity && r.Error == WireError.None)
        {
            members.Add(r.Member());
        }

        return members.ToImmutable();
    }

    internal static ImmutableArray<string> Strings(ref WireReader r)
    {
        var strings = ImmutableArray.CreateBuilder<string>(r.Count(4));
        while (strings.Count < strings.Capacity && r.Error == WireError.None)
        {
            strings.Add(r.String());
        }

        return strings.ToImmutable();
    }
}
