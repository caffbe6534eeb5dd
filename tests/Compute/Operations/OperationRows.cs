using ActorRing.Native;

namespace ActorRing.Compute.Specs.Operations;

/// <summary>Theory rows: cases × element types × devices.</summary>
internal static class OperationRows
{
    internal static readonly ElementType[] Types = [ElementType.Float32, ElementType.BFloat16];

    internal static TheoryData<string, ElementType> Devices()
    {
        var rows = new TheoryData<string, ElementType>();
        foreach (var type in Types)
        {
            foreach (var device in TestDevices.Names)
            {
                rows.Add(device, type);
            }
        }

        return rows;
    }

    internal static TheoryData<string, ElementType, string> Cross(IEnumerable<string> cases)
    {
        var rows = new TheoryData<string, ElementType, string>();
        foreach (var name in cases)
        {
            foreach (var type in Types)
            {
                foreach (var device in TestDevices.Names)
                {
                    rows.Add(device, type, name);
                }
            }
        }

        return rows;
    }
}
