using System.Buffers.Binary;
using System.Text;

namespace ActorRing.Native.Specs;

/// <summary>Names that a 64-bit little-endian ELF library defines for others: the defined global and weak symbols of its .dynsym.</summary>
internal static class ElfExports
{
    // Offsets and constants of the System V ABI, "Object Files", 64-bit.
    private const int SectionTableAt = 0x28;
    private const int SectionSizeAt = 0x3A;
    private const int SectionCountAt = 0x3C;
    private const int DynamicSymbols = 11;
    private const int SymbolSize = 24;
    private const int BindLocal = 0;
    private const int VersionName = 0xFFF1; // SHN_ABS: where a version script leaves its own name

    internal static List<string> Of(string path)
    {
        var file = File.ReadAllBytes(path);
        var sections = (int)Long(file, SectionTableAt);
        var size = Short(file, SectionSizeAt);
        for (var index = 0; index < Short(file, SectionCountAt); index++)
        {
            var section = sections + (index * size);
            if (Int(file, section + 4) == DynamicSymbols)
            {
                var names = sections + (Int(file, section + 0x28) * size);
                return Defined(file.AsSpan((int)Long(file, section + 0x18), (int)Long(file, section + 0x20)),
                    file.AsSpan((int)Long(file, names + 0x18), (int)Long(file, names + 0x20)));
            }
        }

        throw new InvalidDataException($"{Path.GetFileName(path)} has no .dynsym");
    }

    private static List<string> Defined(ReadOnlySpan<byte> symbols, ReadOnlySpan<byte> names)
    {
        var result = new List<string>();
        for (var at = 0; at < symbols.Length; at += SymbolSize)
        {
            var symbol = symbols.Slice(at, SymbolSize);
            var section = BinaryPrimitives.ReadUInt16LittleEndian(symbol[6..]);
            if (section != 0 && section != VersionName && symbol[4] >> 4 != BindLocal)
            {
                var name = names[BinaryPrimitives.ReadInt32LittleEndian(symbol)..];
                result.Add(Encoding.ASCII.GetString(name[..name.IndexOf((byte)0)]));
            }
        }

        return result;
    }

    private static long Long(byte[] file, int at) => BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(at));

    private static int Int(byte[] file, int at) => BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(at));

    private static int Short(byte[] file, int at) => BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(at));
}
