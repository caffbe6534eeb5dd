using System.Runtime.InteropServices;

namespace ActorRing.Native;

/// <summary>The functions of one native library, in the order and with the names of <c>actorring.h</c>; one instance per loaded backend.</summary>
/// <remarks>Function pointers rather than imports, because libar_cpu and libar_torch export the same names and may serve one process side by side.</remarks>
internal sealed unsafe class NativeLibraryTable
{
    internal const int ExpectedAbiVersion = 1;

    internal readonly delegate* unmanaged<NativeContextOptions*, nint*, NativeStatus> ContextCreate;
    internal readonly delegate* unmanaged<nint, NativeStatus> ContextFree;
    internal readonly delegate* unmanaged<nint, NativeContextInfo*, NativeStatus> ContextQuery;
    internal readonly delegate* unmanaged<nint, NativeStatus> ContextSynchronize;
    internal readonly delegate* unmanaged<nint, NativeStatus> ContextNoop;
    internal readonly delegate* unmanaged<nint, int, double, double*, NativeStatus> ContextMeasurePeak;

    internal readonly delegate* unmanaged<nint, long, nint*, NativeStatus> BufferCreate;
    internal readonly delegate* unmanaged<nint, void*, long, nint*, NativeStatus> BufferWrap;
    internal readonly delegate* unmanaged<nint, NativeStatus> BufferFree;
    internal readonly delegate* unmanaged<nint, void**, NativeStatus> BufferHostAddress;
    internal readonly delegate* unmanaged<nint, int*, NativeStatus> BufferFileDescriptor;
    internal readonly delegate* unmanaged<nint, nint, long, void*, long, NativeStatus> BufferWrite;
    internal readonly delegate* unmanaged<nint, nint, long, void*, long, NativeStatus> BufferRead;

    internal readonly delegate* unmanaged<nint, double, NativeTensor*, NativeStatus> Fill;
    internal readonly delegate* unmanaged<nint, NativeTensor*, NativeTensor*, NativeStatus> Copy;
    internal readonly delegate* unmanaged<nint, double, NativeTensor*, NativeTensor*, NativeStatus> Add;
    internal readonly delegate* unmanaged<nint, NativeTensor*, double*, NativeStatus> SquareSum;

    internal readonly delegate* unmanaged<nint, NativeTensor*, NativeTensor*, NativeTensor*, int, NativeTensor*, NativeStatus> LinearForward;
    internal readonly delegate* unmanaged<nint, NativeTensor*, NativeTensor*, int, NativeTensor*, NativeStatus> LinearBackwardInput;
    internal readonly delegate* unmanaged<nint, NativeTensor*, NativeTensor*, int, NativeTensor*, NativeTensor*, NativeStatus> LinearBackwardWeight;

    internal readonly delegate* unmanaged<nint, NativeTensor*, NativeTensor*, NativeTensor*, NativeStatus> EmbeddingForward;
    internal readonly delegate* unmanaged<nint, NativeTensor*, NativeTensor*, NativeTensor*, NativeStatus> EmbeddingBackward;
    internal readonly delegate* unmanaged<nint, NativeTensor*, NativeTensor*, double, NativeTensor*, NativeTensor*, NativeStatus> RmsNormForward;
    internal readonly delegate* unmanaged<nint, NativeTensor*, NativeTensor*, NativeTensor*, NativeTensor*, int, NativeTensor*, NativeTensor*, NativeStatus> RmsNormBackward;
    internal readonly delegate* unmanaged<nint, NativeTensor*, NativeTensor*, NativeTensor*, int, NativeTensor*, NativeStatus> Rotary;
    internal readonly delegate* unmanaged<nint, NativeTensor*, NativeTensor*, NativeStatus> SwiGluForward;
    internal readonly delegate* unmanaged<nint, NativeTensor*, NativeTensor*, NativeTensor*, NativeTensor*, NativeStatus> SwiGluBackward;

    internal readonly delegate* unmanaged<nint, NativeTensor*, NativeTensor*, NativeTensor*, NativeAttentionMask*, double, int, NativeTensor*, NativeTensor*, NativeTensor*, NativeTensor*, NativeTensor*, NativeStatus> AttentionForward;
    internal readonly delegate* unmanaged<nint, NativeTensor*, NativeTensor*, NativeTensor*, NativeTensor*, NativeTensor*, NativeTensor*, NativeStatus> AttentionMerge;
    internal readonly delegate* unmanaged<nint, NativeTensor*, NativeTensor*, NativeTensor*, NativeTensor*, NativeTensor*, NativeStatus> AttentionFinish;
    internal readonly delegate* unmanaged<nint, NativeTensor*, NativeTensor*, NativeTensor*, NativeStatus> AttentionDelta;
    internal readonly delegate* unmanaged<nint, NativeTensor*, NativeTensor*, NativeTensor*, NativeTensor*, NativeTensor*, NativeTensor*, NativeAttentionMask*, double, int, NativeTensor*, NativeTensor*, NativeTensor*, NativeStatus> AttentionBackward;
    internal readonly delegate* unmanaged<nint, NativeTensor*, NativeTensor*, long*, NativeStatus> AttentionScratchBytes;

    internal readonly delegate* unmanaged<nint, NativeTensor*, NativeTensor*, NativeTensor*, double, NativeTensor*, NativeTensor*, NativeTensor*, double*, long*, NativeStatus> LmHeadCrossEntropy;
    internal readonly delegate* unmanaged<nint, NativeTensor*, NativeTensor*, long*, NativeStatus> LmHeadScratchBytes;

    internal readonly delegate* unmanaged<nint, NativeAdamWOptions*, NativeTensor*, NativeTensor*, NativeTensor*, NativeTensor*, NativeTensor*, NativeStatus> AdamW;

    private readonly delegate* unmanaged<byte*> _lastError;

    /// <summary>Loads a library once; the runtime keeps it for the life of the process.</summary>
    /// <exception cref="BackendUnavailableException">The file is missing, cannot be loaded, or speaks another version of the contract.</exception>
    internal NativeLibraryTable(string path)
    {
        if (!NativeLibrary.TryLoad(path, out var library))
        {
            throw new BackendUnavailableException($"{Path.GetFileName(path)} is missing or cannot be loaded");
        }

        nint Export(string name) => NativeLibrary.TryGetExport(library, name, out var address)
            ? address
            : throw new BackendUnavailableException($"{Path.GetFileName(path)} has no {name}: it was built from another version");

        var version = ((delegate* unmanaged<int>)Export("ar_abi_version"))();
        if (version != ExpectedAbiVersion)
        {
            throw new BackendUnavailableException($"{Path.GetFileName(path)} has ABI version {version}, expected {ExpectedAbiVersion}");
        }

        Name = Marshal.PtrToStringUTF8((nint)((delegate* unmanaged<byte*>)Export("ar_backend_name"))()) ?? "";
        _lastError = (delegate* unmanaged<byte*>)Export("ar_last_error");

        ContextCreate = (delegate* unmanaged<NativeContextOptions*, nint*, NativeStatus>)Export("ar_context_create");
        ContextFree = (delegate* unmanaged<nint, NativeStatus>)Export("ar_context_free");
        ContextQuery = (delegate* unmanaged<nint, NativeContextInfo*, NativeStatus>)Export("ar_context_query");
        ContextSynchronize = (delegate* unmanaged<nint, NativeStatus>)Export("ar_context_synchronize");
        ContextNoop = (delegate* unmanaged<nint, NativeStatus>)Export("ar_context_noop");
        ContextMeasurePeak = (delegate* unmanaged<nint, int, double, double*, NativeStatus>)Export("ar_context_measure_peak");

        BufferCreate = (delegate* unmanaged<nint, long, nint*, NativeStatus>)Export("ar_buffer_create");
        BufferWrap = (delegate* unmanaged<nint, void*, long, nint*, NativeStatus>)Export("ar_buffer_wrap");
        BufferFree = (delegate* unmanaged<nint, NativeStatus>)Export("ar_buffer_free");
        BufferHostAddress = (delegate* unmanaged<nint, void**, NativeStatus>)Export("ar_buffer_host_address");
        BufferFileDescriptor = (delegate* unmanaged<nint, int*, NativeStatus>)Export("ar_buffer_file_descriptor");
        BufferWrite = (delegate* unmanaged<nint, nint, long, void*, long, NativeStatus>)Export("ar_buffer_write");
        BufferRead = (delegate* unmanaged<nint, nint, long, void*, long, NativeStatus>)Export("ar_buffer_read");

        Fill = (delegate* unmanaged<nint, double, NativeTensor*, NativeStatus>)Export("ar_fill");
        Copy = (delegate* unmanaged<nint, NativeTensor*, NativeTensor*, NativeStatus>)Export("ar_copy");
        Add = (delegate* unmanaged<nint, double, NativeTensor*, NativeTensor*, NativeStatus>)Export("ar_add");
        SquareSum = (delegate* unmanaged<nint, NativeTensor*, double*, NativeStatus>)Export("ar_square_sum");

        LinearForward = (delegate* unmanaged<nint, NativeTensor*, NativeTensor*, NativeTensor*, int, NativeTensor*, NativeStatus>)Export("ar_linear_forward");
        LinearBackwardInput = (delegate* unmanaged<nint, NativeTensor*, NativeTensor*, int, NativeTensor*, NativeStatus>)Export("ar_linear_backward_input");
        LinearBackwardWeight = (delegate* unmanaged<nint, NativeTensor*, NativeTensor*, int, NativeTensor*, NativeTensor*, NativeStatus>)Export("ar_linear_backward_weight");

        EmbeddingForward = (delegate* unmanaged<nint, NativeTensor*, NativeTensor*, NativeTensor*, NativeStatus>)Export("ar_embedding_forward");
        EmbeddingBackward = (delegate* unmanaged<nint, NativeTensor*, NativeTensor*, NativeTensor*, NativeStatus>)Export("ar_embedding_backward");
        RmsNormForward = (delegate* unmanaged<nint, NativeTensor*, NativeTensor*, double, NativeTensor*, NativeTensor*, NativeStatus>)Export("ar_rms_norm_forward");
        RmsNormBackward = (delegate* unmanaged<nint, NativeTensor*, NativeTensor*, NativeTensor*, NativeTensor*, int, NativeTensor*, NativeTensor*, NativeStatus>)Export("ar_rms_norm_backward");
        Rotary = (delegate* unmanaged<nint, NativeTensor*, NativeTensor*, NativeTensor*, int, NativeTensor*, NativeStatus>)Export("ar_rotary");
        SwiGluForward = (delegate* unmanaged<nint, NativeTensor*, NativeTensor*, NativeStatus>)Export("ar_swiglu_forward");
        SwiGluBackward = (delegate* unmanaged<nint, NativeTensor*, NativeTensor*, NativeTensor*, NativeTensor*, NativeStatus>)Export("ar_swiglu_backward");

        AttentionForward = (delegate* unmanaged<nint, NativeTensor*, NativeTensor*, NativeTensor*, NativeAttentionMask*, double, int, NativeTensor*, NativeTensor*, NativeTensor*, NativeTensor*, NativeTensor*, NativeStatus>)Export("ar_attention_forward");
        AttentionMerge = (delegate* unmanaged<nint, NativeTensor*, NativeTensor*, NativeTensor*, NativeTensor*, NativeTensor*, NativeTensor*, NativeStatus>)Export("ar_attention_merge");
        AttentionFinish = (delegate* unmanaged<nint, NativeTensor*, NativeTensor*, NativeTensor*, NativeTensor*, NativeTensor*, NativeStatus>)Export("ar_attention_finish");
        AttentionDelta = (delegate* unmanaged<nint, NativeTensor*, NativeTensor*, NativeTensor*, NativeStatus>)Export("ar_attention_delta");
        AttentionBackward = (delegate* unmanaged<nint, NativeTensor*, NativeTensor*, NativeTensor*, NativeTensor*, NativeTensor*, NativeTensor*, NativeAttentionMask*, double, int, NativeTensor*, NativeTensor*, NativeTensor*, NativeStatus>)Export("ar_attention_backward");
        AttentionScratchBytes = (delegate* unmanaged<nint, NativeTensor*, NativeTensor*, long*, NativeStatus>)Export("ar_attention_scratch_bytes");

        LmHeadCrossEntropy = (delegate* unmanaged<nint, NativeTensor*, NativeTensor*, NativeTensor*, double, NativeTensor*, NativeTensor*, NativeTensor*, double*, long*, NativeStatus>)Export("ar_lm_head_cross_entropy");
        LmHeadScratchBytes = (delegate* unmanaged<nint, NativeTensor*, NativeTensor*, long*, NativeStatus>)Export("ar_lm_head_scratch_bytes");

        AdamW = (delegate* unmanaged<nint, NativeAdamWOptions*, NativeTensor*, NativeTensor*, NativeTensor*, NativeTensor*, NativeTensor*, NativeStatus>)Export("ar_adamw");
    }

    /// <summary>"cpu" or "torch".</summary>
    internal string Name { get; }

    /// <summary>Turns a status into the exception a .NET reader expects.</summary>
    internal void Check(NativeStatus status)
    {
        if (status != NativeStatus.Ok)
        {
            Throw(status);
        }
    }

    private void Throw(NativeStatus status)
    {
        var message = Marshal.PtrToStringUTF8((nint)_lastError()) ?? "no message";
        throw status switch
        {
            NativeStatus.InvalidArgument => new ArgumentException(message),
            NativeStatus.OutOfMemory => new InsufficientMemoryException(message),
            NativeStatus.Timeout => new TimeoutException(message),
            NativeStatus.Unsupported => new NotSupportedException(message),
            _ => new NativeException(message),
        };
    }
}
