"""Conditions of a causal net: a vector, or a map of the image's size, that bears on every layer's sums."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from genzoo.errors import BadInput
from genzoo.nn.places import Ref
from genzoo.nn.tape import Tape
from genzoo.types import Labels

# A vector stands for a map that is the same everywhere: shape (b, k, 1, 1), or (b, k, h, w).
ConditionMaps = Float[Tensor, "b k _ _"]


def one_hot(labels: Labels, classes: int, like: Tensor) -> Float[Tensor, "b k"]:
    """A 1 at each item's class and 0 elsewhere, on the device and of the type of `like`, shape (b, classes).

    >>> one_hot(torch.tensor([2, 0]), 3, torch.zeros(()))
    tensor([[0., 0., 1.],
            [1., 0., 0.]])
    """
    if len(labels) and (int(labels.min()) < 0 or int(labels.max()) >= classes):
        raise BadInput(
            f"labels run from {int(labels.min())} to {int(labels.max())}, this model has the classes "
            f"0 to {classes - 1}: train it with --classes {max(classes, int(labels.max()) + 1)}"
        )
    return F.one_hot(labels.to(like.device, torch.int64), classes).to(like.dtype)


class Conditioned(nn.Module):
    """Adds V·s to a layer's sums, V a 1×1 convolution of the condition s.

    Reference: van den Oord et al., Conditional Image Generation with PixelCNN Decoders, 2016,
    arXiv:1606.05328, §2.3, equations 4 and 5.

    Args:
        condition: maps of s; 0: there is none.
        out: sums.
    """

    def __init__(self, condition: int, out: int) -> None:
        super().__init__()
        self.project = nn.Conv2d(condition, out, 1, bias=False) if condition else None

    def forward(
        self, sums: Float[Tensor, "b out h w"], condition: ConditionMaps | None
    ) -> Float[Tensor, "b out h w"]:
        """The sums of whole images, with what the condition adds."""
        return sums if self.project is None or condition is None else sums + self.project(condition)

    def record(
        self, tape: Tape, bias: Float[Tensor, " out"], condition: ConditionMaps | None, parts: int = 1
    ) -> list[Tensor | Ref]:
        """What the sums of a pixel start from, of each of so many equal parts: the bias and V·s."""
        if self.project is None or condition is None:
            return list(bias.chunk(parts))
        values = self.project(condition) + bias[:, None, None]
        values = values.flatten(1) if values.shape[2:] == (1, 1) else values
        return [tape.constant(part) for part in values.chunk(parts, 1)]


class PictureMap(nn.Module):
    """A small net from a given picture to maps of the image's size, s = m(h): what is known differs by place.

    A 3×3 convolution, a transposed one that enlarges by whole factors, another 3×3, a ReLU after each.

    Reference: van den Oord et al., 2016, arXiv:1606.05328, §2.3: "by mapping h to a spatial representation
    s = m(h) with a deconvolutional neural network".

    Args:
        picture: (c, h, w) of the picture, its sides divisors of the image's.
        size: (h, w) of the image.
        width: maps.
    """

    def __init__(self, picture: Sequence[int], size: tuple[int, int], width: int) -> None:
        super().__init__()
        if len(picture) != 3 or any(n < 1 for n in picture):
            raise BadInput(f"picture must be (channels, rows, columns), got {tuple(picture)}")
        if size[0] % picture[1] or size[1] % picture[2]:
            raise BadInput(
                f"a picture of {picture[1]}x{picture[2]} is enlarged by whole factors: its sides must divide "
                f"the image's, {size[0]}x{size[1]}"
            )
        factors = (size[0] // picture[1], size[1] // picture[2])
        layers: list[nn.Module] = [nn.Conv2d(picture[0], width, 3, padding=1), nn.ReLU()]
        if factors != (1, 1):
            layers += [nn.ConvTranspose2d(width, width, factors, factors), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Conv2d(width, width, 3, padding=1), nn.ReLU())

    def forward(self, picture: Float[Tensor, "b c _ _"]) -> ConditionMaps:
        """The maps of pictures in [−1, 1], shape (b, width, h, w)."""
        return self.layers(picture)
