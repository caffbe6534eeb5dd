using ActorRing.Compute.Checkpoints.HuggingFace;
using ActorRing.Compute.Checkpoints.Safetensors;
using ActorRing.Compute.Model;
using ActorRing.Compute.Model.Config;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.Model;

public class ModelWeightsSpec
{
    public static TheoryData<string> Models => new(TinyModels.All.Keys);

    [Theory]
    [MemberData(nameof(Models))]
    public void Layout_must_hold_exactly_the_parameters_of_the_config(string model)
    {
        var config = TinyModels.All[model];

        var slots = new ParameterLayout(ModelDims.Of(config)).Slots.Select(slot => (slot.Name, string.Join('x', slot.Shape))).Order();
        var expected = ParameterNames.Of(config).Select(parameter => (parameter.Name, string.Join('x', parameter.Shape))).Order();

        Assert.Equal(expected, slots);
    }

    [Fact]
    public void Layout_must_not_let_parameters_overlap()
    {
        var layout = new ParameterLayout(ModelDims.Of(TinyModels.All["biased"]));

        var end = 0L;
        foreach (var slot in layout.Slots.OrderBy(slot => slot.Offset))
        {
            Assert.True(slot.Offset >= end, $"{slot.Name} starts at {slot.Offset}, the one before ends at {end}");
            end = slot.Offset + slot.Count;
        }

        Assert.True(layout.Count >= end);
        Assert.All(layout.Slots, slot => Assert.Equal(slot.Shape.Count == 2, slot.Offset < layout.MatrixCount));
    }

    [Theory]
    [InlineData(SafetensorsDtype.F32, "llama")]
    [InlineData(SafetensorsDtype.BF16, "tied")]
    [InlineData(SafetensorsDtype.F16, "biased")]
    public void Loading_and_exporting_must_give_the_same_bytes(SafetensorsDtype dtype, string model)
    {
        using var device = NativeBackend.LoadCpu().Open(1);
        var config = TinyModels.All[model] with { Dtype = dtype };
        var root = Directory.CreateTempSubdirectory("actorring-spec-").FullName;
        try
        {
            using (var parameters = new Parameters(device, ModelDims.Of(config), ElementType.Float32))
            {
                Initialization.Fill(parameters, seed: 7, standardDeviation: 0.02);
                ModelWeights.Export(Path.Combine(root, "first"), config, parameters);
            }

            using (var folder = HfModelFolder.Open(Path.Combine(root, "first")))
            using (var parameters = new Parameters(device, ModelDims.Of(folder.Config), ElementType.BFloat16))
            {
                ModelWeights.Load(folder, parameters);
                ModelWeights.Export(Path.Combine(root, "second"), folder.Config, parameters);
            }

            foreach (var file in Directory.GetFiles(Path.Combine(root, "first")))
            {
                Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(root, "second", Path.GetFileName(file))));
            }
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    [Fact]
    public void Fresh_weights_must_be_a_function_of_the_seed_and_have_the_asked_for_deviation()
    {
        using var device = NativeBackend.LoadCpu().Open(1);
        float[] Weights(ulong seed)
        {
            using var parameters = new Parameters(device, ModelDims.Of(TinyModels.Llama()), ElementType.Float32);
            Initialization.Fill(parameters, seed, standardDeviation: 0.02);
            var slot = parameters.Layout.Slots.Single(slot => slot.Name == "model.layers.1.mlp.up_proj.weight");
            var values = new float[slot.Count];
            device.Read<float>(parameters.Master.Of(slot), values);
            return values;
        }

        var weights = Weights(3);

        Assert.Equal(weights, Weights(3));
        Assert.NotEqual(weights, Weights(4));
        Assert.Equal(0.02, Math.Sqrt(weights.Average(value => (double)value * value)), 0.001);
        Assert.Equal(0, weights.Average(), 0.002);
    }
}
