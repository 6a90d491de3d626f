"""What a model makes of images, as vectors to learn classes from, and what that has to beat."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from math import prod

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from genzoo.configurable import build
from genzoo.data.batches import in_order
from genzoo.data.dataset import Dataset
from genzoo.data.view import View
from genzoo.errors import BadInput, nearest
from genzoo.models import Model
from genzoo.models.base import Encodes, evaluating
from genzoo.models.classifier import Layer, hidden_layers, layer_of
from genzoo.random import seed_of, seeded
from genzoo.types import Given, Items

Represent = Callable[[Items], Float[Tensor, "b d"]]
Tick = Callable[[int], None]  # told how many more items are done

IN_MEMORY = 2**30  # bytes of features; more are kept in a temporary file
COMPONENTS = 100  # most of a PCA
_COVARIANCE = 4096  # numbers in an image up to which its covariance is accumulated
BASELINES = ("hidden", "pixels", "pca", "random", "random-hidden")
_FEW = 2048  # images whose principal components are taken above that


def represent(
    model: Model, images: Items, given: Given | None = None, *, layer: Layer = "code"
) -> Float[Tensor, "b d"]:
    """The features of a batch, computed where the model is, in evaluation mode, shape (b, d).

    A model that encodes gives its code (a posterior's mean where it is random), one with a critic the
    critic's hidden layers; with `layer="hidden"` an encoder gives its hidden layers too. Maps are max-pooled
    to a 4×4 grid.

    Reference: Radford, Metz & Chintala, 2016, arXiv:1511.06434, section 5.1.
    """
    with evaluating(model):
        given = given.map(model.placed) if given else None
        return layer_of(model, model.placed(images), given, layer)


def code_size(model: Model) -> int:
    """How many numbers `represent` gives for an item."""
    return represent(model, torch.zeros(1, *model.shape)).shape[1]


def has_hidden(model: Model) -> bool:
    """Whether there are hidden layers of an encoder beside its code."""
    with evaluating(model):
        return isinstance(model, Encodes) and bool(
            hidden_layers(model, model.placed(torch.zeros(1, *model.shape)))
        )


def pixels(images: Items) -> Float[Tensor, "b d"]:
    """The numbers of each item as they are."""
    return images.flatten(1)


def untrained(model: Model, seed: int = 0) -> Model:
    """The same net with fresh weights: what its architecture alone is worth."""
    with seeded(seed, "untrained"):
        twin: Model = build(model.spec)
    return twin.to(model.like.device, model.like.dtype).eval()


@dataclass(frozen=True)
class PCA:
    """Principal components: (x − μ)ᵀV with the columns of V the leading eigenvectors of the covariance.

    Args:
        mean: μ, float64, shape (d).
        axes: V, float64, shape (d, k).
    """

    mean: Float[Tensor, " d"]
    axes: Float[Tensor, "d k"]

    def __call__(self, images: Items) -> Float[Tensor, "b k"]:
        """The coordinates of each item, shape (b, k)."""
        x = images.flatten(1).to(self.mean.device, torch.float64)
        return ((x - self.mean) @ self.axes).to(images.dtype)


def fit_pca(dataset: Dataset, components: int, *, view: View, seed: int = 0, batch: int = 1024) -> PCA:
    """The leading principal components of the training images, as a model sees them.

    The covariance is accumulated batch by batch in float64. Images of more than 4,096 numbers give the
    components of 2,048 of them, by the seed.
    """
    positions = dataset.split("train")
    size = prod(dataset.shape)
    if size > _COVARIANCE:
        positions = np.random.default_rng(seed_of(seed, "pca")).permutation(positions)[:_FEW]
    total, products, n = torch.zeros(size, dtype=torch.float64), None, len(positions)
    rows = []
    for x in in_order(dataset, positions, view=view, size=batch, seed=seed):
        flat = x.images.flatten(1).double()
        total += flat.sum(0)
        if size > _COVARIANCE:
            rows.append(flat)
        else:
            products = flat.T @ flat + (0 if products is None else products)
    mean = total / n
    if products is not None:
        axes = torch.linalg.eigh(products - n * torch.outer(mean, mean)).eigenvectors.flip(1)
    else:
        axes = torch.linalg.svd(torch.cat(rows) - mean, full_matrices=False).Vh.T
    return PCA(mean, axes[:, :components].contiguous())


@dataclass(frozen=True)
class Taken:
    """The features of some items of a data set.

    Args:
        values: float32, shape (n, d), of each item of `positions`.
        positions: of the items in the data set, sorted.
    """

    values: Float[Tensor, "n d"]
    positions: NDArray[np.int64]

    def rows(self, positions: NDArray[np.int64]) -> Float[Tensor, "m d"]:
        """The features of items among them."""
        if len(positions) == len(self.positions):
            return self.values
        return self.values[
            torch.from_numpy(np.searchsorted(self.positions, positions)).to(self.values.device)
        ]


def take(
    represented: Represent,
    dataset: Dataset,
    positions: NDArray[np.int64],
    *,
    view: View,
    seed: int = 0,
    batch: int = 256,
    tick: Tick | None = None,
) -> Taken:
    """The features of the items at `positions`, each computed once; binarization is by (seed, index)."""
    positions = np.sort(positions)
    values, start = None, 0
    for part in in_order(dataset, positions, view=view, size=batch, seed=seed):
        with torch.no_grad():
            here = represented(part.images).float()
        here = here.cpu() if here.device.type == "mps" else here  # it has no float64 for what follows
        values = _room(len(positions), here) if values is None else values
        values[start : start + len(here)] = here
        start += len(here)
        if tick:
            tick(len(here))
    if values is None:
        raise BadInput(f"{dataset.name}: no items to take features of")
    if not values.isfinite().all():
        raise FloatingPointError(f"{dataset.name}: features are not finite")
    return Taken(values, positions)


def _room(n: int, like: Tensor) -> Tensor:
    """Space for n rows: in memory, or in a file that vanishes with it."""
    d = like.shape[1]
    if like.device.type != "cpu" or n * d * 4 <= IN_MEMORY:
        return like.new_empty(n, d)
    with tempfile.TemporaryFile() as file:
        return torch.from_numpy(np.memmap(file, np.float32, "w+", shape=(n, d)))


def representations(
    model: Model, dataset: Dataset, *, view: View, names: tuple[str, ...], seed: int = 0
) -> Iterator[tuple[str, Represent]]:
    """What is probed, by the name it has in a result: the model itself ("") and what it is compared with.

    "hidden": the hidden layers of its encoder. "random": its features with untrained weights, and
    "random-hidden". "pixels": the item itself. "pca": as many principal components as its code has numbers,
    at most 100.
    """
    yield "", partial(represent, model)
    for name in names:
        if name == "pixels":
            yield name, pixels
        elif name == "pca":
            yield name, fit_pca(dataset, min(code_size(model), COMPONENTS), view=view, seed=seed)
        elif name in ("random", "random-hidden", "hidden"):
            hidden = name.endswith("hidden")
            if not hidden or has_hidden(model):
                net = model if name == "hidden" else untrained(model, seed)
                yield name, partial(represent, net, layer="hidden" if hidden else "code")
        else:
            raise BadInput(f"no representation is called {name!r}{nearest(name, BASELINES)}")
