namespace ActorRing.Compute.Model.Config;

/// <summary>The bytes of a <c>config.json</c> as they were read.</summary>
/// <param name="File">Names the file in messages.</param>
/// <param name="Json">Its bytes; never written.</param>
internal sealed record ConfigSource(string File, byte[] Json);
