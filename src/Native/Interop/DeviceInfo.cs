namespace ActorRing.Native;

/// <summary>What a <see cref="ComputeDevice"/> says of itself.</summary>
/// <param name="Name">For example "avx512, 2 threads", or the name of a GPU.</param>
/// <param name="InstructionSet">What <see cref="InstructionSet.Auto"/> became.</param>
/// <param name="ThreadCount">Threads that compute.</param>
/// <param name="BufferBytes">Live bytes in buffers made by this device object.</param>
/// <param name="ScratchBytes">Bytes it holds for its kernels; only grows.</param>
public sealed record DeviceInfo(string Name, InstructionSet InstructionSet, int ThreadCount, long BufferBytes, long ScratchBytes);

/// <summary>One AdamW update's numbers (arXiv:1711.05101).</summary>
/// <param name="LearningRate">Step size.</param>
/// <param name="Beta1">Decay of the first moment, [0, 1).</param>
/// <param name="Beta2">Decay of the second moment, [0, 1).</param>
/// <param name="Epsilon">Added to the root, above 0.</param>
/// <param name="WeightDecay">Decoupled decay per unit of learning rate.</param>
/// <param name="GradientScale">Multiplied into the gradient first.</param>
/// <param name="Step">1 for the first update.</param>
public readonly record struct AdamWUpdate(double LearningRate, double Beta1, double Beta2, double Epsilon, double WeightDecay, double GradientScale, long Step);

/// <summary>A summed loss.</summary>
/// <param name="Sum">Sum of the labelled tokens' losses, nats.</param>
/// <param name="LabelCount">Labelled tokens.</param>
public readonly record struct LossSum(double Sum, long LabelCount);

/// <summary>Where a call stands in a running attention.</summary>
[Flags]
public enum AttentionPart
{
    /// <summary>A block in the middle.</summary>
    Middle = 0,

    /// <summary>The running state starts empty.</summary>
    First = 1,

    /// <summary>The result is finished and written.</summary>
    Last = 2,

    /// <summary>The only block.</summary>
    Whole = First | Last,
}
