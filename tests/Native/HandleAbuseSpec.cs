namespace ActorRing.Native.Specs;

/// <summary>Contexts and buffers, misused.</summary>
public unsafe class HandleAbuseSpec
{
    public static TheoryData<string> Libraries => RawLibrary.Built;

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Context_must_not_be_created_when_options_are_wrong(string file)
    {
        var library = RawLibrary.Load(file);
        var cases = new (string What, NativeContextOptions Options, NativeStatus Status)[]
        {
            ("no threads", new() { ThreadCount = 0 }, NativeStatus.InvalidArgument),
            ("negative threads", new() { ThreadCount = -1 }, NativeStatus.InvalidArgument),
            ("a billion threads", new() { ThreadCount = 1_000_000_000 }, NativeStatus.InvalidArgument),
            ("an unknown device", new() { ThreadCount = 1, Device = 7 }, NativeStatus.InvalidArgument),
            ("a negative device index", new() { ThreadCount = 1, DeviceIndex = -1 }, NativeStatus.InvalidArgument),
            ("a second CPU", new() { ThreadCount = 1, DeviceIndex = 1 }, NativeStatus.Unsupported),
            ("a GPU far away", new() { ThreadCount = 1, Device = 1, DeviceIndex = 4096 }, NativeStatus.Unsupported),
            ("an unknown instruction set", new() { ThreadCount = 1, InstructionSet = 6 }, NativeStatus.InvalidArgument),
            ("a negative instruction set", new() { ThreadCount = 1, InstructionSet = -1 }, NativeStatus.InvalidArgument),
        };
        foreach (var (what, asked, status) in cases)
        {
            var options = asked;
            nint context = 12345;
            library.RequireFailure(status, library.Table.ContextCreate(&options, &context), what);
            Assert.Equal(12345, context);
        }

        nint untouched;
        var valid = new NativeContextOptions { ThreadCount = 1 };
        library.RequireFailure(NativeStatus.InvalidArgument, library.Table.ContextCreate(null, &untouched), "no options");
        library.RequireFailure(NativeStatus.InvalidArgument, library.Table.ContextCreate(&valid, null), "nowhere to put the context");
    }

    [Fact]
    public void Context_must_not_be_created_when_a_thread_cannot_be_pinned()
    {
        var library = RawLibrary.Load("libar_cpu.so");
        var cpus = stackalloc int[] { 0, -7, 100_000 };
        for (var threads = 2; threads <= 3; threads++)
        {
            var options = new NativeContextOptions { ThreadCount = threads, Cpus = cpus };
            nint context = 12345;
            library.RequireFailure(NativeStatus.InvalidArgument, library.Table.ContextCreate(&options, &context), "an impossible processor");
            Assert.Equal(12345, context);
        }
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Context_functions_must_refuse_null(string file)
    {
        var library = RawLibrary.Load(file);
        NativeContextInfo info;
        nint buffer = 12345;
        double number = 12345;
        long bytes = 12345;
        library.RequireFailure(NativeStatus.InvalidArgument, library.Table.ContextQuery(0, &info), "query without context");
        library.RequireFailure(NativeStatus.InvalidArgument, library.Table.ContextSynchronize(0), "synchronize without context");
        library.RequireFailure(NativeStatus.InvalidArgument, library.Table.ContextNoop(0), "noop without context");
        library.RequireFailure(NativeStatus.InvalidArgument, library.Table.ContextMeasurePeak(0, 0, 0.1, &number), "peak without context");
        library.RequireFailure(NativeStatus.InvalidArgument, library.Table.BufferCreate(0, 64, &buffer), "buffer without context");
        library.RequireFailure(NativeStatus.InvalidArgument, library.Table.BufferWrite(0, 0, 0, &number, 8), "write without context");
        library.RequireFailure(NativeStatus.InvalidArgument, library.Table.BufferRead(0, 0, 0, &number, 8), "read without context");
        library.RequireFailure(NativeStatus.InvalidArgument, library.ByteCount(0, &bytes), "size of no buffer");
        Assert.Equal((12345, 12345.0, 12345), (buffer, number, bytes));
        Assert.Equal(NativeStatus.Ok, library.Table.ContextFree(0));
        Assert.Equal(NativeStatus.Ok, library.Table.BufferFree(0));

        using var bench = new RawBench(library);
        var some = bench.CreateBuffer(64);
        library.RequireFailure(NativeStatus.InvalidArgument, library.Table.ContextQuery(bench.Context, null), "query to nowhere");
        library.RequireFailure(NativeStatus.InvalidArgument, library.Table.ContextMeasurePeak(bench.Context, 0, 0.1, null), "peak to nowhere");
        library.RequireFailure(NativeStatus.InvalidArgument, library.Table.BufferCreate(bench.Context, 64, null), "buffer to nowhere");
        library.RequireFailure(NativeStatus.InvalidArgument, library.Table.BufferWrap(bench.Context, &number, 8, null), "wrapped buffer to nowhere");
        library.RequireFailure(NativeStatus.InvalidArgument, library.Table.BufferWrap(bench.Context, null, 8, &buffer), "nothing wrapped");
        library.RequireFailure(NativeStatus.InvalidArgument, library.Table.BufferWrap(bench.Context, &number, 0, &buffer), "0 bytes wrapped");
        library.RequireFailure(NativeStatus.InvalidArgument, library.Table.BufferWrap(0, &number, 8, &buffer), "wrapped without context");
        library.RequireFailure(NativeStatus.InvalidArgument, library.Table.BufferHostAddress(some, null), "address to nowhere");
        library.RequireFailure(NativeStatus.InvalidArgument, library.Table.BufferFileDescriptor(some, null), "descriptor to nowhere");
        library.RequireFailure(NativeStatus.InvalidArgument, library.ByteCount(some, null), "size to nowhere");
        library.RequireFailure(NativeStatus.InvalidArgument, library.Table.BufferRead(bench.Context, some, 0, null, 8), "read to nowhere");
        library.RequireFailure(NativeStatus.InvalidArgument, library.Table.BufferWrite(bench.Context, some, 0, null, 8), "write from nowhere");
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void MeasurePeak_must_refuse_types_and_times_that_make_no_sense(string file)
    {
        using var bench = new RawBench(RawLibrary.Load(file));
        double gigaflops = 12345;
        foreach (var (type, seconds) in new[] { (2, 0.1), (3, 0.1), (-1, 0.1), (99, 0.1), (0, 0.0), (0, -1.0), (0, 61.0), (0, double.NaN),
            (0, double.PositiveInfinity) })
        {
            bench.Library.RequireFailure(NativeStatus.InvalidArgument, bench.Table.ContextMeasurePeak(bench.Context, type, seconds, &gigaflops),
                $"type {type} for {seconds} s");
        }

        Assert.Equal(12345, gigaflops);
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Buffer_must_not_be_created_when_the_size_is_impossible(string file)
    {
        using var bench = new RawBench(RawLibrary.Load(file));
        nint buffer = 12345;
        foreach (var bytes in new[] { 0, -1, long.MinValue, long.MaxValue })
        {
            var status = bytes > 0 ? NativeStatus.OutOfMemory : NativeStatus.InvalidArgument;
            bench.Library.RequireFailure(status, bench.Table.BufferCreate(bench.Context, bytes, &buffer), $"{bytes} bytes");
        }

        Assert.Equal(12345, buffer);
        Assert.Equal(0, bench.Query().BufferBytes);
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Buffer_must_refuse_to_copy_what_lies_beyond_it(string file)
    {
        using var bench = new RawBench(RawLibrary.Load(file));
        var buffer = bench.CreateBuffer(64);
        var host = stackalloc byte[64];
        new Span<byte>(host, 64).Fill(7);
        var beyond = new[] { (0L, 65L), (64L, 1L), (1L, 64L), (-1L, 2L), (0L, -1L), (long.MaxValue, 1L), (1L, long.MaxValue),
            (long.MaxValue, long.MaxValue), (long.MinValue, 1L), (65L, 0L) };
        foreach (var (offset, count) in beyond)
        {
            bench.Library.RequireFailure(NativeStatus.InvalidArgument, bench.Table.BufferWrite(bench.Context, buffer, offset, host, count),
                $"write {offset} + {count}");
            bench.Library.RequireFailure(NativeStatus.InvalidArgument, bench.Table.BufferRead(bench.Context, buffer, offset, host, count),
                $"read {offset} + {count}");
        }

        Assert.Equal(new byte[64], bench.Snapshot());
        Assert.Equal(Enumerable.Repeat((byte)7, 64), new ReadOnlySpan<byte>(host, 64).ToArray());
        Assert.Equal(NativeStatus.Ok, bench.Table.BufferRead(bench.Context, buffer, 64, null, 0));
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Handle_must_be_freed_once_only(string file)
    {
        var library = RawLibrary.Load(file);
        var options = new NativeContextOptions { ThreadCount = 2 };
        nint context, buffer;
        Assert.Equal(NativeStatus.Ok, library.Table.ContextCreate(&options, &context));
        Assert.Equal(NativeStatus.Ok, library.Table.BufferCreate(context, 64, &buffer));

        Assert.Equal(NativeStatus.Ok, library.Table.ContextFree(context));
        library.RequireFailure(NativeStatus.InvalidArgument, library.Table.ContextFree(context), "a context freed twice");

        void* address;
        Assert.Equal(NativeStatus.Ok, library.Table.BufferHostAddress(buffer, &address));
        Assert.Equal(NativeStatus.Ok, library.Table.BufferFree(buffer));
        library.RequireFailure(NativeStatus.InvalidArgument, library.Table.BufferFree(buffer), "a buffer freed twice");
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Handle_must_be_refused_when_it_is_of_the_other_kind(string file)
    {
        using var bench = new RawBench(RawLibrary.Load(file));
        var buffer = bench.CreateBuffer(64);
        bench.Library.RequireFailure(NativeStatus.InvalidArgument, bench.Table.ContextNoop(buffer), "a buffer as context");
        long bytes = 12345;
        bench.Library.RequireFailure(NativeStatus.InvalidArgument, bench.Library.ByteCount(bench.Context, &bytes), "a context as buffer");
        Assert.Equal(12345, bytes);
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Handle_must_be_refused_when_it_was_never_created(string file)
    {
        var library = RawLibrary.Load(file);
        var nothing = stackalloc byte[256];
        new Span<byte>(nothing, 256).Clear();
        library.RequireFailure(NativeStatus.InvalidArgument, library.Table.ContextFree((nint)nothing), "free of a stranger");
        library.RequireFailure(NativeStatus.InvalidArgument, library.Table.BufferFree((nint)nothing), "free of a stranger");
        library.RequireFailure(NativeStatus.InvalidArgument, library.Table.ContextNoop((nint)nothing), "noop on a stranger");
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Buffers_must_be_counted_while_they_live(string file)
    {
        var library = RawLibrary.Load(file);
        using var bench = new RawBench(library);
        nint first, second;
        Assert.Equal(NativeStatus.Ok, library.Table.BufferCreate(bench.Context, 100, &first));
        Assert.Equal(NativeStatus.Ok, library.Table.BufferCreate(bench.Context, 28, &second));
        Assert.Equal(128, bench.Query().BufferBytes);
        Assert.Equal(NativeStatus.Ok, library.Table.BufferFree(first));
        Assert.Equal(28, bench.Query().BufferBytes);
        Assert.Equal(NativeStatus.Ok, library.Table.BufferFree(second));
        Assert.Equal(0, bench.Query().BufferBytes);
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Buffer_must_be_aligned_and_zeroed(string file)
    {
        using var bench = new RawBench(RawLibrary.Load(file));
        var buffer = bench.CreateBuffer(4099);
        void* address;
        Assert.Equal(NativeStatus.Ok, bench.Table.BufferHostAddress(buffer, &address));
        Assert.Equal(0, (nint)address % 64);
        Assert.Equal(new byte[4099], bench.Snapshot());
    }
}
