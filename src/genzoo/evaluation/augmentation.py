"""A labelled synthetic set from a conditional model, and what it adds to a small classifier."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from genzoo.apply import draw_latents, given_labels, sample
from genzoo.apply.placement import nothing
from genzoo.data.batches import Batches
from genzoo.data.dataset import Dataset
from genzoo.data.few import classes_of, labelled
from genzoo.data.view import View
from genzoo.errors import BadInput
from genzoo.evaluation.features.training import FeatureClassifier
from genzoo.evaluation.finetune import CrossEntropy, accuracy_of
from genzoo.evaluation.representation import Tick
from genzoo.evaluation.result import over_repetitions
from genzoo.images import to_uint8
from genzoo.models import Model
from genzoo.models.base import Decodes, Samples, evaluating
from genzoo.random import seed_of, seeded
from genzoo.training.loop import fit
from genzoo.training.run import start
from genzoo.training.settings import OptimizerSettings, Settings
from genzoo.types import Images

BATCH = 64
_CHUNK = 256  # images drawn at once
_OPTIMIZER = OptimizerSettings("adamw", lr=3e-3, weight_decay=0.05)


@dataclass(frozen=True)
class Gain:
    """The accuracy on unseen real items of classifiers that saw real items alone, and synthetic ones as well.

    Args:
        labels: real labelled items; None for all of them, 0 for none: synthetic items alone.
        real: the mean share that is right after real items alone; None where there are none.
        real_stderr: its standard error over seeds, s/√seeds.
        both: the same when half of every batch is synthetic.
        both_stderr: its standard error.
        gain: the mean of both − real, seed by seed.
        gain_stderr: its standard error: of pairs that share real items and initial weights.
        seeds: repetitions, each with its own real items and its own initial weights.
        n: test items.
    """

    labels: int | None
    real: float | None
    real_stderr: float | None
    both: float
    both_stderr: float | None
    gain: float | None
    gain_stderr: float | None
    seeds: int
    n: int

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def classes_drawn(model: Model) -> int:
    """How many classes a model draws by name; BadInput if it is not conditional on labels."""
    name = type(model).__name__
    classes = model.spec.get("classes")
    if not isinstance(model, Samples) or "labels" not in model.requires or not isinstance(classes, int):
        raise BadInput(
            f"{name} does not draw images of a class that is asked for, so its samples have no labels; "
            "augment takes a conditional model, such as one that `genzoo train cvae-mnist` or "
            "`genzoo train vae --classes K` makes"
        )
    return classes


def draw_class(
    model: Model, label: int, count: int, *, seed: int = 0, mean: bool = False, tick: Tick = nothing
) -> Iterator[Images]:
    """`count` new images of one class, some at a time: a pure function of the model, label and seed.

    Args:
        mean: E[x|z, y] of a drawn z instead of a draw of x: smooth where p(x|z, y) draws binary pixels.
    """
    if count < 1:
        raise BadInput(f"--count must be at least 1, got {count}")
    if mean and not isinstance(model, Decodes):
        raise BadInput(f"--mean: {type(model).__name__} has no latents, so there is no mean of p(x | z)")
    for begin in range(0, count, _CHUNK):
        n = min(_CHUNK, count - begin)
        given, here = given_labels(model, n, label), seed_of(seed, "augment", label, begin)
        if mean and isinstance(model, Decodes):
            latents = draw_latents(model, n, given=given, seed=here)
            with evaluating(model):
                images = model.decode(latents, given).clamp(0, 1)
        else:
            images = sample(model, n, given=given, seed=here, batch=n)
        yield images
        tick(n)


def synthetic(
    model: Model, count: int, *, seed: int = 0, mean: bool = False, tick: Tick = nothing
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """`count` images of each class as bytes, shape (n, c, h, w), and their labels."""
    images = [
        to_uint8(part).numpy()
        for label in range(classes_drawn(model))
        for part in draw_class(model, label, count, seed=seed, mean=mean, tick=tick)
    ]
    return np.concatenate(images), np.repeat(np.arange(classes_drawn(model)), count)


def with_synthetic(
    dataset: Dataset, images: NDArray[np.uint8], labels: NDArray[np.int64], positions: NDArray[np.int64]
) -> Dataset:
    """The real items at `positions` in `real`, and with as many draws of synthetic ones in `both`.

    Half of what a classifier sees of `both` is synthetic, however many there are of either: the positions of
    the smaller part are repeated. The other splits are as they were.
    """
    real = np.asarray(dataset.labels)
    new = np.arange(len(dataset), len(dataset) + len(images))
    m = max(len(positions), len(new)) if len(positions) else len(new)
    both = np.concatenate([np.resize(positions, m) if len(positions) else positions, np.resize(new, m)])
    return replace(
        dataset,
        items=np.concatenate([dataset.items, images]),
        labels=np.concatenate([real, labels]),
        target=None,
        names=(),
        splits={**dataset.splits, "real": positions, "both": both},
    )


def what_it_adds(
    model: Model,
    dataset: Dataset,
    *,
    view: View | None = None,
    sizes: Sequence[int | None] = (100, 1000),
    seeds: int = 3,
    count: int = 1000,
    updates: int = 500,
    split: str = "test",
    mean: bool = False,
    seed: int = 0,
    tick: Tick = nothing,
) -> list[Gain]:
    """What synthetic images add to a small convolutional classifier at several numbers of real ones.

    Both sides have as many updates on batches of 64, the same initial weights and the same rule (AdamW, lr
    0.003, weight decay 0.05, a cosine); on one side every batch is real, on the other half of it is
    synthetic. The first row saw synthetic images alone.

    Reference: Ravuri & Vinyals, 2019, arXiv:1905.10887 (a classifier that saw synthetic images alone).

    Args:
        view: how real items are presented; with `mean` they are not binarized.
        sizes: real labelled items, None for all.
        seeds: repetitions.
        count: synthetic images of each class.
        updates: of each classifier.
        split: whose items are told apart: `test` or `val`.
        tick: told how many more updates were made.
    """
    _check(model, dataset, sizes, seeds, updates, split)
    seen = replace(view or View(), binarize="none") if mean else view or View()
    made = synthetic(model, count, seed=seed, mean=mean)
    study = _Study(dataset, made, seen, dataset.split(split), updates, model.like.device, tick)
    return [study.gain(n, seeds) for n in (0, *sizes)]


@dataclass(frozen=True)
class _Study:
    """What all classifiers have in common: real items, (images, labels) of synthetic ones, test, budget."""

    dataset: Dataset
    made: tuple[NDArray[np.uint8], NDArray[np.int64]]
    view: View
    test: NDArray[np.int64]
    updates: int
    device: torch.device
    tick: Tick

    def gain(self, n: int | None, seeds: int) -> Gain:
        """The row of `n` real items."""
        subsets = [labelled(self.dataset, n, s) if n != 0 else np.empty(0, np.int64) for s in range(seeds)]
        both = [self.accuracy(subset, "both", s) for s, subset in enumerate(subsets)]
        if n == 0:
            return Gain(0, None, None, *over_repetitions(both), None, None, seeds, len(self.test))
        real = [self.accuracy(subset, "real", s) for s, subset in enumerate(subsets)]
        gains = [b - r for b, r in zip(both, real, strict=True)]
        return Gain(
            n,
            *over_repetitions(real),
            *over_repetitions(both),
            *over_repetitions(gains),
            seeds,
            len(self.test),
        )

    def accuracy(self, real: NDArray[np.int64], part: str, seed: int) -> float:
        """Of a classifier that saw the items of `part`, on the test items."""
        data = with_synthetic(self.dataset, *self.made, real)
        model = _trained(data, part, self.view, seed, self.updates, self.device, self.tick)
        return accuracy_of(model, data, self.test, view=self.view)


def _check(
    model: Model, dataset: Dataset, sizes: Sequence[int | None], seeds: int, updates: int, split: str
) -> None:
    """Everything that could go wrong later, before any classifier is trained."""
    classes = classes_of(dataset)
    if classes_drawn(model) != classes:
        raise BadInput(f"the run draws {classes_drawn(model)} classes, {dataset.name} has {classes}")
    if dataset.kind != "images":
        raise BadInput(f"{dataset.name}: holds {dataset.kind}, and the classifier takes images")
    if seeds < 1 or updates < 1:
        raise BadInput(f"--seeds and --updates must be at least 1, got {seeds} and {updates}")
    if split in ("train", "all"):
        raise BadInput(f"--split {split}: classifiers learn from the training items; give val or test")
    for n in sizes:
        labelled(dataset, n, 0)


def trainings(sizes: Sequence[int | None], seeds: int) -> int:
    """How many classifiers `what_it_adds` trains."""
    return seeds * (1 + 2 * len(sizes))


def _trained(
    dataset: Dataset, part: str, view: View, seed: int, updates: int, device: torch.device, tick: Tick
) -> Model:
    """A small classifier after `updates` updates on a split."""
    with seeded(seed, "augmentation"):
        model = FeatureClassifier(dataset.shape, classes=classes_of(dataset)).to(device)
    images = updates * BATCH
    settings = Settings(
        images=images, batch=BATCH, seed=seed, schedule="cosine", horizon=images, warmup=updates // 20
    )
    batches = Batches(dataset, part, view=view, size=BATCH, seed=seed, requires={"labels"})
    hooks: list[Callable[..., None]] = [lambda run, losses: tick(1)]
    fit(start(model, CrossEntropy(), batches, settings, _OPTIMIZER), hooks=hooks)
    return model.eval()
