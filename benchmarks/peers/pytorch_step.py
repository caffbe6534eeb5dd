"""One training step of a 7 M-parameter Llama in plain PyTorch, as a reader would write it: the peer of `actorring bench step`.

Plain attention (the score matrix exists), autograd, torch.optim.AdamW, float32, batch 1. Prints one JSON object.
Usage: python3 pytorch_step.py [--tokens 8192] [--steps 3] [--threads 1]
"""
import argparse
import json
import math
import resource
import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F

WIDTH, LAYERS, HEADS, KV_HEADS, HEAD, MLP, VOCABULARY = 256, 4, 4, 2, 64, 688, 8192


class RmsNorm(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(WIDTH))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5) * self.weight


def rotate(x, cos, sin):
    first, second = x.chunk(2, dim=-1)
    return torch.cat((first * cos - second * sin, second * cos + first * sin), dim=-1)


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention_norm, self.mlp_norm = RmsNorm(), RmsNorm()
        self.qkv = nn.Linear(WIDTH, (HEADS + 2 * KV_HEADS) * HEAD, bias=False)
        self.output = nn.Linear(HEADS * HEAD, WIDTH, bias=False)
        self.gate, self.up = nn.Linear(WIDTH, MLP, bias=False), nn.Linear(WIDTH, MLP, bias=False)
        self.down = nn.Linear(MLP, WIDTH, bias=False)

    def forward(self, x, cos, sin, hidden):
        tokens = x.shape[0]
        q, k, v = self.qkv(self.attention_norm(x)).view(tokens, -1, HEAD).transpose(0, 1).split((HEADS, KV_HEADS, KV_HEADS))
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        k, v = (t.repeat_interleave(HEADS // KV_HEADS, dim=0) for t in (k, v))
        scores = (q @ k.transpose(1, 2) / math.sqrt(HEAD)).masked_fill(hidden, float("-inf"))
        x = x + self.output((scores.softmax(-1) @ v).transpose(0, 1).reshape(tokens, -1))
        h = self.mlp_norm(x)
        return x + self.down(F.silu(self.gate(h)) * self.up(h))


class Llama(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, WIDTH)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.norm = RmsNorm()
        self.head = nn.Linear(WIDTH, VOCABULARY, bias=False)

    def forward(self, ids):
        tokens = ids.shape[0]
        angles = torch.outer(torch.arange(tokens, dtype=torch.float32), 10000.0 ** (-torch.arange(0, HEAD, 2) / HEAD))
        hidden = torch.ones(tokens, tokens, dtype=torch.bool).triu(1)
        x = self.embedding(ids)
        for layer in self.layers:
            x = layer(x, angles.cos(), angles.sin(), hidden)
        return self.head(self.norm(x))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tokens", type=int, default=8192)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(1)
    model = Llama()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, betas=(0.9, 0.95), weight_decay=0.1)
    row = torch.randint(0, VOCABULARY, (arguments.tokens + 1,))
    wall, cpu = [], []
    for step in range(arguments.steps + 1):
        started, cpu_started = time.perf_counter(), time.process_time()
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(model(row[:-1]), row[1:])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step > 0:
            wall.append(arguments.tokens / (time.perf_counter() - started))
            cpu.append(arguments.tokens / (time.process_time() - cpu_started))
    print(json.dumps({
        "peer": f"PyTorch {torch.__version__}, plain attention",
        "threads": arguments.threads,
        "tokens": arguments.tokens,
        "parameters": sum(p.numel() for p in model.parameters()),
        "tokens_per_second": round(statistics.median(wall), 1),
        "tokens_per_cpu_second": round(statistics.median(cpu), 1),
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }))


main()
