using ActorRing.Cluster.GenericHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Lets a program on .NET's generic host be a member of an ActorRing cluster.</summary>
public static class ActorRingServiceCollectionExtensions
{
    /// <summary>Adds one member, as whom and where the program's configuration says in its section <c>ActorRing</c>.</summary>
    /// <param name="services">Of the program.</param>
    /// <param name="configure">Has the last word on what is configured.</param>
    /// <returns><paramref name="services"/>; <see cref="ActorRingMember"/> is among them.</returns>
    /// <exception cref="OptionsValidationException">When the host starts: a setting is not allowed; one line with its key.</exception>
    /// <exception cref="InvalidOperationException">Called twice: a process is one member, since its cores and its GPU are a rank's.</exception>
    public static IServiceCollection AddActorRing(this IServiceCollection services, Action<ActorRingOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        if (services.Any(service => service.ServiceType == typeof(ActorRingMember)))
        {
            throw new InvalidOperationException("AddActorRing was called before; a process is one member of one cluster");
        }

        services.AddOptions<ActorRingOptions>().BindConfiguration(ActorRingOptions.Section).Configure(configure ?? (_ => { })).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<ActorRingOptions>, ActorRingOptionsCheck>());
        services.AddSingleton<ActorRingMember>();
        services.AddHostedService(provider => provider.GetRequiredService<ActorRingMember>());
        return services;
    }
}
