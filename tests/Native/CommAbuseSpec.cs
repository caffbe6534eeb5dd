namespace ActorRing.Native.Specs;

/// <summary>Communicators, misused.</summary>
public sealed unsafe class CommAbuseSpec : IDisposable
{
    private static readonly nint Stranger = unchecked((nint)0x7fff_0000_1234);

    private readonly RawComm _raw = new();
    private readonly byte[] _bytes = GC.AllocateArray<byte>(4096, pinned: true);

    private CommLibraryTable Table => _raw.Table;

    public void Dispose() => _raw.Dispose();

    [Fact]
    public void Communicator_must_not_be_created_when_options_are_wrong()
    {
        var cases = new (string What, CommOptions Options, NativeStatus Status)[]
        {
            ("no ranks", new() { Transport = 1 }, NativeStatus.InvalidArgument),
            ("negative ranks", new() { Transport = 1, Size = -4 }, NativeStatus.InvalidArgument),
            ("too many ranks", new() { Transport = 1, Size = 1025 }, NativeStatus.InvalidArgument),
            ("a rank outside the group", new() { Transport = 1, Size = 2, Rank = 2 }, NativeStatus.InvalidArgument),
            ("a negative rank", new() { Transport = 1, Size = 2, Rank = -1 }, NativeStatus.InvalidArgument),
            ("a negative device", new() { Transport = 1, Size = 2, DeviceIndex = -1 }, NativeStatus.InvalidArgument),
            ("an unknown transport", new() { Transport = 4, Size = 2 }, NativeStatus.InvalidArgument),
            ("a negative transport", new() { Transport = -1, Size = 2 }, NativeStatus.InvalidArgument),
        };
        foreach (var (what, asked, status) in cases)
        {
            var options = asked;
            nint comm = 12345;
            _raw.RequireFailure(status, Table.Listen(&options, &comm), what);
            Assert.Equal(12345, comm);
        }

        nint untouched;
        var valid = new CommOptions { Transport = 1, Size = 2 };
        _raw.RequireFailure(NativeStatus.InvalidArgument, Table.Listen(null, &untouched), "no options");
        _raw.RequireFailure(NativeStatus.InvalidArgument, Table.Listen(&valid, null), "nowhere to put the communicator");
        _raw.RequireFailure(NativeStatus.InvalidArgument, Table.LastFailure(null), "nowhere to put the failure");
    }

    [Theory]
    [InlineData(TransportKind.Gloo, "libgloo-dev")]
    [InlineData(TransportKind.Nccl, "libnccl.so.2")]
    public void Transport_that_is_missing_must_be_refused_with_the_name_of_what_to_install(TransportKind transport, string name)
    {
        if (NativeCommunicator.IsAvailable(transport, out var whyNot))
        {
            Assert.Empty(whyNot);
            return;
        }

        Assert.Contains(name, whyNot, StringComparison.Ordinal);
        var options = new CommOptions { Transport = (int)transport, Size = 1 };
        nint comm;
        _raw.RequireFailure(NativeStatus.Unsupported, Table.Listen(&options, &comm), "a transport that is not here");
        Assert.Contains(name, _raw.LastError, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_function_must_refuse_null_and_strangers()
    {
        var counts = stackalloc long[2];
        foreach (var comm in new[] { 0, Stranger, -1 })
        {
            var call = new CommCall { DeadlineMilliseconds = 10 };
            var memory = new CommMemory();
            long operation = 12345;
            int number;
            CommInfo info;
            CommPeerInfo peer;
            void* address;
            var failures = new (string What, NativeStatus Status)[]
            {
                ("endpoint", Table.Endpoint(comm, null, 0, &operation)), ("connect", Table.Connect(comm, &call, counts, 10)), ("abort", Table.Abort(comm, null)),
                ("register", Table.SlabRegister(comm, 0, &call, 8, &operation)), ("unregister", Table.SlabUnregister(comm, 1)),
                ("send", Table.Send(comm, &call, 1, &memory, &operation)), ("receive", Table.Receive(comm, &call, 1, &memory, &operation)),
                ("rotate", Table.Rotate(comm, &call, 1, &memory, 1, &memory, &operation)), ("borrow", Table.Borrow(comm, &call, 1, 0, &operation)),
                ("all-to-all", Table.AllToAll(comm, &call, &memory, counts, &memory, counts, &operation)), ("all-gather", Table.AllGather(comm, &call, &memory, &memory, counts, &operation)),
                ("reduce-scatter", Table.ReduceScatter(comm, &call, &memory, 0, &memory, 0, counts, &operation)), ("all-reduce", Table.AllReduce(comm, &call, &memory, 0, &memory, 0, &operation)),
                ("broadcast", Table.Broadcast(comm, &call, 0, &memory, &operation)), ("barrier", Table.Barrier(comm, &call, &operation)),
                ("wait", Table.Wait(comm, 1)), ("wait borrowed", Table.WaitBorrowed(comm, 1, &address)), ("release", Table.Release(comm, 1)),
                ("is complete", Table.IsComplete(comm, 1, &number)), ("query", Table.Query(comm, &info)), ("peer query", Table.PeerQuery(comm, 0, &peer)),
            };
            Assert.All(failures, failure => Assert.Equal((failure.What, NativeStatus.InvalidArgument), failure));
            Assert.Equal(12345, operation);
            _raw.RequireFailure(NativeStatus.InvalidArgument, Table.Wait(comm, 1), "a stranger");
        }

        Assert.Equal(NativeStatus.Ok, Table.Free(0));
        _raw.RequireFailure(NativeStatus.InvalidArgument, Table.Free(Stranger), "free of a stranger");
    }

    [Fact]
    public void Freed_communicator_must_stay_unknown_when_it_is_used_again()
    {
        var comm = _raw.Listen(0, 1);
        _raw.Forget(comm);
        Assert.Equal(NativeStatus.Ok, Table.Free(comm));
        _raw.RequireFailure(NativeStatus.InvalidArgument, Table.Free(comm), "a second free");
        var again = _raw.Listen(0, 1);
        Assert.NotEqual(comm, again);
        _raw.RequireFailure(NativeStatus.InvalidArgument, Table.Abort(comm, null), "abort after free");
        _raw.RequireFailure(NativeStatus.InvalidArgument, Table.Wait(comm, 1), "wait after free");
    }

    [Fact]
    public void Arguments_of_transfers_must_be_checked_before_anything_is_sent()
    {
        var (zero, one) = _raw.Pair();
        var call = new CommCall { Label = 9, DeadlineMilliseconds = 1000 };
        var late = new CommCall { Label = 9, DeadlineMilliseconds = 0 };
        var good = Memory(64);
        var negative = Memory(-1);
        var nowhere = new CommMemory { Address = 0, ByteCount = 8 };
        var unknownSlab = Memory(64) with { Slab = 65536 };
        var odd = Memory(64) with { Address = Memory(64).Address + 1 };
        var other = Memory(64) with { Address = Memory(64).Address + 1024 };
        var uneven = stackalloc long[] { 40, 30 };
        var below = stackalloc long[] { 72, -8 };
        var halves = stackalloc long[] { 32, 32 };
        long operation = 12345;
        var failures = new (string What, NativeStatus Status)[]
        {
            ("no call", Table.Send(zero, null, 1, &good, &operation)),
            ("no time", Table.Send(zero, &late, 1, &good, &operation)),
            ("no memory", Table.Send(zero, &call, 1, null, &operation)),
            ("nowhere for the operation", Table.Send(zero, &call, 1, &good, null)),
            ("itself", Table.Send(zero, &call, 0, &good, &operation)),
            ("nobody", Table.Send(zero, &call, 2, &good, &operation)),
            ("less than nobody", Table.Receive(zero, &call, -1, &good, &operation)),
            ("negative bytes", Table.Receive(zero, &call, 1, &negative, &operation)),
            ("bytes at null", Table.Receive(zero, &call, 1, &nowhere, &operation)),
            ("unknown slab", Table.Send(zero, &call, 1, &unknownSlab, &operation)),
            ("itself on one side", Table.Rotate(zero, &call, 1, &good, 0, &other, &operation)),
            ("overlap", Table.Rotate(zero, &call, 1, &good, 1, &odd, &operation)),
            ("negative borrow", Table.Borrow(zero, &call, 1, -1, &operation)),
            ("counts that do not add up", Table.AllToAll(zero, &call, &good, uneven, &other, halves, &operation)),
            ("a negative count", Table.AllToAll(zero, &call, &good, below, &other, halves, &operation)),
            ("no counts", Table.AllToAll(zero, &call, &good, null, &other, halves, &operation)),
            ("own part of another size", Table.AllGather(zero, &call, &good, &other, halves, &operation)),
            ("sum of integers", Table.AllReduce(zero, &call, &good, 2, &other, 2, &operation)),
            ("sum into a narrower type", Table.AllReduce(zero, &call, &good, 0, &other, 1, &operation)),
            ("sum of misaligned floats", Table.AllReduce(zero, &call, &odd, 0, &other, 0, &operation)),
            ("an unknown root", Table.Broadcast(zero, &call, 2, &good, &operation)),
            ("an operation that never was", Table.Wait(zero, 77 << 24)),
            ("operation 0", Table.Wait(zero, 0)),
            ("a negative operation", Table.Wait(zero, -1)),
            ("connecting twice", _raw.Connect(zero, [_raw.Endpoint(zero), _raw.Endpoint(one)])),
            ("a peer that is not", Table.PeerQuery(zero, 2, (CommPeerInfo*)&operation)),
        };
        Assert.All(failures, failure => Assert.Equal((failure.What, NativeStatus.InvalidArgument), failure));
        Assert.Equal(12345, operation);

        // Nothing of it broke the pair.
        RequireTransfer(zero, one);
    }

    [Fact]
    public void Operation_must_be_ended_by_its_first_wait()
    {
        var (zero, one) = _raw.Pair();
        var call = new CommCall { DeadlineMilliseconds = RawComm.Patience };
        long first;
        long second;
        _raw.Require(Table.Barrier(zero, &call, &first));
        _raw.Require(Table.Barrier(one, &call, &second));
        _raw.Require(Table.Wait(zero, first));
        _raw.RequireFailure(NativeStatus.InvalidArgument, Table.Wait(zero, first), "a second wait");
        int complete;
        _raw.RequireFailure(NativeStatus.InvalidArgument, Table.IsComplete(zero, first, &complete), "a look after the wait");
        _raw.Require(Table.Wait(one, second));
    }

    [Fact]
    public void Borrow_must_show_the_senders_bytes_and_complete_the_send_only_when_it_is_released()
    {
        var (zero, one) = _raw.Pair();
        var call = new CommCall { DeadlineMilliseconds = RawComm.Patience };
        var source = Memory(4096);
        new Random(1).NextBytes(_bytes);
        long send;
        long borrow;
        _raw.Require(Table.Borrow(one, &call, 0, 4096, &borrow));
        _raw.Require(Table.Send(zero, &call, 1, &source, &send));
        _raw.RequireFailure(NativeStatus.InvalidArgument, Table.Wait(one, borrow), "a plain wait for a borrow");
        void* address;
        _raw.Require(Table.WaitBorrowed(one, borrow, &address));
        Assert.True(new ReadOnlySpan<byte>(address, 4096).SequenceEqual(_bytes));
        int complete;
        _raw.Require(Table.IsComplete(zero, send, &complete));
        Assert.Equal(0, complete);
        _raw.Require(Table.Release(one, borrow));
        _raw.RequireFailure(NativeStatus.InvalidArgument, Table.Release(one, borrow), "a second release");
        _raw.Require(Table.Wait(zero, send));
        _raw.RequireFailure(NativeStatus.InvalidArgument, Table.WaitBorrowed(zero, send, &address), "a borrow that never was");
    }

    [Fact]
    public void Slab_must_be_in_use_until_its_transfers_are_complete()
    {
        using var device = NativeBackend.LoadCpu().Open(1);
        using var buffer = device.CreateBuffer(8192);
        var (zero, one) = _raw.Pair();
        var call = new CommCall { DeadlineMilliseconds = RawComm.Patience };
        long slab;
        _raw.RequireFailure(NativeStatus.InvalidArgument, Table.SlabRegister(zero, -1, (void*)buffer.HostAddress, 8192, &slab), "no descriptor");
        _raw.RequireFailure(NativeStatus.InvalidArgument, Table.SlabRegister(zero, 9999, (void*)buffer.HostAddress, 8192, &slab), "a closed descriptor");
        _raw.RequireFailure(NativeStatus.InvalidArgument, Table.SlabRegister(zero, buffer.SharedDescriptor!.Value, (void*)buffer.HostAddress, 1 << 20, &slab), "more than it holds");
        _raw.RequireFailure(NativeStatus.InvalidArgument, Table.SlabRegister(zero, buffer.SharedDescriptor!.Value, null, 8192, &slab), "no address");
        _raw.Require(Table.SlabRegister(zero, buffer.SharedDescriptor!.Value, (void*)buffer.HostAddress, 8192, &slab));

        var outside = new CommMemory { Address = buffer.HostAddress + 8000, ByteCount = 200, Slab = slab };
        var inside = new CommMemory { Address = buffer.HostAddress + 4096, ByteCount = 4096, Slab = slab };
        long send;
        _raw.RequireFailure(NativeStatus.InvalidArgument, Table.Send(zero, &call, 1, &outside, &send), "bytes beyond the slab");
        _raw.Require(Table.Send(zero, &call, 1, &inside, &send));
        _raw.RequireFailure(NativeStatus.InvalidArgument, Table.SlabUnregister(zero, slab), "a slab that is being read");
        var destination = Memory(4096);
        long receive;
        _raw.Require(Table.Receive(one, &call, 0, &destination, &receive));
        _raw.Require(Table.Wait(one, receive));
        _raw.Require(Table.Wait(zero, send));
        _raw.Require(Table.SlabUnregister(zero, slab));
        _raw.RequireFailure(NativeStatus.InvalidArgument, Table.SlabUnregister(zero, slab), "a slab that is gone");
        _raw.RequireFailure(NativeStatus.InvalidArgument, Table.Send(zero, &call, 1, &inside, &send), "bytes of a slab that is gone");

        // The next slab takes the same index in another generation.
        long again;
        _raw.Require(Table.SlabRegister(zero, buffer.SharedDescriptor!.Value, (void*)buffer.HostAddress, 8192, &again));
        Assert.NotEqual(slab, again);
        RequireTransfer(zero, one);
    }

    [Fact]
    public void Communicator_must_refuse_every_transfer_when_it_is_aborted()
    {
        var (zero, one) = _raw.Pair();
        var call = new CommCall { Label = 4, DeadlineMilliseconds = RawComm.Patience };
        var memory = Memory(16);
        long outstanding;
        long operation;
        _raw.Require(Table.Receive(zero, &call, 1, &memory, &outstanding));
        _raw.Require(Table.Abort(zero, null));
        _raw.Require(Table.Abort(zero, null));
        _raw.RequireFailure(NativeStatus.Aborted, Table.Send(zero, &call, 1, &memory, &operation), "send after abort");
        _raw.RequireFailure(NativeStatus.Aborted, Table.Barrier(zero, &call, &operation), "barrier after abort");
        _raw.RequireFailure(NativeStatus.Aborted, Table.Wait(zero, outstanding), "wait after abort");
        Assert.Equal((NativeStatus.Aborted, 4, (int)TransportOperation.Receive), (_raw.LastFailure.Status, _raw.LastFailure.Label, _raw.LastFailure.Operation));
        _raw.RequireFailure(NativeStatus.InvalidArgument, Table.Wait(zero, outstanding), "a second wait after abort");
        CommInfo info;
        _raw.Require(Table.Query(zero, &info));
        Assert.Equal((2, 0), (info.State, info.OutstandingCount));

        // The other side hears of it at its next call or in its wait, whichever comes first.
        var status = Table.Receive(one, &call, 0, &memory, &operation);
        _raw.RequireFailure(NativeStatus.PeerLost, status == NativeStatus.Ok ? Table.Wait(one, operation) : status, "a transfer with who has aborted");
    }

    [Fact]
    public void Free_must_release_who_waits_when_it_is_called_from_another_thread()
    {
        var (zero, _) = _raw.Pair();
        var call = new CommCall { DeadlineMilliseconds = RawComm.Patience };
        var memory = Memory(16);
        long operation;
        _raw.Require(Table.Receive(zero, &call, 1, &memory, &operation));
        var status = NativeStatus.Ok;
        var awaited = operation;
        var waiter = new Thread(() => status = Table.Wait(zero, awaited));
        waiter.Start();
        _raw.Forget(zero);
        _raw.Require(Table.Free(zero));
        Assert.True(waiter.Join(TimeSpan.FromSeconds(10)), "the waiter hangs");
        // Whoever came after the free finds no communicator at all.
        Assert.Contains(status, new[] { NativeStatus.Aborted, NativeStatus.InvalidArgument });
    }

    [Fact]
    public void Communicator_must_not_transfer_before_it_is_connected()
    {
        var comm = _raw.Listen(0);
        var call = new CommCall { DeadlineMilliseconds = 10 };
        long operation;
        _raw.RequireFailure(NativeStatus.InvalidArgument, Table.Barrier(comm, &call, &operation), "barrier before connect");
        _raw.RequireFailure(NativeStatus.InvalidArgument, Table.Connect(comm, null, null, 10), "no endpoints");
        _raw.RequireFailure(NativeStatus.InvalidArgument, _raw.Connect(comm, [_raw.Endpoint(comm), [1, 2, 3]]), "a short endpoint");
        _raw.RequireFailure(NativeStatus.InvalidArgument, _raw.Connect(comm, [_raw.Endpoint(comm), new byte[64]]), "an endpoint of zeros");
        var small = stackalloc byte[4];
        long count = 12345;
        _raw.RequireFailure(NativeStatus.InvalidArgument, Table.Endpoint(comm, small, 4, &count), "a small buffer");
        _raw.RequireFailure(NativeStatus.InvalidArgument, Table.Endpoint(comm, null, 4096, &count), "no buffer");
        Assert.Equal(12345, count);
    }

    private CommMemory Memory(long byteCount) => new() { Address = System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(_bytes, 0), ByteCount = byteCount };

    private void RequireTransfer(nint zero, nint one)
    {
        var call = new CommCall { DeadlineMilliseconds = RawComm.Patience };
        var source = Memory(1024);
        var destination = Memory(1024) with { Address = Memory(0).Address + 2048 };
        new Random(2).NextBytes(_bytes);
        long send;
        long receive;
        _raw.Require(Table.Send(zero, &call, 1, &source, &send));
        _raw.Require(Table.Receive(one, &call, 0, &destination, &receive));
        _raw.Require(Table.Wait(one, receive));
        _raw.Require(Table.Wait(zero, send));
        Assert.True(_bytes.AsSpan(0, 1024).SequenceEqual(_bytes.AsSpan(2048, 1024)));
    }
}
