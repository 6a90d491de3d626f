"""`python -m benchmarks.sampling`: what a sample costs, in ordinary forward passes of the same batch."""

import argparse
import statistics
from typing import Any

import torch

from benchmarks.measure import given, interleaved, record
from benchmarks.nets import NETS, PAPER, SHAPES
from genzoo.evaluation.flops import flops
from genzoo.models.autoregressive.base import Autoregressive


@torch.no_grad()
def cost_of(model: Autoregressive, batch: int, rounds: int) -> dict[str, Any]:
    """A batch's forward pass and its samples, by the clock; and the floor, by counting operations."""
    x = torch.randint(model.levels, (batch, *model.shape)).float() / (model.levels - 1)
    calls = {
        "forward": lambda: model.parameters_of(x * 2 - 1, None),
        "sample": lambda: model.sample(batch),
    }
    timed = interleaved(calls, rounds).values()
    one, other = (statistics.median(seconds for seconds, _ in call) for call in timed)
    dense, added = (
        flops(call) for call in (lambda: model.parameters_of(x[:1], None), lambda: model.sample(1))
    )
    return {
        "forward_ms": round(1e3 * one, 2),
        "sample_ms": round(1e3 * other, 2),
        "passes": round(other / one, 2),
        "floor_passes": round(added / dense, 3),
        "naive_passes": len(model.tape().visits),
        "gflops_per_second": round(added * batch / other / 1e9, 1),
    }


def main() -> None:
    """Measures and writes benchmarks/results/sampling.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sampling", description=__doc__)
    parser.add_argument("--nets", nargs="*", choices=[*NETS], default=[*NETS])
    parser.add_argument("--shapes", nargs="*", choices=[*SHAPES], default=[*SHAPES])
    parser.add_argument("--batches", nargs="*", type=int, default=[1, 64])
    parser.add_argument("--paper", action="store_true", help="the nets at their papers' size")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    results: dict[str, Any] = {}
    for name in options.nets:
        for size in options.shapes:
            shape, levels = SHAPES[size]
            torch.manual_seed(0)
            model = (PAPER if options.paper else NETS)[name](shape, levels).eval()
            for batch in options.batches:
                key = f"{name}, {size}, batch {batch}"
                rounds = options.rounds if batch == 1 else max(1, options.rounds // 2)
                results[key] = cost_of(model, batch, rounds)
                print(f"{key}: {results[key]}", flush=True)
    name = "sampling-paper" if options.paper else "sampling"
    print(record(name, {"passes": results}, given("sampling")))


if __name__ == "__main__":
    main()
