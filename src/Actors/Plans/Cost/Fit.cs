namespace ActorRing.Actors.Plans.Cost;

/// <summary>Whether a plan fits, and if not, where it stops fitting.</summary>
/// <param name="Overflow">The first part, in the order in which memory is taken, that no longer fits; null where everything fits.</param>
/// <param name="NeededBytes">Bytes of all parts where it overflows, or on the GPU.</param>
/// <param name="AvailableBytes">What there is of that memory.</param>
/// <param name="LeftBytes">What the parts before the overflowing one have left; of everything, where all fit.</param>
public sealed record Fit(MemoryPart? Overflow, long NeededBytes, long AvailableBytes, long LeftBytes)
{
    /// <summary>Whether everything fits.</summary>
    public bool Fits => Overflow is null;

    /// <summary>Fits a memory plan into a GPU and its share of the host.</summary>
    public static Fit Of(MemoryCost memory, HardwareProfile hardware)
    {
        var device = Place(memory.Device, memory.DeviceBytes, hardware.UsableBytes);
        return device.Fits && memory.HostBytes > hardware.HostShareBytes ? Place(memory.Host, memory.HostBytes, hardware.HostShareBytes) : device;
    }

    private static Fit Place(IReadOnlyList<MemoryPart> parts, long needed, long available)
    {
        var left = available;
        foreach (var part in parts)
        {
            if (part.Bytes > left)
            {
                return new Fit(part, needed, available, left);
            }

            left -= part.Bytes;
        }

        return new Fit(null, needed, available, left);
    }
}
