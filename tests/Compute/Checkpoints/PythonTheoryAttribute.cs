using System.Diagnostics;

namespace ActorRing.Compute.Specs.Checkpoints;

/// <summary>A theory that needs python3 (its standard library alone), skipped with the reason where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PythonTheoryAttribute : TheoryAttribute
{
    public PythonTheoryAttribute() => Skip = IsThere() ? null! : "python3 is missing: exports were not checked by a reader other than ActorRing's own";

    private static bool IsThere()
    {
        try
        {
            using var python = Process.Start(new ProcessStartInfo("python3", ["-c", "import json, struct"]) { RedirectStandardError = true })!;
            python.WaitForExit();
            return python.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
