namespace ActorRing.Cluster.Hosting.Hocon;

/// <summary>Where a value was written.</summary>
/// <param name="Source">A file as the user named it, or the argument that carried the value, such as <c>--training.steps</c>.</param>
/// <param name="Line">Counted from 1; 0 for a source without lines.</param>
internal readonly record struct HoconPosition(string Source, int Line)
{
    /// <summary>Whether an argument of the command line carried the value.</summary>
    public bool IsArgument => Source.StartsWith("--", StringComparison.Ordinal);

    /// <summary><c>file:line</c>, the form that editors and terminals turn into a link.</summary>
    public override string ToString() => Line == 0 ? Source : $"{Source}:{Line}";
}
