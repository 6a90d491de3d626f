"""Clusters of codes beside the classes: k-means and Gaussian mixtures, mutual information, Rand index."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

from genzoo.apply.fitted import fit_kmeans, fit_mixture
from genzoo.data.dataset import Dataset
from genzoo.data.view import View
from genzoo.errors import BadInput
from genzoo.evaluation.representation import Tick, representations, take
from genzoo.models import Model
from genzoo.types import Labels

Method = Literal["k-means", "mixture"]
METHODS: tuple[Method, ...] = ("k-means", "mixture")
MOST = 128  # numbers of a code up to which a mixture of full covariances is fitted


@dataclass(frozen=True)
class Clusters:
    """Items in groups.

    Args:
        assigned: the group of each item, int64, shape (n).
        typical: how near each is to the middle of its group, higher is nearer, shape (n).
    """

    assigned: Int[Tensor, " n"]
    typical: Float[Tensor, " n"]


def cluster(codes: Float[Tensor, "n d"], k: int, *, method: Method = "k-means", seed: int = 0) -> Clusters:
    """`k` groups of codes: the nearest centre, or the most probable Gaussian.

    Args:
        codes: on any device.
        method: in `METHODS`.
        seed: of where it begins.
    """
    points = codes.detach().cpu().double()
    if method == "k-means":
        centres, assigned = fit_kmeans(points, k, seed=seed)
        return Clusters(assigned, -(points - centres[assigned]).square().sum(1))
    if points.shape[1] > MOST:
        raise BadInput(
            f"a mixture of Gaussians in {points.shape[1]} dimensions has too many covariances to learn "
            f"(at most {MOST}); use k-means"
        )
    value, assigned = fit_mixture(points, k, seed=seed).log_joint(points).max(1)
    return Clusters(assigned, value)


def contingency(a: Labels, b: Labels) -> Float[Tensor, "k l"]:
    """How many items are in each pair of groups, float64."""
    counts = torch.zeros(int(a.max()) + 1, int(b.max()) + 1, dtype=torch.float64)
    return counts.index_put_((a.cpu(), b.cpu()), torch.ones((), dtype=torch.float64), accumulate=True)


def nmi(a: Labels, b: Labels) -> float:
    """Normalised mutual information of two groupings, 2 I(A; B)/(H(A) + H(B)), in [0, 1].

    Reference: Strehl & Ghosh, 2002, JMLR 3, here by the arithmetic mean of the entropies.

    >>> nmi(torch.tensor([0, 0, 1, 1]), torch.tensor([1, 1, 0, 0]))
    1.0
    """
    p = contingency(a, b) / len(a)
    joint, first, second = (float(torch.special.entr(q).sum()) for q in (p, p.sum(1), p.sum(0)))
    return 2 * (first + second - joint) / (first + second) if first + second > 0 else 1.0


def ari(a: Labels, b: Labels) -> float:
    """The Rand index of two groupings, adjusted for chance: 1 for equal ones, 0 on average for random ones.

    Reference: Hubert & Arabie, 1985, Journal of Classification 2, equation 5.

    >>> ari(torch.tensor([0, 0, 1, 1]), torch.tensor([1, 1, 0, 0]))
    1.0
    """
    table = contingency(a, b)
    together, rows, columns, everything = (
        float((n * (n - 1) / 2).sum())
        for n in (table, table.sum(1), table.sum(0), torch.tensor([len(a)], dtype=torch.float64))
    )
    expected = rows * columns / everything if everything else 0.0
    most = (rows + columns) / 2
    return (together - expected) / (most - expected) if most != expected else 1.0


@dataclass(frozen=True)
class Agreement:
    """How well clusters of some features agree with the classes, over several beginnings.

    Args:
        features: "" for the model's own, else a name in `representation.BASELINES`.
        size: how many numbers they are.
        method: in `METHODS`.
        clusters: how many.
        seeds: how many beginnings.
        nmi, ari: the mean over them.
        nmi_sd, ari_sd: the standard deviation between them; 0 of one.
        n: how many items.
    """

    features: str
    size: int
    method: str
    clusters: int
    seeds: int
    nmi: float
    nmi_sd: float
    ari: float
    ari_sd: float
    n: int

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def agreement(
    codes: Float[Tensor, "n d"], labels: Labels, k: int, *, features: str, method: Method, seeds: int
) -> Agreement:
    """NMI and ARI of `seeds` clusterings of codes with the labels."""
    found = [cluster(codes, k, method=method, seed=seed).assigned for seed in range(seeds)]
    shares, indices = ([score(one, labels) for one in found] for score in (nmi, ari))
    spread = statistics.stdev if seeds > 1 else lambda values: 0.0
    numbers = (statistics.fmean(shares), spread(shares), statistics.fmean(indices), spread(indices))
    return Agreement(features, codes.shape[1], method, k, seeds, *numbers, len(codes))


def agreements(
    model: Model,
    dataset: Dataset,
    positions: NDArray[np.int64],
    k: int,
    *,
    view: View | None = None,
    seeds: int = 5,
    against: Sequence[str] = ("hidden", "pixels", "pca"),
    seed: int = 0,
    tick: Tick | None = None,
) -> list[Agreement]:
    """Both methods on the model's code and on what it is compared with, beside the data set's labels.

    Mixtures are left out where there are more than 128 features. Principal components are fitted to the
    training split, as many as the code has numbers.

    Args:
        positions: of the items.
        k: how many clusters.
        seeds: beginnings of each clustering.
        against: names in `representation.BASELINES`.
        seed: of static binarization.
        tick: told of how many more items the features are there.
    """
    if dataset.labels is None:
        raise BadInput(f"{dataset.name}: no labels to compare clusters with")
    if seeds < 1:
        raise BadInput(f"--seeds must be at least 1, got {seeds}")
    positions, view = np.sort(positions), view or View()
    labels = torch.from_numpy(dataset.labels[positions])
    found = []
    for name, represented in representations(model, dataset, view=view, names=tuple(against), seed=seed):
        codes = take(represented, dataset, positions, view=view, seed=seed, tick=tick).values
        methods = METHODS if codes.shape[1] <= MOST else METHODS[:1]
        found += [agreement(codes, labels, k, features=name, method=m, seeds=seeds) for m in methods]
    return found
