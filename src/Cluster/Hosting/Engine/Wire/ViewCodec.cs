namespace ActorRing.Cluster.Hosting.Engine.Wire;

/// <summary>A view on the wire: count (u16), then per member its name and incarnation, whether it is up (u8), the reason (u8).</summary>
internal static class ViewCodec
{
    internal static BodyWriter Encode(IReadOnlyList<MemberStatus> members)
    {
        var body = new BodyWriter().UInt16(members.Count);
        foreach (var status in members)
        {
            body.Member(status.Member).Byte(status.IsUp ? (byte)1 : (byte)0).Byte((byte)status.Reason);
        }

        return body;
    }

    internal static List<MemberStatus> Decode(ReadOnlySpan<byte> bytes)
    {
        var body = new BodyReader(bytes);
        var members = new List<MemberStatus>();
        for (var count = body.TakeUInt16(); count > 0; count--)
        {
            members.Add(new MemberStatus(body.TakeMember(), body.TakeByte() == 1, (MemberReason)body.TakeByte()));
        }

        body.RequireEnd();
        return members;
    }
}
