"""`python -m benchmarks.gan_steps`: a DCGAN's training step beside two hand-written ones.

Images of 64x64, z of 100 numbers, 64 to 512 channels, batches of 64, Adam at 2e-4. Each contender runs in a
process of its own, in turn with the others, so that none has memory that another left behind. All start from
the same weights, and must compute the same losses in the first step on the same images and noise. Peak memory
is what the resident set (on CUDA: what torch allocated) grows by after nets and optimizers are built.
"""

import argparse
import multiprocessing
import platform
import resource
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import count
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
import torch

from benchmarks.measure import given, interleaved, record
from benchmarks.plain_dcgan import LATENT, WIDTH, Losses, Toggled, Tutorial
from genzoo.data import Batches, Dataset
from genzoo.models.adversarial.gan import GAN
from genzoo.objectives.adversarial import Adversarial
from genzoo.random import seeded
from genzoo.training.loop import play
from genzoo.training.run import start
from genzoo.training.settings import OptimizerSettings, Settings

BATCH, IMAGES = 64, 512
PLAIN: dict[str, Callable[[GAN, torch.device], Any]] = {"tutorial": Tutorial, "toggled": Toggled}
OURS: dict[str, dict[str, Any]] = {
    "genzoo": {},
    "genzoo, channels last": {"channels_last": True},
    "genzoo, channels last, bfloat16": {"channels_last": True, "precision": "bfloat16"},
}
TOLERANCE = 1e-4  # of a loss in the first step, between contenders in float32


def contender(name: str, device: torch.device) -> Callable[[], Losses]:
    """Takes one training step each time it is called."""
    pixels = np.random.default_rng(0).integers(0, 256, (IMAGES, 3, 64, 64), dtype=np.uint8)
    batches = Batches(Dataset("noise", "images", pixels, {}), "all", size=BATCH)
    torch.manual_seed(0)
    ours = GAN((3, 64, 64), net="dcgan", latent=LATENT, width=WIDTH)
    if name in PLAIN:
        step = PLAIN[name](ours, device)
        ready = [2 * batches.at(move).images.to(device) - 1 for move in range(IMAGES // BATCH)]
        turn = count()
        return lambda: step(ready[next(turn) % len(ready)])
    settings = Settings(images=10**9, batch=BATCH, **OURS[name])
    adam = OptimizerSettings(lr=2e-4, betas=(0.5, 0.999))
    run = start(ours.to(device), Adversarial("non-saturating"), batches, settings, adam)
    run.model.train()

    def one() -> Losses:
        losses = play(run)
        return losses["critic"]["real"], losses["critic"]["fake"], losses["generator"]["loss"]

    return one


def peak(device: torch.device) -> float:
    """The most memory so far, MiB."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated() / 2**20
    unit = 1 if platform.system() == "Darwin" else 2**10  # of ru_maxrss, bytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def serve(pipe: Connection, name: str, device_name: str, threads: int) -> None:
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
    """The largest difference from the tutorial's losses in the first step; stops if it is too large."""
    expected, worst = first["tutorial"], 0.0
    for name, losses in first.items():
        if "bfloat16" in name:
            continue
        far = max(abs(a - b) for a, b in zip(losses, expected, strict=True))
        if not far <= TOLERANCE:
            sys.exit(f"{name}: losses {losses} where the tutorial's are {expected}: not the same work")
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


def race(names: list[str], options: argparse.Namespace) -> tuple[float, dict[str, Any]]:
    """How far the first step's losses are apart, and what the steps of each take."""
    context, pipes, workers = multiprocessing.get_context("spawn"), {}, []
    for name in names:
        pipes[name], theirs = context.Pipe()
        arguments = (theirs, name, options.device, options.threads)
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


def main() -> None:
    """Measures and writes benchmarks/results/gan-steps.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gan_steps", description=__doc__)
    parser.add_argument("--steps", type=int, default=3, help="training steps a round")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--only", nargs="*", choices=[*OURS], default=[*OURS], help="of genzoo's")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    difference, results = race([*PLAIN, *options.only], options)
    for name, found in results.items():
        found["times_as_fast_as"] = {
            plain: round(results[plain]["cpu_ms_per_step"] / found["cpu_ms_per_step"], 2) for plain in PLAIN
        }
        print(f"{name}: {found}", flush=True)
    about = {"device": options.device, "batch": BATCH, "first_step_loss_difference": difference}
    command = given("gan_steps")
    print(record("gan-steps", about | {"results": results}, command))


if __name__ == "__main__":
    main()
