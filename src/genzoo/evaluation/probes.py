"""Probes: how well a linear classifier, or a vote of neighbours, reads the class from N labelled features."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from genzoo.data.dataset import Dataset
from genzoo.data.few import classes_of, labelled
from genzoo.data.view import View
from genzoo.errors import BadInput
from genzoo.evaluation.logistic import PRIOR, fit_probe
from genzoo.evaluation.representation import Taken, Tick, representations, take
from genzoo.evaluation.result import Result, over_repetitions
from genzoo.models import Model
from genzoo.types import Labels

SIZES = (10, 100, 1000, None)  # labels; None for all of them
NEIGHBOURS = 5
_CHUNK = 4096  # rows at once


def knn_predict(
    features: Float[Tensor, "n d"],
    labels: Int[Tensor, " n"],
    classes: int,
    queries: Float[Tensor, "m d"],
    *,
    neighbours: int = NEIGHBOURS,
) -> Int[Tensor, " m"]:
    """The class that most of the nearest labelled features have; of equal counts, that of the nearest one.

    Euclidean distance. A class with fewer labelled items than `neighbours` could never win, so no more
    neighbours vote than the smallest class has items.
    """
    counts = torch.bincount(labels, minlength=classes)
    k = max(1, min(neighbours, int(counts[counts > 0].min())))
    labels = labels.to(features.device)
    centre = features.mean(0)  # smaller numbers lose less in ‖y‖² − 2xᵀy; ‖x‖² is the same for all y
    rank = torch.arange(k, 0, -1, device=features.device) / (k + 1)  # below one vote
    found = []
    for part in queries.split(_CHUNK // 2):
        best, nearest = part.new_full((len(part), 0), math.inf), labels.new_empty(len(part), 0)
        for base, truth in zip(features.split(_CHUNK), labels.split(_CHUNK), strict=True):
            base = base - centre
            distance = base.square().sum(1) - 2 * ((part - centre) @ base.T)
            near = distance.topk(min(k, len(base)), largest=False)
            best = torch.cat([best, near.values], 1)
            nearest = torch.cat([nearest, truth[near.indices]], 1)
            order = best.topk(min(k, best.shape[1]), largest=False).indices
            best, nearest = best.gather(1, order), nearest.gather(1, order)
        votes = F.one_hot(nearest, classes).sum(1).to(rank)
        first = torch.zeros_like(votes).scatter_reduce_(1, nearest, rank.expand_as(nearest), "amax")
        found.append((votes + first).argmax(1))
    return torch.cat(found)


@dataclass(frozen=True)
class Setting:
    """What a probe is measured on.

    Args:
        dataset: labelled.
        view: how its items are presented.
        sizes: numbers of labels, None for all.
        seeds: how many subsets of each size.
        test: positions of the items that are predicted.
        split: what that split is called.
        seed: of static binarization.
    """

    dataset: Dataset
    view: View
    sizes: tuple[int | None, ...]
    seeds: int
    test: NDArray[np.int64]
    split: str
    seed: int

    def subsets(self, n: int | None) -> list[NDArray[np.int64]]:
        """The labelled items of each repetition; all of them are one."""
        return [labelled(self.dataset, n, s) for s in range(self.seeds if n is not None else 1)]

    def everything(self) -> NDArray[np.int64]:
        """Every labelled item of any repetition."""
        return np.unique(np.concatenate([subset for n in self.sizes for subset in self.subsets(n)]))

    def truth(self, positions: NDArray[np.int64]) -> Labels:
        """The classes of items."""
        assert self.dataset.labels is not None
        return torch.from_numpy(self.dataset.labels[positions])

    def result(self, quantity: str, n: int | None, what: str, shares: Sequence[float], how: str) -> Result:
        """The mean accuracy over repetitions and its standard error s/√repetitions.

        All labels are one subset, so there the error is that of a share of the test items, √(p(1 − p)/n).
        """
        (value, stderr), m = over_repetitions(shares), len(self.test)
        if n is None:
            stderr = math.sqrt(value * (1 - value) / m)
            drawn = f"all {len(self.dataset.split('train'))} labels, error over test items"
        else:
            drawn = f"{n} labels in equal parts, {len(shares)} subsets, error over subsets"
        name = f"{quantity}[{'all' if n is None else n}{':' if what else ''}{what}]"
        view = f"{self.view.protocol()}, " if self.dataset.kind == "images" else ""
        protocol = f"{self.dataset.name} {self.split}, {view}{drawn}, {how}"
        return Result(name, value, stderr, m, "share", "estimate", protocol, self.seed)


def setting(
    dataset: Dataset,
    *,
    view: View | None,
    labels: Sequence[int | None] | None,
    seeds: int,
    split: str,
    limit: int | None,
    seed: int,
) -> Setting:
    """What to measure on, checked; without `labels` those of 10, 100, 1,000 and all that the data allow."""
    classes, train = classes_of(dataset), len(dataset.split("train"))
    if split in ("train", "all"):
        raise BadInput(f"--split {split}: a probe learns from the training items; give val or test")
    if seeds < 1:
        raise BadInput(f"--seeds must be at least 1, got {seeds}")
    if limit is not None and limit < 1:
        raise BadInput(f"--limit must be at least 1, got {limit}")
    if labels is None:
        labels = [n for n in SIZES if n is None or classes <= n < train]
    test = dataset.split(split)[:limit]
    return Setting(dataset, view or View(), tuple(labels), seeds, test, split, seed)


def probe(
    model: Model,
    dataset: Dataset,
    *,
    view: View | None = None,
    labels: Sequence[int | None] | None = None,
    seeds: int = 5,
    split: str = "test",
    limit: int | None = None,
    against: Sequence[str] = ("hidden", "pixels", "pca", "random"),
    seed: int = 0,
    batch: int = 256,
    tick: Tick | None = None,
) -> list[Result]:
    """Accuracy on unseen items of a linear probe and of nearest neighbours, on these features and on others.

    `probe_accuracy[100]` and `knn_accuracy[100]` are of the model's own features taught by 100 labels;
    `[100:pixels]` and so on of what it is compared with, on the same labelled items and the same test items.

    Reference: Alain & Bengio, 2017, arXiv:1610.01644 (probes); Radford et al., 2016, arXiv:1511.06434,
    section 5 (critics).

    Args:
        view: how the items are presented; a run remembers its own.
        labels: how many, None for all; by default 10, 100, 1,000 and all, as far as the data allow.
        seeds: labelled subsets of each size.
        split, limit: `test` or `val`, and only its first so many items.
        against: names in `representation.BASELINES`.
        seed: of static binarization and of untrained weights.
        batch: items at a time.
        tick: told of how many more items the features are there.
    """
    on = setting(dataset, view=view, labels=labels, seeds=seeds, split=split, limit=limit, seed=seed)
    everything = on.everything()
    results = []
    for name, represented in representations(model, dataset, view=on.view, names=tuple(against), seed=seed):
        options: Any = {"view": on.view, "seed": seed, "batch": batch, "tick": tick}
        taken = [take(represented, dataset, at, **options) for at in (everything, on.test)]
        results += probe_features(on, name, *taken)
    return results


def probe_features(on: Setting, name: str, train: Taken, test: Taken) -> list[Result]:
    """Both probes of one representation, at every number of labels."""
    classes, queries, d = classes_of(on.dataset), test.rows(on.test), test.values.shape[1]
    truth = on.truth(on.test).to(queries.device)
    results = []
    for n in on.sizes:
        linear, near = [], []
        for subset in on.subsets(n):
            features, labels = train.rows(subset), on.truth(subset)
            predicted = fit_probe(features, labels, classes).logits(queries).argmax(1)
            linear.append(float((predicted == truth).double().mean()))
            predicted = knn_predict(features, labels, classes, queries)
            near.append(float((predicted == truth).double().mean()))
        how = f"logistic regression on {d} features, prior variance of a logit {PRIOR:g}"
        results.append(on.result("probe_accuracy", n, name, linear, how))
        how = f"at most {NEIGHBOURS} nearest of {d} features"
        results.append(on.result("knn_accuracy", n, name, near, how))
    return results
