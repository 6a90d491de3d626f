"""The nets of InfoGAN for digits: two strided convolutions, and a fully connected hidden layer.

Reference: Chen et al. (2016), arXiv:1606.03657, table 1 (MNIST): 64 and 128 channels, 1024 hidden units.
"""

from collections.abc import Sequence

from torch import nn

from genzoo.errors import BadInput
from genzoo.nn.conv import widths
from genzoo.nn.dcgan import double, halve, initialise

_DENSE = 16  # hidden units of a channel of the finest map: 1024 of 64
_SLOPE = 0.1  # of LeakyReLU, as published


def _sides(shape: Sequence[int]) -> list[tuple[int, int]]:
    """Sizes of an image, its half and its quarter, odd sides rounded up."""
    _, h, w = shape
    if min(h, w) < 4:
        raise BadInput(f"net 'conv-dense' halves an image twice: both sides must be at least 4, got {h}x{w}")
    return [(-(-h // by), -(-w // by)) for by in (1, 2, 4)]


class DenseGenerator(nn.Sequential):
    """Latents, shape (b, latent), to images in [−1, 1], shape (b, c, h, w).

    Two fully connected layers and two deconvolutions; batch normalisation and ReLU after each but the last,
    tanh after that. Unlike a DCGAN's single projection, the first layer can take each category its own way.

    Args:
        latent: numbers in a latent.
        shape: shape (c, h, w) of an image.
        width: channels of the finest feature map, published 64.
    """

    def __init__(self, latent: int, shape: Sequence[int], width: int = 64) -> None:
        image, half, quarter = _sides(shape)
        fine, coarse = widths(2, width)
        numbers = coarse * quarter[0] * quarter[1]
        super().__init__(
            nn.Linear(latent, _DENSE * width, bias=False),
            nn.BatchNorm1d(_DENSE * width),
            nn.ReLU(inplace=True),
            nn.Linear(_DENSE * width, numbers, bias=False),
            nn.BatchNorm1d(numbers),
            nn.ReLU(inplace=True),
            nn.Unflatten(1, (coarse, *quarter)),
            double(coarse, fine, half),
            nn.BatchNorm2d(fine),
            nn.ReLU(inplace=True),
            double(fine, shape[0], image, bias=True),
            nn.Tanh(),
        )
        initialise(self)


class DenseBody(nn.Sequential):
    """The critic up to its last layer: images in [−1, 1], shape (b, c, h, w), to 16·width numbers each.

    Args:
        shape: shape (c, h, w) of an image.
        width: channels of the finest feature map, published 64.
        normalised: batch normalisation after every layer but the first, as published.
    """

    def __init__(self, shape: Sequence[int], width: int = 64, *, normalised: bool = True) -> None:
        image, half, quarter = _sides(shape)
        fine, coarse = widths(2, width)
        self.features = _DENSE * width
        over_maps = [nn.BatchNorm2d(coarse)] if normalised else []
        over_numbers = [nn.BatchNorm1d(self.features)] if normalised else []
        super().__init__(
            halve(shape[0], fine, image, bias=True),
            nn.LeakyReLU(_SLOPE, inplace=True),
            halve(fine, coarse, half, bias=not normalised),
            *over_maps,
            nn.LeakyReLU(_SLOPE, inplace=True),
            nn.Flatten(),
            nn.Linear(coarse * quarter[0] * quarter[1], self.features, bias=not normalised),
            *over_numbers,
            nn.LeakyReLU(_SLOPE, inplace=True),
        )
        initialise(self)
