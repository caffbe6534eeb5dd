namespace ActorRing.Compute.Specs.Reference;

public class ReferenceLlamaSpec
{
    public static TheoryData<string> Models => new(TinyModels.Keys);

    private static readonly ReferenceLlamaDims Plain = new(D: 6, N: 4, K: 2, H: 4, F: 7, V: 9, RmsEpsilon: 1e-2, Windows: [0, 0], TiedHead: false);

    private static readonly Dictionary<string, (ReferenceLlamaDims Dims, string[] Biases, long[]? Documents)> TinyModels = new()
    {
        ["plain"] = (Plain, [], null),
        ["tied"] = (Plain with { TiedHead = true }, [], null),
        ["windows differ by layer"] = (Plain with { Windows = [2, 0] }, [], null),
        ["packed documents"] = (Plain, [], [0, 2, 3]),
        ["biases everywhere"] = (Plain, ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj",
            "mlp.down_proj"], null),
        ["biases as Qwen2"] = (Plain with { K = 1 }, ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"], null),
    };

    [Theory]
    [MemberData(nameof(Models))]
    public void ReferenceLlama_must_have_the_gradients_of_its_loss_when_compared_with_differences(string name)
    {
        var (dims, biases, documents) = TinyModels[name];
        var parameters = Parameters(dims, biases);
        var model = new ReferenceLlama(dims, parameters);
        var batch = Batch(dims, documents);

        var result = model.Backward(batch);

        double Loss()
        {
            var (sum, count) = model.Loss(batch);
            return sum / count;
        }

        Assert.Equal(parameters.Keys.Order(StringComparer.Ordinal), result.Gradients.Keys.Order(StringComparer.Ordinal));
        foreach (var (key, gradient) in result.Gradients)
        {
            if (key.EndsWith("k_proj.bias", StringComparison.Ordinal))
            {
                // Rotary keeps a key bias from cancelling in the softmax, but at these sizes parts of it nearly do: compare absolutely.
                var expected = FiniteDifference.Gradient(parameters[key], Loss);
                Assert.All(gradient.Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 1e-8));
                continue;
            }

            FiniteDifference.Require(gradient, parameters[key], Loss, key);
        }
    }

    [Fact]
    public void ReferenceLlama_must_count_only_labelled_rows()
    {
        var batch = Batch(Plain, null);
        var (_, count) = new ReferenceLlama(Plain, Parameters(Plain, [])).Loss(batch);
        Assert.Equal(batch.Ids.Length - 1, count);
    }

    [Fact]
    public void ReferenceLlama_must_give_packed_documents_the_logits_they_have_alone()
    {
        var parameters = Parameters(Plain, []);
        var model = new ReferenceLlama(Plain, parameters);
        // Equal angles everywhere: rotary then does not tell positions apart, and only the mask can.
        double[] Same(double value, int tokens) => [.. Enumerable.Repeat(value, tokens * Plain.H / 2)];
        ReferenceBatch Sequence(int[] ids, long[]? documents) => new(1, ids, new int[ids.Length], Same(1, ids.Length), Same(0, ids.Length), documents);

        var packed = model.Logits(Sequence([3, 1, 4, 1, 5], [0, 3]));
        var first = model.Logits(Sequence([3, 1, 4], null));
        var second = model.Logits(Sequence([1, 5], null));

        Assert.All(packed.Zip(first.Concat(second)), pair => Assert.Equal(pair.Second, pair.First, 1e-13));
    }

    private static ReferenceBatch Batch(ReferenceLlamaDims dims, long[]? documents)
    {
        const int batch = 2, tokens = 5;
        var noise = new Noise(8);
        var angles = noise.Normal(tokens * dims.H / 2);
        var labels = noise.Integers(batch * tokens, dims.V);
        labels[3] = ReferenceCrossEntropy.Unlabelled;
        return new ReferenceBatch(batch, noise.Integers(batch * tokens, dims.V), labels, Array.ConvertAll(angles, Math.Cos),
            Array.ConvertAll(angles, Math.Sin), documents);
    }

    private static Dictionary<string, double[]> Parameters(ReferenceLlamaDims dims, string[] biases)
    {
        var noise = new Noise(9);
        var parameters = new Dictionary<string, double[]> { ["model.embed_tokens.weight"] = noise.Normal(dims.V * dims.D) };
        for (var layer = 0; layer < dims.L; layer++)
        {
            var name = $"model.layers.{layer}.";
            void Add(string key, int outputs, int inputs)
            {
                parameters[name + key + ".weight"] = noise.Normal(outputs * inputs, 0.5);
                if (biases.Contains(key))
                {
                    parameters[name + key + ".bias"] = noise.Normal(outputs);
                }
            }

            parameters[name + "input_layernorm.weight"] = noise.Normal(dims.D);
            Add("self_attn.q_proj", dims.N * dims.H, dims.D);
            Add("self_attn.k_proj", dims.K * dims.H, dims.D);
            Add("self_attn.v_proj", dims.K * dims.H, dims.D);
            Add("self_attn.o_proj", dims.D, dims.N * dims.H);
            parameters[name + "post_attention_layernorm.weight"] = noise.Normal(dims.D);
            Add("mlp.gate_proj", dims.F, dims.D);
            Add("mlp.up_proj", dims.F, dims.D);
            Add("mlp.down_proj", dims.D, dims.F);
        }

        parameters["model.norm.weight"] = noise.Normal(dims.D);
        if (!dims.TiedHead)
        {
            parameters["lm_head.weight"] = noise.Normal(dims.V * dims.D);
        }

        return parameters;
    }
}
