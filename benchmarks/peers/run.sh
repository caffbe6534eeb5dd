#!/usr/bin/env bash
# ActorRing against PyTorch as Debian ships it, same 7 M-parameter model, same length, one thread each. Prints one JSON object.
# Needs Debian's python3-torch and libopenblas0-pthread. Usage: benchmarks/peers/run.sh [TOKENS]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tokens=${1:-8192}
/usr/bin/python3 -c 'import torch' 2>/dev/null || { echo "run.sh: missing python3-torch. Install with: sudo apt-get install -y --no-install-recommends python3-torch libopenblas0-pthread" >&2; exit 2; }
export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
peer=$(/usr/bin/python3 "$here/pytorch_step.py" --tokens "$tokens" --threads 1)
ours=$("$here/../../actorring" bench step --tokens "$tokens" --layers 4 --width 256 --heads 4 --kv-heads 2 --mlp-width 688 --vocabulary 8192 --recompute none --threads 1 --json)
/usr/bin/python3 - "$ours" "$peer" <<'PY'
import json, sys
ours, peer = map(json.loads, sys.argv[1:])
print(json.dumps({"tokens": ours["tokens"], "ours": ours, "peer": peer,
                  "speed_per_cpu_second": round(ours["tokens_per_cpu_second"] / peer["tokens_per_cpu_second"], 2),
                  "memory_ratio": round(ours["peak_bytes"] / peer["peak_bytes"], 4)}, indent=2))
PY
