using System.Collections.Concurrent;
using ActorRing.Actors.Ids;
using ActorRing.Compute.Communication;
using ActorRing.Compute.SequenceParallel;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.SequenceParallel;

internal sealed class MemoryLinks(int ranks)
{
    private readonly BlockingCollection<(byte[] Bytes, HopLabel Label)>[] _queues = [.. Enumerable.Range(0, 2 * ranks * ranks).Select(_ => new BlockingCollection<(byte[], HopLabel)>())];

    internal SequenceLinks Of(SequenceRank rank) => new(new Link(this, rank.Index, 0), new Link(this, rank.Index, 1));

    private sealed class Link(MemoryLinks all, int rank, int channel) : ICommunicator
    {
        public Pending Send(int peer, in Tensor data, HopLabel label)
        {
            var bytes = System.Runtime.InteropServices.MemoryMarshal.AsBytes(data.HostSpan<ushort>()).ToArray();
            all._queues[(channel * ranks * ranks) + (rank * ranks) + peer].Add((bytes, label));
            return new Pending(() => { });
        }

        public Pending Receive(int peer, in Tensor into, HopLabel label)
        {
            var to = into;
            return new Pending(() =>
            {
                if (!all._queues[(channel * ranks * ranks) + (peer * ranks) + rank].TryTake(out var message, 20_000))
                {
                    throw new TimeoutException($"rank {rank} waits for {peer}: {label}");
                }

                var target = System.Runtime.InteropServices.MemoryMarshal.AsBytes(to.HostSpan<ushort>());
                if (message.Label != label || message.Bytes.Length != target.Length)
                {
                    throw new InvalidOperationException($"rank {rank} expects {label} of {target.Length} bytes, rank {peer} sent {message.Label} of {message.Bytes.Length}");
                }

                message.Bytes.CopyTo(target);
            });
        }

        private int ranks => (int)Math.Sqrt(all._queues.Length / 2);
    }
}
