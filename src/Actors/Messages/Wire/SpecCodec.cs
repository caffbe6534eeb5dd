using System.Security.Cryptography;
using ActorRing.Actors.Ids;

namespace ActorRing.Actors.Messages.Wire;

/// <summary>A job's spec as bytes, and the hash by which two of them are told apart.</summary>
public static class SpecCodec
{
    /// <summary>SHA-256 of the spec's bytes on the wire in 64 lower-case hexadecimal digits.</summary>
    public static string Hash(JobSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var writer = new WireWriter();
        Write(writer, spec);
        return Hex.Of(SHA256.HashData(writer.Written));
    }

    internal static void Write(WireWriter w, JobSpec spec)
    {
        w.String(spec.Name);
        w.Blob(spec.Payload);
        w.I32(spec.Ranks);
        w.I32(spec.MinRanks);
        w.I64(spec.TrainSteps);
        w.I32(spec.CheckpointEvery);
        w.U8((byte)spec.Granularity);
    }

    internal static JobSpec Read(ref WireReader r) => new()
    {
        Name = r.String(),
        Payload = r.Blob(),
        Ranks = r.I32(),
        MinRanks = r.I32(),
        TrainSteps = r.I64(),
        CheckpointEvery = r.I32(),
        Granularity = (GrantGranularity)r.U8((byte)GrantGranularity.PerHop),
    };
}
