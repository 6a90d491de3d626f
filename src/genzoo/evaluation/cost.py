"""What a model costs: parameters, FLOPs, time and memory, in one unit: an ordinary forward pass."""

import copy
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import torch

from genzoo.apply import given_labels
from genzoo.data.batches import in_order
from genzoo.data.dataset import Dataset
from genzoo.data.view import View
from genzoo.errors import BadInput
from genzoo.evaluation.clock import duration, now, timed
from genzoo.evaluation.flops import Call, flops, forward_pass, in_flops, sampling, scoring
from genzoo.evaluation.memory import peak_memory
from genzoo.images import from_levels
from genzoo.models import Model, parameter_count
from genzoo.models.base import Pictured, Samples, evaluating
from genzoo.objectives import build_objective
from genzoo.random import seeded
from genzoo.training.config import Config
from genzoo.training.loop import play
from genzoo.training.run import start
from genzoo.types import Batch, Given

Kind = Literal["forward", "score", "sample", "train"]


@dataclass(frozen=True)
class Work:
    """What one kind of work costs an item.

    Args:
        seconds: wall-clock time of an item, by how many are worked on at once.
        flops: floating-point operations of an item; None where they were not counted.
        memory: bytes at the peak of a batch, beyond model and batch, by its size.
    """

    seconds: Mapping[int, float]
    flops: float | None = None
    memory: Mapping[int, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As JSON; `from_json` is its inverse."""
        seconds, memory = ({str(k): v for k, v in d.items()} for d in (self.seconds, self.memory))
        return {"seconds": seconds, "flops": self.flops, "memory": memory}

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> "Work":
        """The work that `to_json` wrote."""
        seconds, memory = ({int(k): v for k, v in value[name].items()} for name in ("seconds", "memory"))
        return Work(seconds, value["flops"], memory)


@dataclass(frozen=True)
class Cost:
    """The cost of a model on one machine.

    Args:
        parameters: how many numbers are learned.
        forward_pass: what one forward pass is for this model, in words.
        work: by kind: a `forward` pass, to `score` an item, to draw a `sample`, to `train` on an image.
        repeats: measurements that each time is the median of, after one that does not count.
        device: where it ran.
        threads: of the processor.
    """

    parameters: int
    forward_pass: str
    work: Mapping[Kind, Work]
    repeats: int
    device: str
    threads: int

    @property
    def seconds_per_sample(self) -> float:
        """Wall-clock time of a new item when `batch` are drawn at once."""
        return self._sample.seconds[self.batch]

    @property
    def batch(self) -> int:
        """Items drawn at once: the most that was measured."""
        return max(self._sample.seconds)

    @property
    def _sample(self) -> Work:
        if "sample" not in self.work:
            raise BadInput("this model draws no samples, so a sample has no cost")
        return self.work["sample"]

    def passes(self, kind: Kind, batch: int | None = None) -> float | None:
        """How many forward passes an item costs: in FLOPs, or in time with `batch` items at once.

        None where either was not measured, or a forward pass has no operations that are counted.
        """
        forward, work = self.work.get("forward"), self.work.get(kind)
        if forward is None or work is None:
            return None
        one, here = forward.flops, work.flops
        if batch is not None:
            one, here = forward.seconds.get(batch), work.seconds.get(batch)
        return None if one is None or here is None or one == 0 else here / one

    def to_json(self) -> dict[str, Any]:
        """As JSON: what was measured, and in forward passes; `from_json` is its inverse."""
        work = {}
        for kind, one in self.work.items():
            timed = {str(batch): self.passes(kind, batch) for batch in one.seconds}
            work[kind] = one.to_json() | {"passes": {"flops": self.passes(kind), "seconds": timed}}
        return {
            "parameters": self.parameters,
            "forward_pass": self.forward_pass,
            "seconds_per_sample": self.seconds_per_sample if "sample" in self.work else None,
            "work": work,
            "repeats": self.repeats,
            "device": self.device,
            "threads": self.threads,
        }

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> "Cost":
        """The cost that `to_json` wrote."""
        work = {kind: Work.from_json(one) for kind, one in value["work"].items()}
        kept = {k: value[k] for k in ("parameters", "forward_pass", "repeats", "device", "threads")}
        return Cost(work=work, **kept)

    def in_words(self) -> list[tuple[str, str]]:
        """(heading, text) of every part of it; the same headings for every model."""
        one = self.work.get("forward")
        said = f"{self.forward_pass}: {in_flops(one.flops)}" if one else self.forward_pass
        rows = [("parameters", f"{self.parameters:,}"), ("one forward pass", said)]
        kinds: dict[Kind, str] = {"score": "scoring an item", "sample": "a new item", "train": "training"}
        rows += [(heading, self._worked(kind)) for kind, heading in kinds.items()]
        peaks = {"scoring": self.work.get("score"), "sampling": self.work.get("sample")}
        memory = [
            f"{what} {n}: {m / 1e6:.1f} MB" for what, w in peaks.items() if w for n, m in w.memory.items()
        ]
        return [*rows, ("peak memory", ", ".join(memory) or "–")]

    def _worked(self, kind: Kind) -> str:
        """A kind of work in forward passes, by operations and by the clock."""
        if kind not in self.work:
            return "–"
        work, parts = self.work[kind], []
        if (passes := self.passes(kind)) is not None:
            parts.append(f"{passes:.3g} passes by FLOPs")
        for n, seconds in work.seconds.items():
            passes = self.passes(kind, n)
            ratio = "" if passes is None else f" = {passes:.3g} passes"
            parts.append(f"{n} at once {duration(seconds)}{ratio}")
        return ", ".join(parts)


def measure(
    model: Model,
    dataset: Dataset | None = None,
    config: Config | None = None,
    *,
    view: View | None = None,
    batches: Sequence[int] = (1, 64),
    repeats: int = 5,
    steps: int = 3,
    seed: int = 0,
) -> Cost:
    """Everything that a model costs: a forward pass, scoring, sampling and training, as far as it has them.

    Each time is the median of `repeats`, see `timed`; FLOPs are counted at the smallest batch, memory at the
    largest. Training is that of `config`, on a throw-away copy.

    Args:
        dataset: whose items are scored and trained on; noise without it.
        config: the run's configuration; training is measured if this and `dataset` are given.
        view: how items are presented, where there is no configuration.
        batches: how many items at once.
        steps: turns of training, after one that does not count.
    """
    if not batches or min(batches) < 1 or repeats < 1 or steps < 1:
        raise BadInput(f"expected at least one item and one repeat, got {batches=}, {repeats=}, {steps=}")
    view = config.view if config else view or View()
    sizes, device = sorted(set(batches)), model.like.device
    seconds: dict[Kind, dict[int, float]] = {}
    training = _training(model, dataset, config, steps) if dataset and config else None
    with evaluating(model):
        for n in sorted({*sizes, *(training.seconds if training else ())}):
            said, calls = _calls(model, _batch(model, dataset, view, n, seed))
            here = calls if n in sizes else _only("forward", calls)
            for kind, time_ in timed(here, repeats, device, seed).items():
                seconds.setdefault(kind, {})[n] = time_ / n
        made = _counted(model, dataset, view, seconds, (sizes[0], sizes[-1]), seed)
    work = made | ({"train": training} if training else {})
    return Cost(parameter_count(model), said, work, repeats, str(device), torch.get_num_threads())


def sampling_cost(
    model: Model, *, batch: int = 16, repeats: int = 5, given: Given | None = None, seed: int = 0
) -> Cost:
    """Parameters and the median time of a sample, and nothing else.

    Args:
        given: the conditions of `batch` items, for a conditional model.
    """
    if not isinstance(model, Samples):
        raise BadInput(f"{type(model).__name__} cannot sample, so a sample has no cost")
    if batch < 1 or repeats < 1:
        raise BadInput(f"expected at least one item and one repeat, got batch={batch}, repeats={repeats}")
    device = model.like.device
    with evaluating(model):
        seconds = timed({"": lambda: model.sample(batch, given)}, repeats, device, seed)[""]
        said, _ = forward_pass(model, _noise(model, 1, seed))
    work: dict[Kind, Work] = {"sample": Work({batch: seconds / batch})}
    return Cost(parameter_count(model), said, work, repeats, str(device), torch.get_num_threads())


def _calls(model: Model, batch: Batch) -> tuple[str, dict[Kind, Call]]:
    """What one forward pass is, and the kinds of work on a batch that the model can do."""
    said, once = forward_pass(model, batch)
    able: dict[Kind, Call | None] = {
        "forward": once,
        "score": scoring(model, batch),
        "sample": sampling(model, batch),
    }
    return said, {kind: call for kind, call in able.items() if call}


def _counted(
    model: Model,
    dataset: Dataset | None,
    view: View,
    seconds: Mapping[Kind, Mapping[int, float]],
    ends: tuple[int, int],
    seed: int,
) -> dict[Kind, Work]:
    """The work that was timed, with its operations at the smaller batch and its memory at the larger."""
    few, many = (_calls(model, _batch(model, dataset, view, n, seed))[1] for n in ends)
    device = model.like.device
    return {
        kind: Work(times, flops(few[kind]) / ends[0], {ends[1]: peak_memory(many[kind], device)})
        for kind, times in seconds.items()
    }


def _only(kind: Kind, calls: Mapping[Kind, Call]) -> Mapping[Kind, Call]:
    return {kind: calls[kind]}


def _training(model: Model, dataset: Dataset, config: Config, steps: int) -> Work:
    """What an image seen costs in training: turns of the run's own game, on a copy of its model."""
    settings, objective = config.settings, build_objective(dict(config.objective))
    batches = objective.batches(
        dataset, view=config.view, size=settings.batch, seed=settings.seed, requires=model.requires
    )
    twin = copy.deepcopy(model)
    players = {name: config.optimizer_of(name) for name in objective.players(twin)}
    run = start(twin, objective, batches, settings, players)
    run.model.train()
    times = []
    for _ in range(steps + 1):
        seen, began = run.images_seen, now(run.device)
        play(run)
        times.append((now(run.device) - began) / (run.images_seen - seen))
    seen = run.images_seen
    operations = flops(lambda: play(run))
    return Work({settings.batch: statistics.median(times[1:])}, operations / (run.images_seen - seen))


def _batch(model: Model, dataset: Dataset | None, view: View, n: int, seed: int) -> Batch:
    """`n` items for the model: of the training split, from its beginning, or noise."""
    if dataset is None:
        return _noise(model, n, seed)
    positions = np.resize(dataset.split("train"), n)
    items = in_order(dataset, positions, view=view, size=n, seed=seed, requires=model.requires)
    return next(items).map(model.placed)


def _noise(model: Model, n: int, seed: int) -> Batch:
    """`n` items of noise that the model has a density for."""
    with seeded(seed, "cost"):
        if model.levels is None:
            items = torch.rand(n, *model.shape)
        else:
            items = from_levels(torch.randint(model.levels, (n, *model.shape)), model.levels)
        if isinstance(model, Pictured) and model.requires == {"images"}:
            given: Given | None = Given(images=torch.rand(n, *model.condition_shape))
        else:
            given = given_labels(model, n)
    return Batch(items, given).map(model.placed)
