using System.Runtime.InteropServices;
using ActorRing.Actors.Ids;
using ActorRing.Compute.Communication;
using ActorRing.Compute.SequenceParallel;
using ActorRing.Native;

namespace ActorRing.Compute.Specs.SequenceParallel;

internal sealed class MemoryLinks(int ranks)
{
    private readonly Lane[] _lanes = [.. Enumerable.Range(0, 2 * ranks * ranks).Select(_ => new Lane())];

    internal SequenceLinks Of(SequenceRank rank) => new(new Link(this, rank.Index, 0), new Link(this, rank.Index, 1));

    private Lane Between(int channel, int from, int to) => _lanes[(((channel * ranks) + from) * ranks) + to];

    private sealed class Lane
    {
        internal List<(byte[] Bytes, HopLabel Label)> Sent { get; } = [];

        internal int Received { get; set; }
    }

    private sealed class Link(MemoryLinks all, int rank, int channel) : ICommunicator
    {
        public Pending Send(int peer, in Tensor data, HopLabel label)
        {
            var lane = all.Between(channel, rank, peer);
            lock (lane)
            {
                lane.Sent.Add((MemoryMarshal.AsBytes(data.HostSpan<ushort>()).ToArray(), label));
                Monitor.PulseAll(lane);
            }

            return new Pending(() => { });
        }

        public Pending Receive(int peer, in Tensor into, HopLabel label)
        {
            var to = into;
            var lane = all.Between(channel, peer, rank);
            int ticket;
            lock (lane)
            {
                ticket = lane.Received++;
            }

            return new Pending(() =>
            {
                lock (lane)
                {
                    while (lane.Sent.Count <= ticket)
                    {
                        if (!Monitor.Wait(lane, 20_000))
                        {
                            throw new TimeoutException($"rank {rank} waits for {peer}: {label}");
                        }
                    }

                    var (bytes, sent) = lane.Sent[ticket];
                    var target = MemoryMarshal.AsBytes(to.HostSpan<ushort>());
                    if (sent != label || bytes.Length != target.Length)
                    {
                        throw new InvalidOperationException($"rank {rank} expects {label} of {target.Length} bytes, rank {peer} sent {sent} of {bytes.Length}");
                    }

                    bytes.CopyTo(target);
                }
            });
        }
    }
}
