using System.CommandLine;
using ActorRing.Cluster.Member;
using ActorRing.Compute.Model;

namespace ActorRing.Cluster.Cli.Bench;

/// <summary>Options that give the shapes of a model of random weights; the parameters are what they default to.</summary>
internal sealed class ShapeOptions(int layers, int width, int heads, int kvHeads, int mlpWidth, int vocabulary)
{
    private readonly Option<int> _layers = NumberOption.Of("--layers", "L.", layers, 1, 1024);
    private readonly Option<int> _width = NumberOption.Of("--width", "D.", width, 32, 1 << 17);
    private readonly Option<int> _heads = NumberOption.Of("--heads", "N.", heads, 1, 1024);
    private readonly Option<int> _kvHeads = NumberOption.Of("--kv-heads", "K.", kvHeads, 1, 1024);
    private readonly Option<int> _mlpWidth = NumberOption.Of("--mlp-width", "F.", mlpWidth, 1, 1 << 19);
    private readonly Option<int> _vocabulary = NumberOption.Of("--vocabulary", "V.", vocabulary, 1, 1 << 24);

    /// <summary>Adds them to a command.</summary>
    internal void AddTo(Command command)
    {
        foreach (var option in new[] { _layers, _width, _heads, _kvHeads, _mlpWidth, _vocabulary })
        {
            command.Add(option);
        }
    }

    /// <summary>The shapes that were given.</summary>
    /// <exception cref="UsageException">Heads that do not divide the width, or are of a size that no kernel has.</exception>
    internal ModelDims Of(ParseResult result)
    {
        var (width, heads) = (result.GetValue(_width), result.GetValue(_heads));
        if (width % heads != 0)
        {
            throw new UsageException($"--heads is {heads}, allowed: a divisor of --width {width}");
        }

        var size = width / heads;
        return size is < 32 or > 256 || size % 8 != 0
            ? throw new UsageException($"--width / --heads is {size}, allowed are head sizes from 32 to 256 in steps of 8")
            : new ModelDims
            {
                Layers = result.GetValue(_layers),
                Width = width,
                Heads = heads,
                KvHeads = result.GetValue(_kvHeads),
                HeadSize = size,
                MlpWidth = result.GetValue(_mlpWidth),
                Vocabulary = result.GetValue(_vocabulary),
                NormEpsilon = 1e-5,
                TiedEmbeddings = false,
            };
    }
}
