using Akka.Actor;
using Akka.Configuration;
using Akka.Serialization;
using Hyperion;

namespace ActorRing.Cluster.Akka.Wire;

/// <summary>Hyperion that carries <see cref="EngineFrame"/> and nothing else.</summary>
/// <remarks>
/// Hyperion itself would make whatever type a peer names. A filter set through Akka's setup is not given to the serializer that works (1.5.30), hence this class;
/// and Hyperion asks with long names when it writes and with short ones when it reads, hence the two spellings, which are compared whole.
/// </remarks>
public sealed class FrameSerializer(ExtendedActorSystem system, Config config)
    : HyperionSerializer(system, HyperionSerializerSettings.Create(config).WithDisallowUnsafeType(true).WithTypeFilter(new OneType()))
{
    private sealed class OneType : ITypeFilter
    {
        private static readonly string Long = typeof(EngineFrame).AssemblyQualifiedName!;
        private static readonly string Short = $"{typeof(EngineFrame).FullName}, {typeof(EngineFrame).Assembly.GetName().Name}";

        public bool IsAllowed(string typeName) => typeName == Short || typeName == Long;
    }
}

/// <summary>In place of Akka's JSON serializer, which would make any type too: neither writes nor reads anything.</summary>
public sealed class NoSerializer : global::Akka.Serialization.Serializer
{
    /// <summary>As Akka makes a serializer that has settings.</summary>
    public NoSerializer(ExtendedActorSystem system, Config _)
        : base(system)
    {
    }

    /// <summary>Of the serializer that it replaces.</summary>
    public override int Identifier => 1;

    /// <inheritdoc/>
    public override bool IncludeManifest => false;

    /// <inheritdoc/>
    public override byte[] ToBinary(object obj) => throw new NotSupportedException($"{obj?.GetType()}: the engine's frame alone travels");

    /// <inheritdoc/>
    public override object FromBinary(byte[] bytes, Type type) => throw new NotSupportedException($"{type}: the engine's frame alone travels");
}
