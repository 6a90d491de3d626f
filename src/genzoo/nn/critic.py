"""A critic: a body that turns items into features, heads on them, and how labels and packs are shown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from genzoo.errors import BadInput
from genzoo.nn.dcgan import DCGANBody, initialise
from genzoo.nn.dense_pair import DenseBody
from genzoo.nn.maxout import Maxout
from genzoo.nn.minibatch import MinibatchDeviation, MinibatchDiscrimination
from genzoo.nn.residual_pair import ResidualBlock, ResidualBody
from genzoo.types import Items, Scores

Conditioning = Literal["concat", "projection", "auxiliary"]
CriticNorm = Literal["default", "batch", "layer", "spectral", "none"]
Mates = Literal["none", "discrimination", "deviation"]
OneHot = Float[Tensor, "b k"]

_MEASURES = 100  # of minibatch discrimination
_CONVOLUTIONAL = (DCGANBody, DenseBody, ResidualBody)
_ACTIVATIONS = (nn.LeakyReLU, Maxout, ResidualBlock)


@dataclass(frozen=True)
class Judged:
    """What a critic says of a batch.

    Args:
        score: how much each item looks like data, shape (b), unbounded: a logit where the game is one of
            probabilities.
        features: the activations of each hidden layer, from the item inwards, shapes (b, ...); of a packed
            critic (b / pack, ...).
        read: what its other head reads off each item, such as class logits, shape (b, k); None without one.
    """

    score: Scores
    features: Sequence[Tensor]
    read: Float[Tensor, "b k"] | None = None


class Critic(nn.Module):
    """Items in [−1, 1], shape (b, *shape), to `Judged`.

    Labels come in one of two ways: concatenated, as numbers of a vector or as constant maps beside the
    colours (Mirza & Osindero, 2014, arXiv:1411.1784), or by a projection, the score gaining ⟨V·y, features⟩
    (Miyato & Koyama, 2018, arXiv:1802.05637, equation 3). A critic that is shown no label where it knows
    labels takes 0 for each.

    `pack` items are judged together, side by side in the colours, and share the score (PacGAN: Lin et al.,
    2018, arXiv:1712.04086, section 2).

    Args:
        body: makes the net from the shape that it is shown to `features` numbers; has an attribute
            `features`.
        shape: of one item.
        classes: of labels; 0: it is shown none.
        projection: labels enter by a projection, not concatenated.
        pack: items that are judged together.
        reads: numbers that a second head reads off the features; 0: there is none.
        reader_width: of a hidden layer before that head, batch-normalised; 0: it is linear.
        sums: there is no head for the score: it is log Σ exp of what the second head reads, as of the classes
            that data have beside one for samples (Salimans et al., 2016, arXiv:1606.03498, section 5).
        mates: what it is told of batch-mates: nothing, by how little items differ from each other
            (`MinibatchDiscrimination`), or one number for their spread (`MinibatchDeviation`).
        spectral: the largest singular value of every linear layer and convolution is held at 1.
    """

    def __init__(
        self,
        body: Callable[[tuple[int, ...]], nn.Sequential],
        shape: Sequence[int],
        *,
        classes: int = 0,
        projection: bool = False,
        pack: int = 1,
        reads: int = 0,
        reader_width: int = 0,
        sums: bool = False,
        mates: Mates = "none",
        spectral: bool = False,
    ) -> None:
        super().__init__()
        if pack > 1 and projection:
            raise BadInput("a packed critic takes labels concatenated, not by a projection")
        self.classes, self.pack, self.projects = classes, pack, projection
        beside = 0 if projection else classes
        self.flattens = len(shape) != 3 and (beside > 0 or pack > 1)
        if self.flattens:
            shape = (prod(shape),)
        shown = (pack * (shape[0] + beside), *shape[1:])
        net = body(shown)
        convolutional, features = isinstance(net, _CONVOLUTIONAL), int(net.features)  # type: ignore[arg-type]
        if mates == "deviation":
            net, features = _with_deviation(net, features)
        elif mates == "discrimination":
            net, features = (
                nn.Sequential(*net, MinibatchDiscrimination(features, _MEASURES)),
                features + _MEASURES,
            )
        self.body = net
        self.verdict = nn.Linear(features, 1) if not sums else None
        self.project = nn.Linear(classes, features, bias=False) if projection else None
        self.reader = _reader(features, reader_width, reads) if reads else None
        if convolutional:
            initialise(nn.ModuleList(h for h in (self.verdict, self.project, self.reader) if h is not None))
        if spectral:
            _hold_singular_values(self)

    def forward(self, items: Items, label: OneHot | None = None) -> Judged:
        """Judges items, in training together with their batch-mates if it is told of them."""
        x, kept = self.shown(items, label), []
        for layer in self.body:
            x = layer(x)
            if isinstance(layer, _ACTIVATIONS):
                kept.append(x)
        read = self.reader(x) if self.reader is not None else None
        score = self._score(x, read)
        if self.project is not None and label is not None:
            score = score + (self.project(label) * x).sum(1)
        if self.pack > 1:
            score = score.repeat_interleave(self.pack, 0)
            read = read.repeat_interleave(self.pack, 0) if read is not None else None
        return Judged(score, kept, read)

    def _score(self, features: Float[Tensor, "b d"], read: Float[Tensor, "b k"] | None) -> Scores:
        if self.verdict is not None:
            return self.verdict(features).squeeze(1)
        if read is None:
            raise ValueError("a critic whose score sums what it reads needs a second head")
        return read.logsumexp(1)

    def shown(self, items: Items, label: OneHot | None) -> Tensor:
        """The items with their labels beside them, in packs."""
        if self.flattens:
            items = items.flatten(1)
        if self.classes and not self.projects:
            label = items.new_zeros(len(items), self.classes) if label is None else label
            maps = label.view(*label.shape, *[1] * (items.ndim - 2)).expand(-1, -1, *items.shape[2:])
            items = torch.cat([items, maps], 1)
        if self.pack == 1:
            return items
        if len(items) % self.pack:
            raise BadInput(f"{len(items)} items cannot be judged in packs of {self.pack}")
        return items.unflatten(0, (-1, self.pack)).flatten(1, 2)


def _reader(features: int, width: int, out: int) -> nn.Module:
    if not width:
        return nn.Linear(features, out)
    hidden = (nn.Linear(features, width, bias=False), nn.BatchNorm1d(width), nn.LeakyReLU(0.1))
    return nn.Sequential(*hidden, nn.Linear(width, out))


def _with_deviation(net: nn.Sequential, features: int) -> tuple[nn.Sequential, int]:
    """The net with the items' spread as one more map of its coarsest ones."""
    *convolutions, flatten = net
    if not isinstance(net, DCGANBody | ResidualBody):
        raise BadInput("mates 'deviation' is for nets with feature maps, dcgan and residual")
    return nn.Sequential(*convolutions, MinibatchDeviation(), flatten), features + net.coarsest


def _hold_singular_values(critic: nn.Module) -> None:
    """Spectral normalisation of every layer (Miyato et al., 2018, arXiv:1802.05957, algorithm 1)."""
    for module in list(critic.modules()):
        if isinstance(module, nn.Linear | nn.Conv2d):
            spectral_norm(module)
