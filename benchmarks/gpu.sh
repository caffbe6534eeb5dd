#!/usr/bin/env bash
# Builds libar_torch against the PyTorch of this machine and runs every operation against plain float64 loops, on its CPU and on its GPU.
# Needs: Python with PyTorch (headers and libtorch), CMake, a C++20 compiler; the CUDA checks need a GPU. Prints what it built against and one line per check program.
# Usage: benchmarks/gpu.sh [BUILD_FOLDER]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
build=${1:-$root/artifacts/gpu}
python3 -c 'import torch; print(f"torch {torch.__version__}, CUDA {torch.version.cuda}, GPU {torch.cuda.get_device_name(0) if torch.cuda.is_available() else None}")'
prefix=$(python3 -c 'import torch; print(torch.utils.cmake_prefix_path)')
generator=(); command -v ninja >/dev/null && generator=(-G Ninja)
cmake -S "$root/src/Native" -B "$build" "${generator[@]}" -DCMAKE_PREFIX_PATH="$prefix" >"$build.log" 2>&1 || { tail -20 "$build.log" >&2; exit 1; }
cmake --build "$build" --target ar_torch torch_check --parallel >>"$build.log" 2>&1 || { tail -40 "$build.log" >&2; exit 1; }
run() { # name, arguments
  local name=$1 started=$SECONDS; shift
  if "$build/torch_check" "$@" >"$build.$name.log" 2>&1; then printf '%-12s passed  %4d s  %s\n' "$name" "$((SECONDS - started))" "$(tail -1 "$build.$name.log")"
  else printf '%-12s FAILED  %4d s\n' "$name" "$((SECONDS - started))"; tail -20 "$build.$name.log"; return 1; fi
}
run cpu
if python3 -c 'import sys, torch; sys.exit(0 if torch.cuda.is_available() else 1)'; then run cuda cuda; else echo "cuda         not run: no GPU here"; fi
