namespace ActorRing.Architecture.Specs;

/// <summary>
/// Everything of the framework that the pure room leans on. A new entry is a design decision, visible in review: it must give the same result in every process,
/// on every machine.
/// </summary>
public class PuritySpec
{
    private static readonly HashSet<string> AllowedTypes =
    [
        // What values and records are made of.
        "System.Object", "System.ValueType", "System.Enum", "System.Attribute", "System.Type", "System.RuntimeTypeHandle", "System.Nullable`1",
            "System.IEquatable`1", "System.IComparable`1", "System.Boolean",
        "System.Char", "System.Byte", "System.UInt16", "System.Int32", "System.UInt32", "System.Int64", "System.UInt64", "System.Double", "System.String",
            "System.TimeSpan", "System.Math", "System.Text.StringBuilder",
        "System.IFormatProvider", "System.Globalization.CultureInfo",
        // Sequences with an order of their own.
        "System.Array", "System.Span`1", "System.ReadOnlySpan`1", "System.ReadOnlyMemory`1", "System.MemoryExtensions", "System.Linq.Enumerable",
            "System.Func`2", "System.Func`3", "System.Predicate`1", "System.ValueTuple`2", "System.ValueTuple`3", "System.Collections.IEnumerable",
        "System.Collections.IEnumerator", "System.Collections.Generic.IEnumerable`1", "System.Collections.Generic.IEnumerator`1",
            "System.Collections.Generic.IReadOnlyList`1", "System.Collections.Generic.IReadOnlyCollection`1", "System.Collections.Generic.List`1.Enumerator",
        "System.Collections.Generic.List`1", "System.Collections.Generic.EqualityComparer`1", "System.Collections.Generic.KeyValuePair`2",
            "System.Collections.Immutable.ImmutableArray",
        "System.Collections.Immutable.ImmutableArray`1", "System.Collections.Immutable.ImmutableList", "System.Collections.Immutable.ImmutableList`1",
            "System.Collections.Immutable.ImmutableSortedDictionary",
        "System.Collections.Immutable.ImmutableSortedDictionary`2", "System.Collections.Immutable.ImmutableSortedSet",
            "System.Collections.Immutable.ImmutableSortedSet`1",
        "System.Collections.Immutable.ImmutableArray`1.Builder",
            "System.Collections.Immutable.ImmutableArray`1.Enumerator", "System.Linq.ImmutableArrayExtensions",
        "System.Collections.Generic.Queue`1", "System.Collections.Generic.Queue`1.Enumerator", "System.Collections.Generic.SortedDictionary`2",
            "System.Collections.Generic.SortedSet`1",
            "System.Collections.Generic.IComparer`1", "System.Comparison`1", "System.StringComparer",
        // Bytes of messages.
        "System.BitConverter", "System.Text.Encoding", "System.Text.Unicode.Utf8",
        // What collection expressions compile to.
        "System.Runtime.InteropServices.CollectionsMarshal", "System.Runtime.InteropServices.ImmutableCollectionsMarshal",
        // The hash of a plan: a pure function of its bytes, specified outside of any framework.
        "System.Security.Cryptography.SHA256",
        // Broken contracts.
        "System.IDisposable", "System.ArgumentException", "System.ArgumentNullException", "System.ArgumentOutOfRangeException",
            "System.InvalidOperationException", "System.NotSupportedException", "System.Exception",
        // What the compiler writes down about an assembly.
        "System.Diagnostics.DebuggableAttribute", "System.Diagnostics.DebuggableAttribute.DebuggingModes", "System.Diagnostics.DebuggerBrowsableAttribute",
            "System.Diagnostics.DebuggerBrowsableState",
        "System.Diagnostics.CodeAnalysis.SuppressMessageAttribute", "System.Diagnostics.CodeAnalysis.SetsRequiredMembersAttribute",
            "System.Diagnostics.DebuggerHiddenAttribute", "System.ObsoleteAttribute", "System.Runtime.InteropServices.InAttribute",
        "System.Security.UnverifiableCodeAttribute", "System.Security.Permissions.SecurityAction", "System.Security.Permissions.SecurityPermissionAttribute",
    ];

    private static readonly string[] AllowedNamespaces = ["System.Runtime.CompilerServices", "System.Runtime.Versioning", "System.Reflection",
        "Microsoft.CodeAnalysis"];

    // Of allowed types, but different in every process.
    private static readonly HashSet<string> ForbiddenMembers =
        ["System.Object.GetHashCode", "System.String.GetHashCode", "System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode",
            "System.Globalization.CultureInfo.get_CurrentCulture", "System.StringComparer.get_CurrentCulture", "System.StringComparer.get_CurrentCultureIgnoreCase"];

    [Fact]
    public void Actors_must_lean_only_on_what_is_the_same_in_every_process() => Assert.Empty(ForeignTypes("ActorRing.Actors"));

    [Fact]
    public void Actors_must_call_nothing_whose_result_differs_between_processes()
    {
        using var actors = new RoomMetadata("ActorRing.Actors");
        Assert.DoesNotContain(actors.Members, ForbiddenMembers.Contains);
    }

    [Fact]
    public void Purity_check_must_notice_tasks_files_and_clocks()
    {
        // The room with the most of the outside world in it fails the check for the right reasons.
        var foreign = ForeignTypes("actorring");
        Assert.Contains("System.IO.File", foreign);
        Assert.Contains("System.Diagnostics.Stopwatch", foreign);
    }

    private static List<string> ForeignTypes(string assembly)
    {
        using var room = new RoomMetadata(assembly);
        return [.. room.Types.Where(type => !AllowedTypes.Contains(type)
            && !AllowedNamespaces.Any(name => type.StartsWith(name + ".", StringComparison.Ordinal)))];
    }
}
