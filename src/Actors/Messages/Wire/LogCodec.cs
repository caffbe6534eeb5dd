using ActorRing.Actors.Ids;
using ActorRing.Actors.Log;

namespace ActorRing.Actors.Messages.Wire;

/// <summary>Records of the coordinator's log as bytes: version (u8), type (u16), fields, by the rules of <see cref="MessageCodec"/>.</summary>
public static class LogCodec
{
    /// <summary>A record's bytes.</summary>
    /// <exception cref="ArgumentException">The record is larger than the limits allow.</exception>
    public static byte[] Encode(LogRecord record)
    {
        var w = new WireWriter();
        w.U8(WireLimits.LogVersion);
        switch (record)
        {
            case JobSubmitted x:
                w.U16(1); w.I64(x.Job.Number); w.String(x.Key); w.String(x.SpecHash); SpecCodec.Write(w, x.Spec);
                break;
            case JobStateChanged x:
                w.U16(2); w.I64(x.Job.Number); w.U8((byte)x.State); w.String(x.Verdict); w.String(x.RequestKey);
                break;
            case EpochIssued x:
                w.U16(3); w.I64(x.Job.Number); w.Epoch(x.Epoch); w.Count(x.Members.Length);
                foreach (var member in x.Members)
                {
                    w.Member(member);
                }

                w.String(x.PlanHash); w.I64(x.RestoreFrom); w.U8((byte)x.Cause);
                break;
            case StepCommitted x:
                w.U16((ushort)(x.Report is null ? 4 : 9)); w.I64(x.Job.Number); w.Epoch(x.Epoch); w.I64(x.StepsDone); w.Digest(x.Digest);
                if (x.Report is not null)
                {
                    MessageCodec.Write(w, x.Report);
                }

                break;
            case CheckpointCommitted x:
                w.U16(5); w.I64(x.Job.Number); w.Epoch(x.Epoch); w.I64(x.StepsDone); w.I32(x.Ranks); w.String(x.ManifestHash);
                break;
            case MemberFenced x:
                w.U16(6); w.Member(x.Member);
                break;
            case JobFolded x:
                w.U16(7); w.I64(x.Job.Number); w.I64(x.Epochs); w.I64(x.StepsCommitted); w.I64(x.Losses); w.I32(x.FruitlessEpochs); w.Flag(x.IsFruitful);
                break;
            case CheckpointLost x:
                w.U16(8); w.I64(x.Job.Number); w.I64(x.StepsDone); w.I64(x.RestoreFrom); w.String(x.Reason);
                break;
            case WindowSkipped x:
                w.U16(10); w.I64(x.Job.Number); w.Epoch(x.Epoch); WindowCodec.Write(w, x.Window); w.String(x.Reason);
                break;
            default:
                throw new ArgumentException("a record that is not of the closed set");
        }

        return w.Written.ToArray();
    }

    /// <summary>The record in a run of bytes.</summary>
    /// <returns>Why there is none. Nothing is thrown, whatever the bytes are.</returns>
    public static WireError TryDecode(ReadOnlySpan<byte> bytes, out LogRecord? record)
    {
        record = null;
        if (bytes.Length < 3 || bytes.Length > WireLimits.FrameBytes)
        {
            return bytes.Length < 3 ? WireError.Truncated : WireError.FrameTooLong;
        }

        if (bytes[0] != WireLimits.LogVersion)
        {
            return WireError.OtherVersion;
        }

        var r = new WireReader(bytes[1..]);
        LogRecord? found = null;
        switch (r.U16())
        {
            case 1:
                found = new JobSubmitted(new(r.I64()), r.String(), r.String(), SpecCodec.Read(ref r));
                break;
            case 2:
                found = new JobStateChanged(new(r.I64()), (JobState)r.U8((byte)JobState.Cancelled), r.String(), r.String());
                break;
            case 3:
                found = new EpochIssued(new(r.I64()), r.Epoch(), MessageCodec.Members(ref r), r.String(), r.I64(), (EpochEnd)r.U8((byte)EpochEnd.Resized));
                break;
            case 4:
                found = new StepCommitted(new(r.I64()), r.Epoch(), r.I64(), r.Digest());
                break;
            case 5:
                found = new CheckpointCommitted(new(r.I64()), r.Epoch(), r.I64(), r.I32(), r.String());
                break;
            case 6:
                found = new MemberFenced(r.Member());
                break;
            case 7:
                found = new JobFolded(new(r.I64()), r.Natural(), r.Natural(), r.Natural(), r.I32(), r.Flag());
                break;
            case 8:
                found = new CheckpointLost(new(r.I64()), r.Natural(), r.Natural(), r.String());
                break;
            case 9:
                found = new StepCommitted(new(r.I64()), r.Epoch(), r.I64(), r.Digest(), MessageCodec.Report(ref r));
                break;
            case 10:
                found = new WindowSkipped(new(r.I64()), r.Epoch(), WindowCodec.Read(ref r), r.String());
                break;
            default:
                r.Fail(WireError.UnknownType);
                break;
        }

        if (r.Error == WireError.None && r.Left > 0)
        {
            return WireError.TrailingBytes;
        }

        record = r.Error == WireError.None ? found : null;
        return r.Error;
    }
}
