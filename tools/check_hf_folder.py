"""Checks a Llama or Mistral folder against what transformers' LlamaForCausalLM and MistralForCausalLM ask of one, without ActorRing and without transformers.

Written from the safetensors format and the modelling code of transformers 4.45; knows nothing of ActorRing's own reader, so that the writer is
not its own judge.
Needs the standard library alone. Usage: python3 tools/check_hf_folder.py FOLDER
Prints `ok: ...` and ends with 0, or one line per fault and ends with 1.
"""
import json
import os
import re
import struct
import sys

ITEM_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}
DTYPES = {"F32": "float32", "F16": "float16", "BF16": "bfloat16"}
FAMILIES = {"llama": "LlamaForCausalLM", "mistral": "MistralForCausalLM"}
# Defaults of LlamaConfig and MistralConfig for keys that a file may leave out.
DEFAULTS = {
    "llama": {"vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32, "num_attention_heads": 32},
    "mistral": {"vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32,
                "num_key_value_heads": 8},
}
ROPE_KEYS = {
    "default": (),
    "linear": ("factor",),
    "dynamic": ("factor",),
    "yarn": ("factor",),
    "llama3": ("factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"),
    "longrope": ("short_factor", "long_factor"),
}


class Fault(Exception):
    pass


def read_json(path):
    try:
        with open(path, encoding="utf-8") as file:
            value = json.load(file)
    except (OSError, ValueError) as error:
        raise Fault(f"{path}: {error}") from error
    if not isinstance(value, dict):
        raise Fault(f"{path}: is not an object")
    return value


def read_header(path):
    """Tensors of one file, {name: (dtype, shape)}. The format: 8 bytes of length, that much JSON, then the data without a gap."""
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        raw = file.read(8)
        if len(raw) < 8:
            raise Fault(f"{path}: {size} bytes are no safetensors file")
        length = struct.unpack("<Q", raw)[0]
        if length > min(size - 8, 100_000_000):
            raise Fault(f"{path}: header of {length} bytes in a file of {size}")
        text = file.read(length)
    if not text.startswith(b"{"):
        raise Fault(f"{path}: header does not start with a brace")
    if (8 + length) % 8 != 0:
        raise Fault(f"{path}: data starts at byte {8 + length}, which is not aligned to 8")
    try:
        header = json.loads(text.decode("utf-8"), object_pairs_hook=unique(path))
    except ValueError as error:
        raise Fault(f"{path}: header: {error}") from error
    metadata = header.pop("__metadata__", {})
    if metadata.get("format") != "pt":
        raise Fault(f"{path}: __metadata__.format is {metadata.get('format')!r}; transformers loads 'pt'")
    if not all(isinstance(value, str) for value in metadata.values()):
        raise Fault(f"{path}: __metadata__ holds what is no string")
    at, tensors = 0, {}
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        (begin, end), dtype, shape = entry["data_offsets"], entry["dtype"], tuple(entry["shape"])
        count = 1
        for dim in shape:
            count *= dim
        if dtype not in ITEM_BYTES:
            raise Fault(f"{path}: {name} has dtype {dtype}")
        if begin != at or end - begin != count * ITEM_BYTES[dtype]:
            raise Fault(f"{path}: {name} {dtype} {list(shape)} lies at {begin} to {end}; expected {at} to {at + count * ITEM_BYTES[dtype]}")
        at, tensors[name] = end, (dtype, shape)
    if 8 + length + at != size:
        raise Fault(f"{path}: is {size} bytes long; its header accounts for {8 + length + at}")
    return tensors, at


def unique(path):
    def pairs(entries):
        names = [name for name, _ in entries]
        for name in names:
            if names.count(name) > 1:
                raise Fault(f"{path}: {name} stands twice in one object")
        return dict(entries)
    return pairs


def read_tensors(folder):
    single, index_path = os.path.join(folder, "model.safetensors"), os.path.join(folder, "model.safetensors.index.json")
    if os.path.exists(single):
        if os.path.exists(index_path):
            raise Fault(f"{folder}: holds both model.safetensors and an index")
        return read_header(single)[0]
    index = read_json(index_path)
    weight_map, files, total, tensors = index["weight_map"], sorted(set(index["weight_map"].values())), 0, {}
    for number, name in enumerate(files, 1):
        if name != f"model-{number:05}-of-{len(files):05}.safetensors":
            raise Fault(f"{index_path}: {name} is not the name of shard {number} of {len(files)}")
        found, data_bytes = read_header(os.path.join(folder, name))
        total += data_bytes
        for tensor in found:
            if weight_map.get(tensor) != name:
                raise Fault(f"{index_path}: {tensor} is in {name}, the index says {weight_map.get(tensor)}")
        tensors.update(found)
    for tensor in weight_map:
        if tensor not in tensors:
            raise Fault(f"{index_path}: {tensor} is not in {weight_map[tensor]}")
    if index["metadata"]["total_size"] != total:
        raise Fault(f"{index_path}: total_size is {index['metadata']['total_size']}; the shards hold {total} bytes of tensors")
    on_disk = {name for name in os.listdir(folder) if re.fullmatch(r"model-\d+-of-\d+\.safetensors", name)}
    if on_disk != set(files):
        raise Fault(f"{folder}: shards that the index does not name: {sorted(on_disk - set(files))}")
    return tensors


def check_rope(config, path, head_dim):
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    kind = rope.get("rope_type", rope.get("type", "default"))
    if kind not in ROPE_KEYS:
        raise Fault(f"{path}: rope_type {kind!r}; transformers knows {', '.join(ROPE_KEYS)}")
    for key in ROPE_KEYS[kind]:
        if key not in rope:
            raise Fault(f"{path}: rope_type {kind} needs {key}")
    for key in ("short_factor", "long_factor") if kind == "longrope" else ():
        if len(rope[key]) != head_dim // 2:
            raise Fault(f"{path}: {key} has {len(rope[key])} numbers; a head of {head_dim} needs {head_dim // 2}")
    theta = rope.get("rope_theta", config.get("rope_theta", 10000.0))
    if not (isinstance(theta, (int, float)) and theta > 0):
        raise Fault(f"{path}: rope_theta is {theta!r}")


def expected(config, path):
    """Names and shapes of the state dictionary, as the constructors of the two classes make them."""
    family = config.get("model_type")
    if family not in FAMILIES:
        raise Fault(f"{path}: model_type is {family!r}; this check knows {', '.join(FAMILIES)}")
    if config.get("architectures") != [FAMILIES[family]]:
        raise Fault(f"{path}: architectures is {config.get('architectures')!r}; model_type {family} needs {[FAMILIES[family]]!r}")
    if config.get("hidden_act", "silu") != "silu":
        raise Fault(f"{path}: hidden_act is {config['hidden_act']!r}")
    values = {**DEFAULTS[family], **{key: value for key, value in config.items() if value is not None}}
    vocabulary, width, mlp, layers, heads = (values[key] for key in DEFAULTS["llama"])
    kv_heads = values.get("num_key_value_heads", heads)
    head_dim = values.get("head_dim", width // heads)
    if heads % kv_heads != 0:
        raise Fault(f"{path}: {heads} heads are no multiple of {kv_heads} key and value heads")
    check_rope(config, path, head_dim)
    # MistralForCausalLM has no biases, whatever its file says.
    attention_bias = family == "llama" and values.get("attention_bias", False)
    mlp_bias = family == "llama" and values.get("mlp_bias", False)
    shapes = {"model.embed_tokens.weight": (vocabulary, width), "model.norm.weight": (width,)}
    for layer in range(layers):
        prefix = f"model.layers.{layer}."
        linear = [
            ("self_attn.q_proj", heads * head_dim, width, attention_bias), ("self_attn.k_proj", kv_heads * head_dim, width, attention_bias),
            ("self_attn.v_proj", kv_heads * head_dim, width, attention_bias), ("self_attn.o_proj", width, heads * head_dim, attention_bias),
            ("mlp.gate_proj", mlp, width, mlp_bias), ("mlp.up_proj", mlp, width, mlp_bias), ("mlp.down_proj", width, mlp, mlp_bias),
        ]
        for name, outputs, inputs, bias in linear:
            shapes[f"{prefix}{name}.weight"] = (outputs, inputs)
            if bias:
                shapes[f"{prefix}{name}.bias"] = (outputs,)
        shapes[prefix + "input_layernorm.weight"] = shapes[prefix + "post_attention_layernorm.weight"] = (width,)
    if not values.get("tie_word_embeddings", False):
        shapes["lm_head.weight"] = (vocabulary, width)
    return shapes


def check(folder):
    path = os.path.join(folder, "config.json")
    config = read_json(path)
    shapes, tensors, faults = expected(config, path), read_tensors(folder), []
    dtypes = {dtype for dtype, _ in tensors.values()}
    stated = config.get("dtype", config.get("torch_dtype"))
    if len(dtypes) != 1 or not dtypes <= set(DTYPES):
        faults.append(f"{folder}: tensors have types {sorted(dtypes)}; one of {', '.join(DTYPES)} is expected")
    elif stated is not None and stated != DTYPES[min(dtypes)]:
        faults.append(f"{path}: dtype is {stated}, the tensors are {DTYPES[min(dtypes)]}")
    for name, shape in shapes.items():
        if name not in tensors:
            faults.append(f"{folder}: missing key {name} {list(shape)}")
        elif tensors[name][1] != shape:
            faults.append(f"{folder}: size mismatch for {name}: {list(tensors[name][1])}, the model has {list(shape)}")
    faults.extend(f"{folder}: unexpected key {name}" for name in sorted(set(tensors) - set(shapes)))
    generation = os.path.join(folder, "generation_config.json")
    if os.path.exists(generation):
        read_json(generation)
    return faults, config, tensors


def main():
    if len(sys.argv) != 2:
        print("usage: check_hf_folder.py FOLDER", file=sys.stderr)
        return 2
    try:
        faults, config, tensors = check(sys.argv[1])
    except Fault as fault:
        faults = [str(fault)]
    except (KeyError, TypeError, ValueError, OSError) as error:
        faults = [f"{sys.argv[1]}: {type(error).__name__}: {error}"]
    if faults:
        print("\n".join(faults))
        return 1
    print(f"ok: {config['architectures'][0]}, {len(tensors)} tensors")
    return 0


sys.exit(main())
