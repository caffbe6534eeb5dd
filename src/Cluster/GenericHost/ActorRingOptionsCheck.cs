using ActorRing.Cluster.Member;
using ActorRing.Cluster.Member.Place;
using Microsoft.Extensions.Options;

namespace ActorRing.Cluster.GenericHost;

/// <summary>Refuses options before the program has started: one line with the key, the value and what is allowed.</summary>
internal sealed class ActorRingOptionsCheck : IValidateOptions<ActorRingOptions>
{
    public ValidateOptionsResult Validate(string? name, ActorRingOptions options)
    {
        try
        {
            _ = PlaceOf(options);
            MemberOf(options).Require(Named);
            return ValidateOptionsResult.Success;
        }
        catch (UsageException fault)
        {
            return ValidateOptionsResult.Fail(fault.Message);
        }
    }

    /// <exception cref="UsageException">A setting is not allowed.</exception>
    internal static ClusterPlace PlaceOf(ActorRingOptions options) => ClusterPlace.Of(new PlaceSettings(options.State ?? PlaceSettings.UsualState, options.Engine)
    {
        Seed = options.Seed,
        Certificates = options.Certificates,
        Named = Named,
    });

    internal static MemberSettings MemberOf(ActorRingOptions options) => new(options.Name ?? MemberSettings.UsualName)
    {
        TensorAddress = options.TensorAddress,
        IsReserve = options.IsReserve,
        SharesProcess = true,
    };

    // As configuration spells it: tensor-address is ActorRing:TensorAddress.
    private static string Named(string setting) =>
        $"{ActorRingOptions.Section}:{string.Concat(setting.Split('-').Select(word => $"{char.ToUpperInvariant(word[0])}{word[1..]}"))}";
}
