using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace ActorRing.Architecture.Specs;

/// <summary>What a compiled room leans on and holds, read from its metadata; nothing of it is loaded or run.</summary>
internal sealed class RoomMetadata : IDisposable
{
    private readonly PEReader _file;
    private readonly MetadataReader _metadata;

    internal RoomMetadata(string assembly)
    {
        _file = new PEReader(File.OpenRead(Path.Combine(AppContext.BaseDirectory, assembly + ".dll")));
        _metadata = _file.GetMetadataReader();
    }

    /// <summary>Full names of all types of other assemblies that this one mentions.</summary>
    internal IReadOnlyList<string> Types => [.. _metadata.TypeReferences.Select(NameOf).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>Full names of all members of other assemblies' types that this one calls, reads or writes.</summary>
    internal IReadOnlyList<string> Members =>
        [.. _metadata.MemberReferences.Select(_metadata.GetMemberReference).Select(FullNameOf).OfType<string>().Distinct().Order(StringComparer.Ordinal)];

    /// <summary>Namespaces of <see cref="Types"/>.</summary>
    internal IReadOnlyList<string> Namespaces => [.. _metadata.TypeReferences.Select(NamespaceOf).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>
    /// Full names of static fields that can be assigned after construction. What the compiler makes for itself (cached delegates, literals) does not count.
    /// </summary>
    internal IReadOnlyList<string> MutableStatics =>
        [.. from type in _metadata.TypeDefinitions
            where !IsOfTheCompiler(type)
            from handle in _metadata.GetTypeDefinition(type).GetFields()
            let definition = _metadata.GetFieldDefinition(handle)
            where (definition.Attributes & (FieldAttributes.Static | FieldAttributes.InitOnly | FieldAttributes.Literal)) == FieldAttributes.Static
            select $"{NameOf(type)}.{_metadata.GetString(definition.Name)}"];

    public void Dispose() => _file.Dispose();

    private bool IsOfTheCompiler(TypeDefinitionHandle handle)
    {
        var type = _metadata.GetTypeDefinition(handle);
        return _metadata.GetString(type.Name).Contains('<', StringComparison.Ordinal)
            || (!type.GetDeclaringType().IsNil && IsOfTheCompiler(type.GetDeclaringType()));
    }

    private string? FullNameOf(MemberReference member) => OwnerOf(member) is { } owner ? $"{owner}.{_metadata.GetString(member.Name)}" : null;

    private string? OwnerOf(MemberReference member) => member.Parent.Kind switch
    {
        HandleKind.TypeReference => NameOf((TypeReferenceHandle)member.Parent),
        HandleKind.TypeSpecification => GenericTypeOf((TypeSpecificationHandle)member.Parent),
        _ => null,
    };

    // The signature of an instantiated generic type starts: GENERICINST (CLASS | VALUETYPE) type. Arrays and the like have no owner that matters here.
    private string? GenericTypeOf(TypeSpecificationHandle handle)
    {
        var signature = _metadata.GetBlobReader(_metadata.GetTypeSpecification(handle).Signature);
        if (signature.ReadSignatureTypeCode() != SignatureTypeCode.GenericTypeInstance)
        {
            return null;
        }

        signature.ReadCompressedInteger();
        var type = signature.ReadTypeHandle();
        return type.Kind == HandleKind.TypeReference ? NameOf((TypeReferenceHandle)type) : null;
    }

    private string NameOf(TypeReferenceHandle handle)
    {
        var type = _metadata.GetTypeReference(handle);
        return Qualify(
            type.ResolutionScope.Kind == HandleKind.TypeReference ? NameOf((TypeReferenceHandle)type.ResolutionScope) : _metadata.GetString(type.Namespace),
                _metadata.GetString(type.Name));
    }

    private string NameOf(TypeDefinitionHandle handle)
    {
        var type = _metadata.GetTypeDefinition(handle);
        return Qualify(type.GetDeclaringType().IsNil ? _metadata.GetString(type.Namespace) : NameOf(type.GetDeclaringType()), _metadata.GetString(type.Name));
    }

    private string NamespaceOf(TypeReferenceHandle handle)
    {
        var type = _metadata.GetTypeReference(handle);
        return type.ResolutionScope.Kind == HandleKind.TypeReference ? NamespaceOf((TypeReferenceHandle)type.ResolutionScope)
            : _metadata.GetString(type.Namespace);
    }

    private static string Qualify(string scope, string name) => scope.Length == 0 ? name : $"{scope}.{name}";
}
