"""What a model costs: parameters, and seconds for a new item."""

import statistics
import time
from dataclasses import asdict, dataclass
from typing import Any

import torch

from genzoo.errors import BadInput
from genzoo.models import Model, parameter_count
from genzoo.models.base import Samples, evaluating
from genzoo.random import seeded
from genzoo.types import Given


@dataclass(frozen=True)
class Cost:
    """The cost of a model on one machine.

    Args:
        parameters: how many numbers are learned.
        seconds_per_sample: wall-clock time of one item when `batch` are drawn at once, the median of
            `repeats` measurements after one that does not count.
        batch: items drawn at once.
        repeats: measurements.
        device: where it ran.
        threads: of the processor.
    """

    parameters: int
    seconds_per_sample: float
    batch: int
    repeats: int
    device: str
    threads: int

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def sampling_cost(
    model: Model, *, batch: int = 16, repeats: int = 5, given: Given | None = None, seed: int = 0
) -> Cost:
    """Parameters and the median time of a sample.

    Args:
        given: the conditions of `batch` items, for a conditional model.
    """
    if not isinstance(model, Samples):
        raise BadInput(f"{type(model).__name__} cannot sample, so a sample has no cost")
    if batch < 1 or repeats < 1:
        raise BadInput(f"expected at least one item and one repeat, got batch={batch}, repeats={repeats}")
    device = model.like.device
    times = []
    with evaluating(model):
        for repeat in range(repeats + 1):
            start = _now(device)
            with seeded(seed, "cost", repeat):
                model.sample(batch, given)
            times.append(_now(device) - start)
    seconds = statistics.median(times[1:]) / batch
    return Cost(parameter_count(model), seconds, batch, repeats, str(device), torch.get_num_threads())


def _now(device: torch.device) -> float:
    """The clock, read when everything asked of the device is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
    return time.perf_counter()
