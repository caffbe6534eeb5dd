using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace ActorRing.Native.Specs;

/// <summary>The header, what the libraries export, and the managed mirrors of its structs, held against each other by the C compiler itself.</summary>
public sealed partial class HeaderSpec : IDisposable
{
    private static readonly string Include = Path.Combine(SourceTree.Root, "src", "Native", "include");

    private readonly DirectoryInfo _work = Directory.CreateTempSubdirectory("actorring-header-");

    public static TheoryData<string> Libraries => RawLibrary.Built;

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Library_must_export_exactly_what_the_header_declares(string file)
    {
        var declared = Declaration().Matches(File.ReadAllText(Path.Combine(Include, "actorring.h"))).Select(match => match.Groups["name"].Value).ToArray();
        Assert.True(declared.Length > 30, $"only {declared.Length} declarations found");
        Assert.Equal(declared.Order(StringComparer.Ordinal), ElfExports.Of(RawLibrary.Load(file).Path).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("c99")]
    [InlineData("c11")]
    public void Header_must_compile_as_plain_c_without_a_warning(string standard)
    {
        Write("use.c", "#include \"actorring.h\"\nint main(void) { return AR_ABI_VERSION - 1; }\n");
        Run("cc", $"-std={standard}", "-Wall", "-Wextra", "-Wstrict-prototypes", "-pedantic", "-Werror", "-fsyntax-only", "-I", Include, "use.c");
    }

    [Fact]
    public void Header_must_compile_as_cpp_without_a_warning()
    {
        Write("use.cpp", "#include \"actorring.h\"\nint main() { return AR_ABI_VERSION - 1; }\n");
        Run("c++", "-std=c++17", "-Wall", "-Wextra", "-pedantic", "-Werror", "-fsyntax-only", "-I", Include, "use.cpp");
    }

    [Fact]
    public unsafe void Managed_structs_must_lie_in_memory_as_the_c_compiler_lays_them_out()
    {
        NativeTensor tensor;
        NativeContextOptions options;
        NativeContextInfo info;
        NativeAttentionMask mask;
        NativeAdamWOptions update;
        var managed = new (string C, long Value)[]
        {
            ("sizeof(ar_tensor)", sizeof(NativeTensor)),
            ("offsetof(ar_tensor, buffer)", Offset(&tensor, &tensor.Buffer)),
            ("offsetof(ar_tensor, offset_bytes)", Offset(&tensor, &tensor.OffsetBytes)),
            ("offsetof(ar_tensor, dtype)", Offset(&tensor, &tensor.Type)),
            ("offsetof(ar_tensor, rank)", Offset(&tensor, &tensor.Rank)),
            ("offsetof(ar_tensor, shape)", Offset(&tensor, &tensor.Shape)),
            ("offsetof(ar_tensor, stride)", Offset(&tensor, &tensor.Stride)),
            ("sizeof(ar_context_options)", sizeof(NativeContextOptions)),
            ("offsetof(ar_context_options, device)", Offset(&options, &options.Device)),
            ("offsetof(ar_context_options, device_index)", Offset(&options, &options.DeviceIndex)),
            ("offsetof(ar_context_options, thread_count)", Offset(&options, &options.ThreadCount)),
            ("offsetof(ar_context_options, isa)", Offset(&options, &options.InstructionSet)),
            ("offsetof(ar_context_options, cpus)", Offset(&options, &options.Cpus)),
            ("sizeof(ar_context_info)", sizeof(NativeContextInfo)),
            ("offsetof(ar_context_info, isa)", Offset(&info, &info.InstructionSet)),
            ("offsetof(ar_context_info, thread_count)", Offset(&info, &info.ThreadCount)),
            ("offsetof(ar_context_info, buffer_bytes)", Offset(&info, &info.BufferBytes)),
            ("offsetof(ar_context_info, scratch_bytes)", Offset(&info, &info.ScratchBytes)),
            ("offsetof(ar_context_info, name)", Offset(&info, info.Name)),
            ("sizeof(ar_attention_mask)", sizeof(NativeAttentionMask)),
            ("offsetof(ar_attention_mask, causal)", Offset(&mask, &mask.Causal)),
            ("offsetof(ar_attention_mask, reserved)", Offset(&mask, &mask.Reserved)),
            ("offsetof(ar_attention_mask, q_position)", Offset(&mask, &mask.QueryPosition)),
            ("offsetof(ar_attention_mask, q_step)", Offset(&mask, &mask.QueryStep)),
            ("offsetof(ar_attention_mask, k_position)", Offset(&mask, &mask.KeyPosition)),
            ("offsetof(ar_attention_mask, k_step)", Offset(&mask, &mask.KeyStep)),
            ("offsetof(ar_attention_mask, window)", Offset(&mask, &mask.Window)),
            ("offsetof(ar_attention_mask, sink)", Offset(&mask, &mask.Sink)),
            ("offsetof(ar_attention_mask, document_starts)", Offset(&mask, &mask.DocumentStarts)),
            ("offsetof(ar_attention_mask, document_count)", Offset(&mask, &mask.DocumentCount)),
            ("offsetof(ar_attention_mask, block_row_offsets)", Offset(&mask, &mask.BlockRowOffsets)),
            ("offsetof(ar_attention_mask, block_columns)", Offset(&mask, &mask.BlockColumns)),
            ("offsetof(ar_attention_mask, block_row_count)", Offset(&mask, &mask.BlockRowCount)),
            ("offsetof(ar_attention_mask, block_size)", Offset(&mask, &mask.BlockSize)),
            ("sizeof(ar_adamw_options)", sizeof(NativeAdamWOptions)),
            ("offsetof(ar_adamw_options, learning_rate)", Offset(&update, &update.LearningRate)),
            ("offsetof(ar_adamw_options, beta1)", Offset(&update, &update.Beta1)),
            ("offsetof(ar_adamw_options, beta2)", Offset(&update, &update.Beta2)),
            ("offsetof(ar_adamw_options, epsilon)", Offset(&update, &update.Epsilon)),
            ("offsetof(ar_adamw_options, weight_decay)", Offset(&update, &update.WeightDecay)),
            ("offsetof(ar_adamw_options, gradient_scale)", Offset(&update, &update.GradientScale)),
            ("offsetof(ar_adamw_options, step)", Offset(&update, &update.Step)),
            ("sizeof(ar_status)", sizeof(NativeStatus)),
            ("AR_ABI_VERSION", NativeLibraryTable.ExpectedAbiVersion),
            ("AR_OK", (int)NativeStatus.Ok),
            ("AR_INVALID_ARGUMENT", (int)NativeStatus.InvalidArgument),
            ("AR_OUT_OF_MEMORY", (int)NativeStatus.OutOfMemory),
            ("AR_TIMEOUT", (int)NativeStatus.Timeout),
            ("AR_INTERNAL", (int)NativeStatus.Internal),
            ("AR_UNSUPPORTED", (int)NativeStatus.Unsupported),
            ("AR_FLOAT32", (int)ElementType.Float32),
            ("AR_BFLOAT16", (int)ElementType.BFloat16),
            ("AR_INT32", (int)ElementType.Int32),
            ("AR_INT64", (int)ElementType.Int64),
            ("AR_ISA_AUTO", (int)InstructionSet.Auto),
            ("AR_ISA_PORTABLE", (int)InstructionSet.Portable),
            ("AR_ISA_AVX2", (int)InstructionSet.Avx2),
            ("AR_ISA_AVX512", (int)InstructionSet.Avx512),
            ("AR_ISA_AVX512_BF16", (int)InstructionSet.Avx512BFloat16),
            ("AR_ISA_AVX512_BF16_EMULATED", (int)InstructionSet.Avx512BFloat16Emulated),
            ("AR_MAX_POSITION", AttentionAbuseSpec.MaxPosition),
            ("AR_MAX_POSITION_STEP", AttentionAbuseSpec.MaxStep),
            ("AR_MAX_BLOCK_TOKENS", AttentionAbuseSpec.MaxTokens),
            ("AR_ATTENTION_FIRST", (int)AttentionPart.First),
            ("AR_ATTENTION_LAST", (int)AttentionPart.Last),
        };

        // The C compiler checks each number as a constant: nothing has to run, and a wrong one is named in its message.
        var asserts = managed.Select(entry => $"_Static_assert({entry.C} == {entry.Value}, \"{entry.C} is not {entry.Value}\");");
        Write("layout.c", $"#include <stddef.h>\n#include \"actorring.h\"\n{string.Join('\n', asserts)}\n");
        Run("cc", "-std=c11", "-fsyntax-only", "-I", Include, "layout.c");
    }

    [Fact]
    public void Layout_check_must_notice_when_a_number_is_wrong()
    {
        Write("layout.c", "#include \"actorring.h\"\n_Static_assert(sizeof(ar_tensor) == 87, \"a wrong size\");\n");
        var failure = Assert.ThrowsAny<Exception>(() => Run("cc", "-std=c11", "-fsyntax-only", "-I", Include, "layout.c"));
        Assert.Contains("a wrong size", failure.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _work.Delete(recursive: true);

    private static unsafe long Offset(void* start, void* field) => (byte*)field - (byte*)start;

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_work.FullName, name), text);

    private void Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = _work.FullName, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0 && errors.Length == 0, $"{program} {string.Join(' ', arguments)}: {errors}");
    }

    [GeneratedRegex(@"^AR_API\b[^;(]*?\b(?<name>ar_\w+)\(", RegexOptions.Multiline)]
    private static partial Regex Declaration();
}
