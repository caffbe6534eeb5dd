using Microsoft.Win32.SafeHandles;

namespace ActorRing.Compute.Checkpoints;

/// <summary>
/// Makes an open file or directory durable or throws <see cref="IOException"/>; <see cref="Libc.Fsync(SafeFileHandle, string)"/> outside tests.
/// </summary>
internal delegate void FlushToDisk(SafeFileHandle file, string path);
