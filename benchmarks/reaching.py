"""How long genzoo and pythae train until one measurement of the same held-out images reaches a target."""

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from pythae.data.datasets import BaseDataset, DatasetOutput
from pythae.trainers import BaseTrainer, BaseTrainerConfig
from pythae.trainers.training_callbacks import TrainingCallback
from torch import Tensor

from benchmarks.pythae_nets import our_vae, taken, their_vae
from genzoo.data import Batches, Dataset, View
from genzoo.data.batches import in_order
from genzoo.models.base import evaluating
from genzoo.models.variational.vae import VAE
from genzoo.objectives.variational import NegativeELBO
from genzoo.random import by_item
from genzoo.training.loop import fit
from genzoo.training.run import start
from genzoo.training.settings import OptimizerSettings, Settings

EVERY, HELD_OUT = 200, 2000  # steps between two measurements; validation images


@dataclass(frozen=True)
class Seconds:
    """What is asked.

    Args:
        targets: ELBOs to reach.
        most: CPU seconds.
        lr: of ours, and images over which it falls.
        images: these.
        theirs: learning rates of pythae's trainer, each in a run of its own; None is its default.
    """

    targets: Sequence[float]
    most: float
    lr: float
    images: int
    theirs: Sequence[float | None]


class Reached(Exception):  # noqa: N818
    """The last target is reached, or the time is up."""


@dataclass
class Watch:
    """A stop watch that stands still while it measures.

    Args:
        measure: the ELBO of the model as it is.
        asked: what for.
    """

    measure: Callable[[], float]
    asked: Seconds
    spent: tuple[float, float] = (0.0, 0.0)  # CPU, clock
    steps: int = 0
    elbo: float = float("-inf")
    reached: dict[str, dict[str, float]] = field(default_factory=dict)
    began: tuple[float, float] = field(default_factory=lambda: (time.process_time(), time.perf_counter()))

    def step(self) -> None:
        """After each step of training."""
        self.steps += 1
        if self.steps % EVERY:
            return
        now = (time.process_time(), time.perf_counter())
        cpu, clock = (s + n - b for s, n, b in zip(self.spent, now, self.began, strict=True))
        self.spent = cpu, clock
        self.elbo = self.measure()
        for target in self.asked.targets:
            if self.elbo >= target and str(target) not in self.reached:
                cpu, clock = (round(s, 1) for s in self.spent)
                self.reached[str(target)] = {"cpu_seconds": cpu, "seconds": clock, "steps": self.steps}
        if len(self.reached) == len(self.asked.targets) or self.spent[0] > self.asked.most:
            raise Reached
        self.began = (time.process_time(), time.perf_counter())

    def to_json(self) -> dict[str, Any]:
        """What was reached when."""
        last = {"elbo": round(self.elbo, 2), "cpu_seconds": round(self.spent[0], 1), "steps": self.steps}
        return {"reached": self.reached, "last": last}


class Coins(BaseDataset):
    """pythae's data set with pixels drawn anew each time they are asked for, as ours are."""

    def __getitem__(self, index: int) -> DatasetOutput:
        return DatasetOutput(data=torch.bernoulli(self.data[index]), labels=self.labels[index])


class _Stepped(TrainingCallback):
    def __init__(self, watch: Watch) -> None:
        self.watch = watch

    def on_train_step_end(self, training_config: BaseTrainerConfig, **_: Any) -> None:
        self.watch.step()


def measuring(dataset: Dataset) -> Callable[[VAE], float]:
    """The mean ELBO of held-out images, binarized once, with the same noise each time."""
    view = View(binarize="static")
    held_out = list(in_order(dataset, "val", view=view, size=500, limit=HELD_OUT))

    def elbo(model: VAE) -> float:
        total = 0.0
        for batch in held_out:
            with evaluating(model), by_item(batch.index, 0, "reach"):
                total += float(model.elbo(batch.images).sum())
        return total / sum(map(len, held_out))

    return elbo


def ours(dataset: Dataset, asked: Seconds) -> dict[str, Any]:
    """Training by our loop; what is measured, as after any training of ours, are the averaged weights."""
    how = Settings(images=asked.images, batch=100, schedule="cosine", warmup=200, ema=0.999)
    batches = Batches(dataset, view=View(binarize="dynamic"), size=100)
    run = start(our_vae("mlp"), NegativeELBO(), batches, how, OptimizerSettings(lr=asked.lr))
    elbo = measuring(dataset)
    watch = Watch(lambda: elbo(run.learned()), asked)
    with contextlib.suppress(Reached):
        fit(run, hooks=[lambda *_: watch.step()])
    said = {"lr": asked.lr, "batch": 100, "schedule": "cosine", "images": asked.images, "ema": 0.999}
    return {"settings": said | {"init": "He, ours"}, **watch.to_json()}


def theirs(dataset: Dataset, folder: Path, asked: Seconds, lr: float | None) -> dict[str, Any]:
    """Training by pythae's trainer, with no validation set.

    Args:
        lr: with batches of 100, constant; None is its own, 1e-4, with batches of 64.
    """
    grey: Tensor = next(in_order(dataset, "train", size=len(dataset.split("train")))).images
    data = Coins(grey, torch.ones(len(grey)))
    config = BaseTrainerConfig(output_dir=str(folder), num_epochs=10**4)
    if lr is not None:
        config.learning_rate, config.per_device_train_batch_size = lr, 100
    torch.manual_seed(0)
    model, elbo = their_vae("mlp"), measuring(dataset)
    watch = Watch(lambda: elbo(taken(model)), asked)
    trainer = BaseTrainer(model, data, training_config=config, callbacks=[_Stepped(watch)])
    watch.began = (time.process_time(), time.perf_counter())
    with contextlib.suppress(Reached):
        trainer.train()
    said = {"lr": config.learning_rate, "batch": config.per_device_train_batch_size, "schedule": "constant"}
    return {"settings": said | {"init": "torch's"}, **watch.to_json()}


def reach(dataset: Dataset, folder: Path, asked: Seconds) -> dict[str, Any]:
    """Both libraries on dynamically binarized images, and pythae with its defaults."""
    found = {"genzoo": ours(dataset, asked)}
    print("genzoo:", found["genzoo"], flush=True)
    for lr in asked.theirs:
        name = "pythae, its defaults" if lr is None else f"pythae, {lr:g}"
        found[name] = theirs(dataset, folder, asked, lr)
        print(f"{name}:", found[name], flush=True)
    return {"asked": {"targets": list(asked.targets), "most_cpu_seconds": asked.most}, "found": found}
