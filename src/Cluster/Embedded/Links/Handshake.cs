using System.Security.Cryptography;
using ActorRing.Cluster.Embedded.Wire;
using ActorRing.Cluster.Hosting.Engine;
using ActorRing.Cluster.Hosting.Engine.Wire;
using ActorRing.Cluster.Hosting.Security;

namespace ActorRing.Cluster.Embedded.Links;

/// <summary>Who a peer proved to be.</summary>
/// <param name="Member">Name and incarnation.</param>
/// <param name="ClusterUid">The cluster that it knows, or empty.</param>
/// <param name="SharesProcess">Whether its process has other things to do.</param>
internal sealed record Introduction(MemberRef Member, Guid ClusterUid, bool SharesProcess);

/// <summary>
/// Both sides prove that they know the token over fresh nonces of both, so that nothing can be replayed and no stranger on the port learns anything.
/// Seed: challenge. Member: hello with proof. Seed: welcome with proof, or a refusal in one line.
/// </summary>
internal static class Handshake
{
    private const int Nonce = 32;
    private const int Proof = 32;

    private static ReadOnlySpan<byte> Magic => "ACTRRING"u8;

    /// <summary>The seed's side, up to the point where it knows who is there. The caller answers with <see cref="Welcome"/> or <see cref="RefuseAsync"/>.</summary>
    /// <returns>The member and what it said and was told, for the answer's proof.</returns>
    internal static async Task<(Introduction Who, byte[] Said)> MeetAsync(Link link, EmbeddedSettings settings, Guid clusterUid, CancellationToken ct)
    {
        var challenge = new BodyWriter().Bytes(Magic).UInt16(WireFormat.Version).Bytes(clusterUid.ToByteArray()).Bytes(RandomNumberGenerator.GetBytes(Nonce));
        link.TrySend(WireFormat.Of(FrameKind.Challenge, challenge), must: true);
        var hello = await ExpectAsync(link, FrameKind.Hello, ct).ConfigureAwait(false);
        if (hello.Length < Proof)
        {
            throw new WireException("hello without proof");
        }

        byte[] said = [.. "member"u8, .. challenge.Written, .. hello[..^Proof]];
        if (!settings.Token.IsProof(said, hello.AsSpan(hello.Length - Proof)))
        {
            throw new RefusedException("the token is not the cluster's");
        }

        return (ReadHello(hello.AsSpan(0, hello.Length - Proof), settings, clusterUid, link), said);
    }

    internal static byte[] Welcome(EmbeddedSettings settings, MemberRef seed, byte[] said)
    {
        var body = new BodyWriter().Member(seed);
        return WireFormat.Of(FrameKind.Welcome, body.Bytes(settings.Token.Prove([.. "seed"u8, .. said, .. body.Written])));
    }

    internal static Task RefuseAsync(Link link, string why) => link.EndAfterAsync(WireFormat.Of(FrameKind.Refused, new BodyWriter().Text(why)), MemberReason.Left);

    /// <summary>The member's side.</summary>
    /// <param name="link">Fresh.</param>
    /// <param name="settings">With the token.</param>
    /// <param name="self">Who to be.</param>
    /// <param name="known">Uid of the cluster that was joined before, or empty.</param>
    /// <param name="ct">Ends the wait.</param>
    /// <returns>The seed and its cluster.</returns>
    /// <exception cref="EngineRefusedException">The seed said no, or is not the one that knows the token.</exception>
    internal static async Task<Introduction> JoinAsync(Link link, EmbeddedSettings settings, MemberRef self, Guid known, CancellationToken ct)
    {
        var challenge = await ExpectAsync(link, FrameKind.Challenge, ct).ConfigureAwait(false);
        var uid = ReadChallenge(challenge, known);
        var hello = new BodyWriter().UInt16(WireFormat.Version).Text(settings.AppVersion).Member(self).Bytes(known.ToByteArray())
            .Byte(settings.SharesProcess ? (byte)1 : (byte)0).Bytes(RandomNumberGenerator.GetBytes(Nonce));
        byte[] said = [.. "member"u8, .. challenge, .. hello.Written];
        link.TrySend(WireFormat.Of(FrameKind.Hello, hello.Bytes(settings.Token.Prove(said))), must: true);
        var welcome = await ExpectAsync(link, FrameKind.Welcome, ct).ConfigureAwait(false);
        return new Introduction(ReadWelcome(welcome, said, settings), uid, SharesProcess: false);
    }

    private static Guid ReadChallenge(ReadOnlySpan<byte> bytes, Guid known)
    {
        var body = new BodyReader(bytes);
        if (!body.Take(Magic.Length).SequenceEqual(Magic))
        {
            throw new EngineRefusedException("what listens there is not a seed of ActorRing");
        }

        if (body.TakeUInt16() is var version && version != WireFormat.Version)
        {
            throw new EngineRefusedException($"the seed speaks protocol {version}, this member {WireFormat.Version}; run the same version on both");
        }

        var uid = new Guid(body.Take(16));
        return known == Guid.Empty || known == uid ? uid : throw new EngineRefusedException($"the seed is now of cluster {uid}; this member joined {known}");
    }

    private static Introduction ReadHello(ReadOnlySpan<byte> bytes, EmbeddedSettings settings, Guid clusterUid, Link link)
    {
        var body = new BodyReader(bytes);
        if (body.TakeUInt16() is var version && version != WireFormat.Version)
        {
            throw new RefusedException($"the seed speaks protocol {WireFormat.Version}, this member {version}; run the same version on both");
        }

        var app = body.TakeText();
        var member = body.TakeMember();
        var known = new Guid(body.Take(16));
        var sharesProcess = body.TakeByte() switch
        {
            0 => false,
            1 => true,
            var other => throw new WireException($"hello: {other} is neither 0 nor 1"),
        };
        body.Take(Nonce);
        body.RequireEnd();
        return app != settings.AppVersion ? throw new RefusedException($"the seed runs version {settings.AppVersion}, this member {app}; run the same version on both")
            : known != Guid.Empty && known != clusterUid ? throw new RefusedException($"this seed is of cluster {clusterUid}; the member joined {known}")
            : member.Incarnation <= 0 ? throw new RefusedException("an incarnation is positive")
            : !link.IsCertifiedAs(member.Name) ? throw new RefusedException($"the certificate is not of {EngineTls.NameOf(member.Name)}")
            : new Introduction(member, known, sharesProcess);
    }

    private static MemberRef ReadWelcome(ReadOnlySpan<byte> bytes, byte[] said, EmbeddedSettings settings)
    {
        if (bytes.Length < Proof || !settings.Token.IsProof([.. "seed"u8, .. said, .. bytes[..^Proof]], bytes[^Proof..]))
        {
            throw new EngineRefusedException("the seed does not know the token of this cluster");
        }

        return new BodyReader(bytes).TakeMember();
    }

    private static async Task<byte[]> ExpectAsync(Link link, FrameKind kind, CancellationToken ct)
    {
        var frame = await link.Reader.ReadAsync(ct).ConfigureAwait(false) ?? throw new EndOfStreamException();
        return frame.Kind == kind ? frame.Body.ToArray()
            : frame.Kind == FrameKind.Refused && kind != FrameKind.Hello ? throw new EngineRefusedException(new BodyReader(frame.Body.Span).TakeText())
            : throw new WireException($"{kind} was due, not {(byte)frame.Kind}");
    }
}

/// <summary>The seed turns a peer away; the message goes to the peer.</summary>
internal sealed class RefusedException(string message) : IOException(message);
