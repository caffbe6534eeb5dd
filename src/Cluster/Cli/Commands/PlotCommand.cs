using System.CommandLine;
using ActorRing.Cluster.Cli.Plots;
using ActorRing.Cluster.Member;

namespace ActorRing.Cluster.Cli.Commands;

/// <summary><c>actorring plot RUN...</c>: pictures of runs and of evaluations, one line a file written. All is read and drawn before the first file is written.</summary>
internal static class PlotCommand
{
    private static readonly string[] Formats = ["svg", "png"];

    internal static Command Create()
    {
        var runs = new Argument<string[]>("RUN") { Description = "Run folders, or files in them; several come into one picture.", Arity = ArgumentArity.OneOrMore };
        var what = new Option<string[]>("--what") { Description = $"One or more of {string.Join(", ", Pictures.Kinds)}; all that there is otherwise." };
        var into = new Option<string?>("--out") { Description = "Folder for the pictures, made if need be; that of the first RUN otherwise." };
        var format = new Option<string[]>("--format") { Description = "svg, png, or both by giving it twice.", DefaultValueFactory = _ => ["svg"] };
        var command = new Command(
            "plot", "Draws loss, gradient norm, throughput, needle tests and perplexity. Example: actorring plot runs/tiny runs/long --what loss --format png")
        {
            runs, what, into, format,
        };
        command.SetAction(result =>
        {
            var formats = Checked("--format", result.GetValue(format)!, Formats);
            var asked = Checked("--what", result.GetValue(what) ?? [], Pictures.Kinds);
            var sources = result.GetValue(runs)!.Select(PlotSource.Of).ToArray();
            var pictures = (asked.Length > 0 ? asked : Pictures.Kinds).SelectMany(kind => Pictures.Of(sources, kind, asked.Length > 0)).ToArray();
            if (pictures.Length == 0)
            {
                throw new UsageException($"{sources[0].Path}: nothing to plot; {PlotSource.Allowed}");
            }

            var files = from picture in pictures from ending in formats select (Name: $"{picture.Name}.{ending}", Content: picture.Render(ending));
            foreach (var path in Write(result.GetValue(into) ?? sources[0].Folder, [.. files]))
            {
                Console.WriteLine(path);
            }

            return 0;
        });
        return command;
    }

    private static string[] Checked(string option, string[] values, string[] allowed) => values.FirstOrDefault(value => !allowed.Contains(value, StringComparer.Ordinal)) is { } wrong
        ? throw new UsageException($"{option} is '{wrong}', allowed: {string.Join(", ", allowed)}")
        : [.. values.Distinct(StringComparer.Ordinal)];

    private static IEnumerable<string> Write(string folder, (string Name, byte[] Content)[] files)
    {
        foreach (var (name, content) in files)
        {
            var path = Path.Combine(folder, name);
            var part = path + ".part";
            try
            {
                Directory.CreateDirectory(folder);
                File.WriteAllBytes(part, content);
                File.Move(part, path, overwrite: true);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                throw new UsageException($"--out is '{folder}': {fault.Message.TrimEnd('.')}; allowed: a folder that can be made and written to");
            }

            yield return path;
        }
    }
}
