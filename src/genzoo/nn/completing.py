"""Globally and locally consistent completion: a dilated net that fills holes, a critic of image and window.

Reference: Iizuka, Simo-Serra & Ishikawa (2017), Globally and locally consistent image completion, ACM
Transactions on Graphics 36(4), section 3, tables 1 and 2. Colours lie in [−1, 1], so a tanh stands where the
published net ends in a sigmoid.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from genzoo.errors import BadInput
from genzoo.nn.conv import Deconvolution, widths
from genzoo.nn.critic import Judged
from genzoo.nn.dcgan import initialise, sides
from genzoo.types import Images, Known

Corners = Int[Tensor, "b 2"]  # row and column of a window's first pixel

_STEP = 4  # what the two halvings take a side to be a multiple of


class CompletionNet(nn.Module):
    """Images in [−1, 1], shape (b, c, h, w), and which of their pixels are known, to images in [−1, 1].

    Beside the colours, the hole filled by their mean, the net sees 1 where a pixel is to be made and 0 where
    it is known. 5x5 and 3x3 convolutions, two of them of stride 2, are followed by four dilated ones at a
    quarter of the size, through which a pixel sees far around it, and by two transposed 4x4 ones; batch
    normalisation and ReLU after each but the last. What it makes of known pixels is its own: to keep them is
    the caller's part. Beyond the border, to a multiple of 4 pixels, nothing is known.

    Args:
        channels: of an image.
        width: channels of the finest feature map.
        mean: colour that fills the hole, for each channel or for all; published: the mean of the data.
        dilations: of the dilated convolutions.
    """

    def __init__(
        self,
        channels: int,
        width: int = 64,
        mean: float | Sequence[float] = 0.0,
        dilations: Sequence[int] = (2, 4, 8, 16),
    ) -> None:
        super().__init__()
        colours = [mean] * channels if isinstance(mean, int | float) else list(mean)
        if len(colours) != channels:
            raise BadInput(
                f"the mean colour of {channels} channels is {channels} numbers, got {len(colours)}"
            )
        self.mean = tuple(colours)
        k, half, quarter = width, 2 * width, 4 * width
        self.layers = nn.Sequential(
            *_convolution(channels + 1, k, 5),
            *_convolution(k, half, 3, stride=2),
            *_convolution(half, half, 3),
            *_convolution(half, quarter, 3, stride=2),
            *_convolution(quarter, quarter, 3),
            *_convolution(quarter, quarter, 3),
            *(m for d in dilations for m in _convolution(quarter, quarter, 3, dilation=d)),
            *_convolution(quarter, quarter, 3),
            *_convolution(quarter, quarter, 3),
            *_doubling(quarter, half),
            *_convolution(half, half, 3),
            *_doubling(half, k),
            *_convolution(k, max(k // 2, 1), 3),
            nn.Conv2d(max(k // 2, 1), channels, 3, padding=1),
            nn.Tanh(),
        )
        initialise(self)

    def forward(self, images: Images, known: Known) -> Images:
        """Images whose every pixel is made from the known ones."""
        h, w = images.shape[2:]
        beyond = (0, -w % _STEP, 0, -h % _STEP)
        known = F.pad(known, beyond, value=False)
        filling = images.new_tensor(self.mean)[:, None, None]
        seen = torch.where(known, F.pad(images, beyond), filling)
        return self.layers(torch.cat([seen, (~known).to(seen.dtype)], 1))[..., :h, :w]

    def reach(self) -> tuple[int, int]:
        """How far a pixel sees that is made, and what places in the net's raster are multiples of.

        Between two pixels so far apart there is no path, wherever they lie in the raster.
        """
        reach, scale, coarsest = 0, 1, 1
        for layer in self.layers:
            if isinstance(layer, nn.ConvTranspose2d):
                reach += layer.kernel_size[0] // 2 * scale
                scale //= layer.stride[0]
            elif isinstance(layer, nn.Conv2d):
                reach += layer.kernel_size[0] // 2 * layer.dilation[0] * scale
                scale *= layer.stride[0]
                coarsest = max(coarsest, scale)
        return reach + coarsest, coarsest


class ContextCritic(nn.Module):
    """Images in [−1, 1], shape (b, c, h, w), and a window in each, to `Judged`.

    One branch sees the whole image, the other the window around its hole: 5x5 convolutions of stride 2 until
    the smaller side is 4 or 3, each with batch normalisation and ReLU, and a dense layer to 16·width numbers;
    the score is linear in both branches' numbers. At 256 pixels and windows of 128 these are the published 6
    and 5 convolutions and 1024 numbers each.

    Args:
        channels: of an image.
        size: height and width of an image.
        hole: height and width of a window.
        width: channels of the finest feature map.
    """

    pack = 1  # images that are judged together
    classes = 0  # labels that it is shown

    def __init__(self, channels: int, size: Sequence[int], hole: Sequence[int], width: int = 64) -> None:
        super().__init__()
        if any(side > whole for side, whole in zip(hole, size, strict=True)):
            raise BadInput(
                f"a window of {_by(hole)} is larger than the images of {_by(size)}: take a smaller one"
            )
        self.size, self.hole = tuple(size), tuple(hole)
        self.whole = _branch("images", channels, size, width)
        self.part = _branch("windows", channels, hole, width)
        self.verdict = nn.Linear(2 * 16 * width, 1)
        initialise(self)

    def forward(self, images: Images, windows: Corners) -> Judged:
        """Judges each image with its window, whose first pixel's row and column are given.

        The hidden activations are those of the whole image's branch, then those of the window's.
        """
        if tuple(images.shape[2:]) != self.size:
            raise BadInput(
                f"this critic is for images of {_by(self.size)}, got {_by(images.shape[2:])}: resize them"
            )
        kept: list[Tensor] = []
        whole = _kept(self.whole, images, kept)
        part = _kept(self.part, window(images, windows, self.hole), kept)
        return Judged(self.verdict(torch.cat([whole, part], 1)).squeeze(1), kept)


def window(images: Images, corners: Corners, hole: Sequence[int]) -> Float[Tensor, "b c rows columns"]:
    """Each image's window of a height and width from its corner on, shape (b, c, *hole); differentiable."""
    (h, w), (rows, columns) = images.shape[2:], hole
    last = torch.tensor([h - rows, w - columns], device=corners.device)
    if ((corners < 0) | (corners > last)).any():
        outside = corners[((corners < 0) | (corners > last)).any(1)][0].tolist()
        raise BadInput(
            f"a window of {_by(hole)} from pixel {tuple(outside)} on leaves the image of {_by((h, w))}: "
            f"its corner must be from (0, 0) to {tuple(last.tolist())}"
        )
    i = corners[:, :1] + torch.arange(rows, device=corners.device)  # b rows
    j = corners[:, 1:] + torch.arange(columns, device=corners.device)  # b columns
    batch = torch.arange(len(images), device=corners.device)[:, None, None]
    return images.movedim(1, -1)[batch, i[:, :, None], j[:, None]].movedim(-1, 1)


def _convolution(inp: int, out: int, kernel: int, stride: int = 1, dilation: int = 1) -> list[nn.Module]:
    reach = kernel // 2 * dilation
    conv = nn.Conv2d(inp, out, kernel, stride, padding=reach, dilation=dilation, bias=False)
    return [conv, nn.BatchNorm2d(out), nn.ReLU(inplace=True)]


def _doubling(inp: int, out: int) -> list[nn.Module]:
    twice = Deconvolution(inp, out, 4, stride=2, padding=1, bias=False)
    return [twice, nn.BatchNorm2d(out), nn.ReLU(inplace=True)]


def _branch(what: str, channels: int, size: Sequence[int], width: int) -> nn.Sequential:
    """Images or windows of a size to 16·width numbers each."""
    if min(size) <= 4:
        raise BadInput(f"a context critic's {what} need sides of at least 5, got {_by(size)}: enlarge them")
    maps = sides(size[0], size[1])
    depths = [channels, *widths(len(maps) - 1, width)]
    layers = [m for inp, out in pairwise(depths) for m in _convolution(inp, out, 5, stride=2)]
    flat = depths[-1] * maps[-1][0] * maps[-1][1]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(flat, 16 * width), nn.ReLU(inplace=True))


def _kept(net: nn.Sequential, x: Tensor, kept: list[Tensor]) -> Tensor:
    """What the layers make of x; the activations on the way are appended to `kept`."""
    for layer in net:
        x = layer(x)
        if isinstance(layer, nn.ReLU):
            kept.append(x)
    return x


def _by(size: Sequence[int]) -> str:
    return "x".join(map(str, size))
