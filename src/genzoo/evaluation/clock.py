"""Wall-clock times of calls: medians of turns, on a device whose work is waited for."""

import math
import statistics
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

import torch

from genzoo.random import seeded

SHORTEST = 0.02  # seconds that one measurement lasts at least, by repeating what is measured
MOST_CALLS = 100  # in one measurement

K = TypeVar("K")


def timed(
    calls: Mapping[K, Callable[[], object]], repeats: int, device: torch.device, seed: int = 0
) -> dict[K, float]:
    """The median time of each call in seconds.

    All take turns, A B A B …, so that a busy machine slows all alike; the first turn does not count, but
    says how often a short call is repeated within one measurement, after one call that warms the caches.

    Args:
        repeats: turns that count.
        device: where the calls work.
        seed: of the noise that they draw.
    """
    times: dict[K, list[float]] = {name: [] for name in calls}
    often = dict.fromkeys(calls, 1)
    for repeat in range(repeats + 1):
        for name, call in calls.items():
            if often[name] > 1:
                call()
            began = now(device)
            with seeded(seed, "cost", repeat):
                for _ in range(often[name]):
                    call()
            took = (now(device) - began) / often[name]
            if repeat:
                times[name].append(took)
            else:
                often[name] = min(MOST_CALLS, max(1, math.ceil(SHORTEST / max(took, 1e-9))))
    return {name: statistics.median(found) for name, found in times.items()}


def now(device: torch.device) -> float:
    """The clock, read when everything asked of the device is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
    return time.perf_counter()


def duration(seconds: float) -> str:
    """A short time in the unit that suits it.

    >>> duration(0.00042)
    '420 µs'
    """
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"
