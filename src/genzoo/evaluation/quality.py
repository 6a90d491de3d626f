"""How good samples are: a model's, or another program's, against real images in the features of one net."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from genzoo.data.batches import in_order
from genzoo.data.dataset import Dataset
from genzoo.data.view import View
from genzoo.errors import BadInput
from genzoo.evaluation.diversity import diversity
from genzoo.evaluation.drawn import draw
from genzoo.evaluation.features import Extractor
from genzoo.evaluation.fid import frechet
from genzoo.evaluation.inception_score import inception_score
from genzoo.evaluation.kid import MOST, kernel_distance
from genzoo.evaluation.likelihood import check_shape
from genzoo.evaluation.neighbours import Neighbours, memorised, nearest, proportion
from genzoo.evaluation.precision_recall import density_coverage, precision_recall
from genzoo.evaluation.reference import features_of, real_features
from genzoo.evaluation.result import Result
from genzoo.evaluation.shards import Tick
from genzoo.evaluation.statistics import Estimate, Rows
from genzoo.models import Model
from genzoo.random import seed_of
from genzoo.types import Batch, Given

FEWEST = 10  # samples and real images: ten splits, five neighbours
_SHARES = ("precision", "recall", "coverage", "memorisation")

Measured = Iterator[tuple[str, Estimate, str]]  # a quantity, its value, what more there is to say


@dataclass(frozen=True)
class Quality:
    """What was measured of samples, and what a page needs to show them.

    Args:
        results: fid, kid, precision, recall, density, coverage, diversity; inception_score where the
            features' net knows classes; memorisation where there are training images.
        samples: the images, uint8, n c h w.
        nearest: the training image nearest to each sample, its position in the data set and its distance.
        note: what has to be said of a small set; None for a large one.
    """

    results: list[Result]
    samples: NDArray[np.uint8]
    nearest: Neighbours | None
    note: str | None


@dataclass(frozen=True)
class _Real:
    """Real images as features.

    Args:
        features: of the split that samples are compared with.
        training: of the training split, None if it has fewer than two images.
        positions: of the training images in the data set.
        unseen: which rows of `features` are not of training images.
    """

    features: Rows
    training: Rows | None
    positions: Tensor
    unseen: Tensor


def quality(
    model: Model,
    dataset: Dataset,
    extractor: Extractor,
    *,
    view: View | None = None,
    split: str = "test",
    samples: int = 5000,
    seed: int = 0,
    batch: int = 64,
    given: Given | None = None,
    tick: Tick | None = None,
) -> Quality:
    """Draws samples of a model, those of `genzoo sample --seed`, and compares them with real images.

    Both are taken as PNG files hold them, in 8 bits, and seen through one view: with the run's own, a model
    of binarized digits is compared with binarized digits; what a coarser one hides it hides for both.

    Args:
        view: how samples and real images are seen; a run remembers its own.
        split: the real images: `train`, `val`, `test` or `all`.
        samples: how many are drawn.
        seed: of the samples, and of static and dynamic binarization.
        batch: images at a time.
        given: the conditions of each sample; by default classes take turns.
        tick: told how many more images are drawn or seen: `samples + images_seen(dataset, samples, split)` in
            all.
    """
    if samples < FEWEST:
        raise BadInput(f"--samples must be at least {FEWEST}, got {samples}")
    check_shape(model, dataset, "makes")
    drawn = draw(model, samples, given=given, seed=seed, batch=batch, tick=tick)
    return quality_of(drawn, dataset, extractor, view=view, split=split, seed=seed, batch=batch, tick=tick)


def quality_of(
    items: NDArray[np.uint8] | Dataset,
    dataset: Dataset,
    extractor: Extractor,
    *,
    view: View | None = None,
    split: str = "test",
    seed: int = 0,
    batch: int = 64,
    tick: Tick | None = None,
) -> Quality:
    """Compares images, whatever made them, with the real images of a split; see `quality`.

    Args:
        items: uint8, n c h w, or a data set, all of it; seen through the view.
        tick: told how many more images are seen, `images_seen` in all.
    """
    view, images = view or View(), items.items if isinstance(items, Dataset) else items
    _check(images, dataset, split)
    see = partial(real_features, extractor=extractor, view=view, seed=seed, batch=batch, tick=tick)
    if isinstance(items, Dataset):
        x = see(items, split="all")
    else:
        x = features_of(_seen(images, view, batch, seed), extractor, dataset.shape, len(images), tick)
    x, real = x.to(_device(extractor)), _real(dataset, split, see, _device(extractor))
    note = small_sample_note(min(len(x), len(real.features)), x.shape[1])
    found = nearest(x, real.training) if real.training is not None else None
    protocol = (
        f"{dataset.name} {split}, {view.protocol()}, {len(x):,} samples and {len(real.features):,} real "
        "images of 8 bits"
    )
    results = []
    for name, estimate, more in _measured(x, real, found, extractor, note):
        said, unit = f"{protocol}, {more}" if more else protocol, "share" if name in _SHARES else ""
        results.append(Result(f"{name}[{extractor.label}]", *estimate, len(x), unit, "estimate", said, seed))
    return Quality(results, images, _placed(found, real.positions), note)


def _real(dataset: Dataset, split: str, see: Callable[..., Rows], device: torch.device) -> _Real:
    positions = dataset.splits.get("train", np.empty(0, np.int64))
    return _Real(
        see(dataset, split=split).to(device),
        see(dataset, split="train").to(device) if len(positions) > 1 else None,
        torch.from_numpy(positions),
        torch.from_numpy(~np.isin(dataset.split(split), positions)).to(device),
    )


def _measured(
    x: Rows, real: _Real, found: Neighbours | None, extractor: Extractor, note: str | None
) -> Measured:
    """Every number, one after the other."""
    y = real.features
    yield "fid", frechet(x, y), note or ""
    capped = f"of the larger set {MOST:,} evenly spaced images" if max(len(x), len(y)) > MOST else ""
    yield "kid", kernel_distance(x, y), capped
    precision, recall = precision_recall(x, y)
    yield "precision", precision, "k = 3, error for fixed real images"
    yield "recall", recall, "k = 3, error for fixed samples"
    density, coverage = density_coverage(x, y)
    yield "density", density, "k = 5, error for fixed real images"
    yield "coverage", coverage, "k = 5, error for fixed samples"
    yield "diversity", diversity(x, y), ""
    if extractor.head is not None:
        score, of_real = (inception_score(_logits(extractor, features)) for features in (x, y))
        yield "inception_score", score, f"10 splits, real images score {of_real.value:.3f}"
    if real.training is not None and found is not None:
        yield "memorisation", proportion(memorised(found, real.training)), _norm(real, real.training)


def _norm(real: _Real, training: Rows) -> str:
    """The memorisation share of images that no model was trained on, in words."""
    said = f"{len(training):,} training images, error for these"
    unseen = real.features[real.unseen]
    if not len(unseen):
        return f"{said}, no unseen images for a norm"
    norm = proportion(memorised(nearest(unseen, training), training))
    return f"{said}, {norm.value:.4f} of {len(unseen):,} unseen real images"


def small_sample_note(n: int, d: int) -> str | None:
    """What has to be said of a Fréchet distance of `n` images in `d` dimensions; None if there are enough.

    >>> small_sample_note(500, 64)
    '500 images are few: fid is biased upward, so compare it at equal numbers only; kid is not biased'
    """
    if n >= max(2048, 2 * d):
        return None
    return (
        f"{n:,} images are few: fid is biased upward, so compare it at equal numbers only; kid is not biased"
    )


def images_seen(dataset: Dataset, samples: int, split: str = "test") -> int:
    """How many images `quality_of` computes features of: what its `tick` adds up to."""
    training = len(dataset.splits.get("train", ()))
    return samples + len(dataset.split(split)) + (training if training > 1 else 0)


def _check(images: NDArray[np.uint8], dataset: Dataset, split: str) -> None:
    if dataset.kind != "images":
        raise BadInput(
            f"{dataset.name}: the quality of samples is measured of images, these are {dataset.kind}"
        )
    if images.dtype != np.uint8 or images.shape[1:] != dataset.shape:
        expected = " ".join(map(str, dataset.shape))
        raise BadInput(
            f"expected uint8 samples (n {expected}) as in {dataset.name}, got {images.dtype} {images.shape}"
        )
    count = len(dataset.split(split))
    if min(len(images), count) < FEWEST:
        raise BadInput(
            f"{dataset.name} {split}: quality needs at least {FEWEST} samples and {FEWEST} real images, got "
            f"{len(images)} and {count}"
        )


def _seen(images: NDArray[np.uint8], view: View, size: int, seed: int) -> Iterator[Batch]:
    """Samples as the view shows them, by their own draws; a binarization leaves binary ones as they are."""
    drawn = Dataset("samples", "images", images, {})
    return in_order(drawn, "all", view=view, size=size, seed=seed_of(seed, "samples seen"))


def _device(extractor: Extractor) -> torch.device:
    """Where numbers are computed: where the net is, if that can count in float64."""
    device = next(extractor.net.parameters()).device
    return torch.device("cpu") if device.type == "mps" else device


def _logits(extractor: Extractor, features: Rows) -> Tensor:
    """Class logits, from where the net is to where the features are."""
    there = next(extractor.net.parameters()).device
    return extractor.logits(features.to(there)).to(features.device)


def _placed(found: Neighbours | None, positions: Tensor) -> Neighbours | None:
    """Neighbours in the training split as positions in the data set."""
    return Neighbours(positions[found.index.cpu()], found.distance.cpu()) if found else None
