"""The nets of the first GANs: rectifiers against maxout units with dropout.

Reference: Goodfellow et al. (2014), arXiv:1406.2661, section 5, with the settings of the authors' code.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import prod

import torch
from torch import Tensor, nn

from genzoo.nn.dropout import Dropout
from genzoo.nn.maxout import Maxout
from genzoo.nn.mlp import MLP

_PIECES, _HIDDEN_DROPOUT, _INPUT_DROPOUT = 5, 0.5, 0.2
_MADE, _JUDGED = 0.05, 0.005  # weights start uniform within ± this, biases at 0


class ToUnit(nn.Module):
    """Intensities from [−1, 1] to [0, 1], as the published critic is shown them."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape."""
        return (x + 1) / 2


class FromLogit(nn.Module):
    """A sigmoid, from [0, 1] to [−1, 1]: 2·sigmoid(x) − 1 = tanh(x/2)."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape."""
        return torch.tanh(x / 2)


class MaxoutGenerator(nn.Sequential):
    """Latents, shape (b, latent), to items, shape (b, *shape): ReLU layers; images end in a sigmoid.

    Args:
        latent: numbers in a latent.
        shape: of an item; (c, h, w) is an image, in [−1, 1], all else unbounded.
        hidden: widths of the hidden layers.
    """

    def __init__(self, latent: int, shape: Sequence[int], hidden: Sequence[int]) -> None:
        made = MLP((latent,), hidden, shape)
        super().__init__(made, *([FromLogit()] if len(shape) == 3 else []))
        start(self, _MADE)


class MaxoutBody(nn.Sequential):
    """The critic up to its last layer: items, shape (b, *shape), to `features` numbers each.

    Args:
        shape: of an item, as above.
        hidden: widths of the maxout layers, of 5 pieces each; a fifth of what comes in and half of what
            each gives are dropped in training.
    """

    def __init__(self, shape: Sequence[int], hidden: Sequence[int]) -> None:
        layers: list[nn.Module] = [*([ToUnit()] if len(shape) == 3 else []), nn.Flatten()]
        widths = (prod(shape), *hidden)
        for i, (inp, out) in enumerate(pairwise(widths)):
            layers += [Dropout(_HIDDEN_DROPOUT if i else _INPUT_DROPOUT), Maxout(inp, out, _PIECES)]
        super().__init__(*layers, Dropout(_HIDDEN_DROPOUT))
        self.features = widths[-1]
        start(self, _JUDGED)


def start(net: nn.Module, reach: float) -> None:
    """The published start: weights uniform within ± `reach`, biases 0."""
    for module in net.modules():
        if isinstance(module, nn.Linear):
            nn.init.uniform_(module.weight, -reach, reach)
            nn.init.zeros_(module.bias)
