using System.CommandLine;
using System.Globalization;
using System.Text;
using ActorRing.Cluster.Member.Place;
using ActorRing.Native;

namespace ActorRing.Cluster.Cli.Commands;

/// <summary><c>actorring doctor</c>: what is here, what is not, and what that means.</summary>
internal static class DoctorCommand
{
    internal static Command Create()
    {
        var command = new Command("doctor", "Says what this machine has. Example: actorring doctor");
        command.SetAction(_ =>
        {
            Console.WriteLine($"runtime    .NET {Environment.Version}, {Environment.ProcessorCount} cores");
            Console.WriteLine($"cpu        {Describe(NativeBackend.LoadCpu)}");
            Console.WriteLine($"torch      {Describe(NativeBackend.LoadTorch)}");
            Console.WriteLine($"akka       {(AkkaPlace.IsBuiltIn ? "built in: seed --engine akka" : "not built in: its packages could not be restored when this was built")}; Petabridge.Cmd: none");
            Console.WriteLine($"unicode    {(UnicodeWorks() ? "ok" : "ICU is missing: tokenizers that normalise would give wrong ids (Debian: libicu72)")}");
            return UnicodeWorks() ? 0 : 1;
        });
        return command;
    }

    private static string Describe(Func<NativeBackend> load)
    {
        try
        {
            using var device = load().Open(1);
            return string.Create(CultureInfo.InvariantCulture, $"{device.Info.Name}, {device.MeasurePeak(ElementType.Float32, 0.1):F0} GFLOP/s float32 a thread");
        }
        catch (BackendUnavailableException missing)
        {
            return missing.Message;
        }
    }

    // With invariant globalization NFC silently does nothing.
    private static bool UnicodeWorks() => "e\u0301".Normalize(NormalizationForm.FormC) == "\u00e9";
}
