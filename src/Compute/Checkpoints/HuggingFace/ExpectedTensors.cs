using System.Text.RegularExpressions;
using ActorRing.Compute.Checkpoints.Safetensors;
using ActorRing.Compute.Model.Config;

namespace ActorRing.Compute.Checkpoints.HuggingFace;

/// <summary>Compares the tensors of a folder with those that a config asks for: nothing missing, nothing extra, no other shape, only float types.</summary>
public static partial class ExpectedTensors
{
    /// <summary>Checks a set of tensors.</summary>
    /// <param name="config">The model.</param>
    /// <param name="tensors">What the files hold.</param>
    /// <param name="source">Names folder or file in the message.</param>
    /// <exception cref="InvalidDataException">One line with the first tensor that is wrong, and how many more are.</exception>
    public static void Check(LlamaConfig config, IReadOnlyDictionary<string, TensorEntry> tensors, string source)
    {
        var expected = ParameterNames.Of(config).ToDictionary(parameter => parameter.Name, StringComparer.Ordinal);
        var faults = expected.Values.Select(parameter => FaultOf(parameter, tensors))
            .Concat(tensors.Values.Where(tensor => !expected.ContainsKey(tensor.Name) && !IsIgnored(tensor.Name))
                .OrderBy(tensor => tensor.Name, StringComparer.Ordinal)
                .Select(tensor => FaultOfExtra(config, tensor)))
            .OfType<string>()
            .ToList();
        if (faults.Count > 0)
        {
            throw new InvalidDataException($"{source}: {faults[0]}{(faults.Count > 1 ? $" ({faults.Count - 1} more tensors are wrong)" : "")}");
        }
    }

    /// <summary>Whether a tensor may be there without being used: the rotary frequencies that old checkpoints carry follow from the config.</summary>
    /// <param name="name">Name in the file.</param>
    public static bool IsIgnored(string name) => RotaryBuffer().IsMatch(name);

    private static string? FaultOf(ParameterShape parameter, IReadOnlyDictionary<string, TensorEntry> tensors)
    {
        var shape = TensorSpec.Text(parameter.Shape.AsSpan());
        if (!tensors.TryGetValue(parameter.Name, out var tensor))
        {
            return $"tensor {Quote.Of(parameter.Name)} is missing; the config asks for it with shape {shape}";
        }
        if (!tensor.Shape.AsSpan().SequenceEqual(parameter.Shape.AsSpan()))
        {
            return $"tensor {Quote.Of(tensor.Name)} has shape {TensorSpec.Text(tensor.Shape.AsSpan())}; the config asks for {shape}";
        }
        return tensor.Dtype is SafetensorsDtype.F32 or SafetensorsDtype.F16 or SafetensorsDtype.BF16
            ? null
            : $"tensor {Quote.Of(tensor.Name)} has dtype {tensor.Dtype.Text()}; allowed are F32, F16 and BF16";
    }

    private static string FaultOfExtra(LlamaConfig config, TensorEntry tensor) =>
        tensor.Name == ParameterNames.LmHead && config.TieWordEmbeddings
            ? $"tensor {Quote.Of(tensor.Name)} is there although tie_word_embeddings is true; leave it out or set tie_word_embeddings to false"
            : $"tensor {tensor} is not one that the config asks for; only those are allowed";

    [GeneratedRegex(@"^model\.(layers\.[0-9]{1,5}\.self_attn\.)?rotary_emb\.inv_freq\z", RegexOptions.CultureInvariant)]
    private static partial Regex RotaryBuffer();
}
