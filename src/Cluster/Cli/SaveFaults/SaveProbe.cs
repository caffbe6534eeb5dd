using System.CommandLine;
using System.Globalization;
using System.IO.MemoryMappedFiles;
using System.Runtime;
using System.Runtime.InteropServices;

namespace ActorRing.Cluster.Cli.SaveFaults;

/// <summary>
/// The process that saves and is disturbed. It reads a folder and a mutation, prints the thread that will save there, waits for a line, saves, prints how it ended; and so
/// on until its input ends.
/// </summary>
/// <remarks>
/// What it says about commits is in memory that it shares with a file, so that saying it takes no system call and outlives the process. It saves once in a folder of its own
/// before: what is loaded and compiled once is out of the way then, and the thread that saves calls the system for nothing else.
/// </remarks>
internal static partial class SaveProbe
{
    internal const string Name = "save-probe";
    internal const string SaidFile = "said";
    private const int WarmUps = 2;
    private const long NoCollectionBytes = 64 << 20;

    internal static Command CreateCommand()
    {
        var command = new Command(Name) { Hidden = true };
        command.SetAction(_ => Serve());
        return command;
    }

    /// <summary>What was said to be committed in a folder.</summary>
    internal static int Said(string folder) => File.ReadAllBytes(Path.Combine(folder, SaidFile))[0];

    private static void Serve()
    {
        SaveStates? states = null;
        try
        {
            for (var warmUp = 0; warmUp < WarmUps; warmUp++)
            {
                using var folder = new TemporaryFolder();
                var scene = SaveScene.Of(folder.Path);
                states ??= new SaveStates(scene.Model);
                using var run = new SaveRun(folder.Path, scene, states, SaveMutation.None);
                run.Start();
                Require(run.End() == "done");
            }

            Console.WriteLine("ready");
            while (Console.ReadLine()?.Split('\t') is [var folder, var mutation])
            {
                using var run = new SaveRun(folder, SaveScene.Of(folder), states!, Enum.Parse<SaveMutation>(mutation));
                Console.WriteLine(run.Thread.ToString(CultureInfo.InvariantCulture));
                Require(Console.ReadLine() is not null);
                run.Start();
                Console.WriteLine(run.End());
            }
        }
        finally
        {
            states?.Dispose();
        }
    }

    private static void Require(bool isSo)
    {
        if (!isSo)
        {
            throw new InvalidOperationException("nobody is there who would say when to save");
        }
    }

    [LibraryImport("libc", EntryPoint = "gettid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int ThreadId();

    private sealed class SaveRun : IDisposable
    {
        private readonly ManualResetEventSlim _go = new();
        private readonly MemoryMappedFile _file;
        private readonly MemoryMappedViewAccessor _said;
        private readonly Thread _thread;
        private string _end = "";

        internal SaveRun(string folder, SaveScene scene, SaveStates states, SaveMutation mutation)
        {
            _file = MemoryMappedFile.CreateFromFile(Path.Combine(folder, SaidFile), FileMode.Create, null, 1);
            _said = _file.CreateViewAccessor();
            using var known = new ManualResetEventSlim();
            _thread = new Thread(() =>
            {
                Thread = ThreadId();
                known.Set();
                _go.Wait();
                _end = Save(scene, states, mutation);
            }) { IsBackground = true };
            _thread.Start();
            known.Wait();
        }

        internal int Thread { get; private set; }

        // A collection of garbage in the thread that saves would read what the system says of memory: calls that are not there the next time.
        internal void Start()
        {
            GC.TryStartNoGCRegion(NoCollectionBytes);
            _go.Set();
        }

        internal string End()
        {
            _thread.Join();
            if (GCSettings.LatencyMode == GCLatencyMode.NoGCRegion)
            {
                GC.EndNoGCRegion();
            }

            return _end;
        }

        public void Dispose()
        {
            _said.Dispose();
            _file.Dispose();
            _go.Dispose();
        }

        private string Save(SaveScene scene, SaveStates states, SaveMutation mutation)
        {
            try
            {
                scene.Run(states, mutation, step => _said.Write(0, (byte)step));
                return "done";
            }
            catch (Exception fault) when (fault is NullReferenceException or ArgumentException or IndexOutOfRangeException or InvalidCastException or InvalidOperationException)
            {
                return $"crashed: {fault.ToString().ReplaceLineEndings(" ")}";
            }
            catch (Exception refusal)
            {
                return $"refused: {refusal.Message.ReplaceLineEndings(" ")}";
            }
        }
    }
}
