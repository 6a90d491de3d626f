"""Training steps side by side: each contender in a process of its own, in turn with the others.

So none has memory that another left behind. All must compute the same losses in the first step. Peak memory
is what the resident set (on CUDA: what torch allocated) grows by after nets and optimizers are built.
"""

import argparse
import multiprocessing
import platform
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

import torch

from benchmarks.measure import interleaved
from genzoo.random import seeded

Losses = tuple[float, ...]
Step = Callable[[], Losses]  # takes one training step
Contender = Callable[[str, torch.device], Step]  # builds one by its name; can be sent to a process

TOLERANCE = 1e-4  # of a loss in the first step, between contenders in float32


def peak(device: torch.device) -> float:
    """The most memory so far, MiB."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated() / 2**20
    unit = 1 if platform.system() == "Darwin" else 2**10  # of ru_maxrss, bytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def serve(pipe: Connection, contender: Contender, name: str, device_name: str, threads: int) -> None:
    """In a process of its own: the losses of a first step, then rounds of so many steps until told 0."""
    torch.set_num_threads(threads)
    device = torch.device(device_name)
    step, built = contender(name, device), peak(device)
    with seeded(0, 0, 0):  # the noise of a run's first move
        pipe.send(step())
    while steps := pipe.recv():
        began = time.process_time()
        for _ in range(steps):
            step()
        if device.type == "cuda":
            torch.cuda.synchronize()
        pipe.send((time.process_time() - began, peak(device) - built))


def same_work(first: dict[str, Losses]) -> float:
    """The largest difference from the first contender's losses in the first step; stops if it is too large.

    What runs in bfloat16 is not compared.
    """
    reference, worst = next(iter(first)), 0.0
    for name, losses in first.items():
        if "bfloat16" in name:
            continue
        far = max(abs(a - b) for a, b in zip(losses, first[reference], strict=True))
        if not far <= TOLERANCE:
            sys.exit(f"{name}: losses {losses}, {reference}: {first[reference]}: not the same work")
        worst = max(worst, far)
    return worst


def summary(calls: list[tuple[float, tuple[float, float]]], steps: int) -> dict[str, float]:
    """Medians of rounds of `steps` steps, and the peak of all."""
    wall = [seconds / steps for seconds, _ in calls]
    cpu = [seconds / steps for _, (seconds, _) in calls]
    return {
        "ms_per_step": round(1e3 * statistics.median(wall), 1),
        "min_ms": round(1e3 * min(wall), 1),
        "max_ms": round(1e3 * max(wall), 1),
        "cpu_ms_per_step": round(1e3 * statistics.median(cpu), 1),
        "peak_mib": round(calls[-1][1][1]),
    }


def race(
    contender: Contender, names: Iterable[str], options: argparse.Namespace
) -> tuple[float, dict[str, Any]]:
    """How far the first step's losses are apart, and what the steps of each take."""
    context, pipes, workers = multiprocessing.get_context("spawn"), {}, []
    for name in names:
        pipes[name], theirs = context.Pipe()
        arguments = (theirs, contender, name, options.device, options.threads)
        workers.append(context.Process(target=serve, args=arguments, daemon=True))
        workers[-1].start()
    difference = same_work({name: pipe.recv() for name, pipe in pipes.items()})

    def round_of(pipe: Connection) -> tuple[float, float]:
        pipe.send(options.steps)
        return pipe.recv()

    calls = interleaved({name: partial(round_of, pipe) for name, pipe in pipes.items()}, options.rounds)
    for pipe, worker in zip(pipes.values(), workers, strict=True):
        pipe.send(0)
        worker.join()
    return difference, {name: summary(found, options.steps) for name, found in calls.items()}


def times_as_fast(results: dict[str, Any], plain: Iterable[str], by: str = "cpu_ms_per_step") -> None:
    """Notes of every contender how many times as fast as each of the plain ones it is."""
    rivals = list(plain)
    for found in results.values():
        found["times_as_fast_as"] = {rival: round(results[rival][by] / found[by], 2) for rival in rivals}


def arguments(program: str, about: str | None, *, steps: int, rounds: int) -> argparse.ArgumentParser:
    """What every race is told."""
    parser = argparse.ArgumentParser(prog=program, description=about)
    parser.add_argument("--steps", type=int, default=steps, help="training steps a round")
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    return parser
