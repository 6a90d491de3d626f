"""Progressive growing: a generator and a critic that begin at 4x4 and fade in one doubling after the other.

Reference: Karras, Aila, Laine & Lehtinen (2018), arXiv:1710.10196, sections 2 to 4, figure 2 and table 2.
The published generator ends linear; here a tanh follows, as of the other generators of images in [−1, 1].
"""

from collections.abc import Sequence
from itertools import pairwise
from math import ceil

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from genzoo.errors import BadInput
from genzoo.nn.critic import Judged
from genzoo.nn.equalised import GAIN, EqualisedConv2d, EqualisedLinear, PixelNorm
from genzoo.nn.minibatch import MinibatchDeviation
from genzoo.nn.residual_pair import Enlarge
from genzoo.types import Images

_COARSEST = 4
_SLOPE = 0.2


class ProgressiveGenerator(nn.Module):
    """Latents, shape (b, latent), to images in [−1, 1], shape (b, c, h, w), made in the pixels of a stage.

    Stage 0 makes 4x4 pixels and each further one doubles the sides, until the last makes the images' own. A
    stage between two whole ones, k − 1 + α, fades the k-th in: its image counts α and the enlarged one of
    stage k − 1 counts 1 − α. Whatever the stage, images come out at full size, each pixel as a square.

    A layer is a 3x3 convolution, LeakyReLU and pixel normalisation, two of them per stage. The very first is
    a 4x4 convolution of the latent, which is normalised too, as of one padded pixel: a dense layer.

    Args:
        latent: numbers in a latent.
        shape: shape (c, h, w) of an image; see `resolutions`.
        top: most channels that a map has, published 512.
        width: channels of the finest maps, doubled at each halving up to `top`; published 16 at 1024 pixels.
    """

    def __init__(self, latent: int, shape: Sequence[int], top: int = 128, width: int = 16) -> None:
        super().__init__()
        c, *size = shape
        sizes = resolutions(size)
        channels = _channels(len(sizes), top, width)
        base = (channels[0], *sizes[0])
        first = [PixelNorm(), _FirstMaps(latent, base), nn.LeakyReLU(_SLOPE), PixelNorm()]
        self.blocks = nn.ModuleList([nn.Sequential(*first, *_layer(channels[0], channels[0]))])
        for (inp, out), finer in zip(pairwise(channels), sizes[1:], strict=True):
            self.blocks.append(nn.Sequential(Enlarge(finer), *_layer(inp, out), *_layer(out, out)))
        self.to_colours = nn.ModuleList(EqualisedConv2d(k, c, 1, gain=1) for k in channels)
        self.enlarge = nn.ModuleList(Enlarge(size) for size in sizes[1:])
        self.stages = len(sizes) - 1  # the last stage

    def forward(self, x: Float[Tensor, "b latent"], stage: float | None = None) -> Images:
        """Images of a stage, by default the last, at full size."""
        level, alpha = _level(stage, self.stages)
        maps = [x]
        for block in self.blocks[: level + 1]:
            maps.append(block(maps[-1]))
        image = self.to_colours[level](maps[-1])
        if alpha < 1:
            coarser = self.enlarge[level - 1](self.to_colours[level - 1](maps[-2]))
            image = torch.lerp(coarser, image, alpha)
        return _enlarged(image.tanh(), self.enlarge[level:])


class _FirstMaps(nn.Module):
    """The coarsest maps of a latent: a dense layer whose biases are one for each channel.

    Its fan-in counts the 4x4 taps of the published convolution, of which a lone pixel meets one.
    """

    def __init__(self, latent: int, base: tuple[int, int, int]) -> None:
        super().__init__()
        self.base = base
        self.dense = EqualisedLinear(latent, base[0] * base[1] * base[2], GAIN / _COARSEST, bias=False)
        self.bias = nn.Parameter(torch.zeros(base[0], 1, 1))

    def forward(self, x: Float[Tensor, "b latent"]) -> Float[Tensor, "b k h w"]:
        return self.dense(x).unflatten(1, self.base) + self.bias


class ProgressiveCritic(nn.Module):
    """Images in [−1, 1], shape (b, c, h, w), to `Judged`, looked at in the resolution of a stage.

    The generator's mirror: images are averaged down to the stage's pixels, and of a stage k − 1 + α the maps
    of the k-th count α and those of the halved image count 1 − α. At 4x4 a map of how much the items of a
    batch differ is appended. No layer normalises.

    Args:
        shape: shape (c, h, w) of an image; see `resolutions`.
        top: most channels that a map has, published 512.
        width: channels of the finest maps, doubled at each halving up to `top`; published 16 at 1024 pixels.
    """

    pack = 1  # images that are judged together
    classes = 0  # labels that it is shown

    def __init__(self, shape: Sequence[int], top: int = 128, width: int = 16) -> None:
        super().__init__()
        c, *size = shape
        sizes = resolutions(size)
        channels = _channels(len(sizes), top, width)
        self.from_colours = nn.ModuleList(
            nn.Sequential(EqualisedConv2d(c, k, 1), nn.LeakyReLU(_SLOPE)) for k in channels
        )
        self.blocks = nn.ModuleList()  # the k-th leads from stage k + 1 to stage k
        for out, inp in pairwise(channels):
            parts = (EqualisedConv2d(inp, inp, 3), EqualisedConv2d(inp, out, 3))
            rectified = [m for part in parts for m in (part, nn.LeakyReLU(_SLOPE))]
            self.blocks.append(nn.Sequential(*rectified, nn.AvgPool2d(2, ceil_mode=True)))
        flat = channels[0] * sizes[0][0] * sizes[0][1]
        self.coarsest = nn.Sequential(
            MinibatchDeviation(),
            EqualisedConv2d(channels[0] + 1, channels[0], 3),
            nn.LeakyReLU(_SLOPE),
            nn.Flatten(),
            EqualisedLinear(flat, channels[0]),
            nn.LeakyReLU(_SLOPE),
        )
        self.verdict = EqualisedLinear(channels[0], 1, gain=1)
        self.stages = len(sizes) - 1  # the last stage

    def forward(self, x: Images, stage: float | Tensor | None = None) -> Judged:
        """Judges images by what a stage sees of them, by default the last."""
        level, alpha = _level(None if stage is None else float(stage), self.stages)
        images = _averaged(x, self.stages - level)
        kept: list[Tensor] = []
        maps = _kept(self.from_colours[level], images, kept)
        for k in reversed(range(level)):
            maps = _kept(self.blocks[k], maps, kept)
            if k == level - 1 and alpha < 1:
                coarser = self.from_colours[k](_averaged(images, 1))
                maps = torch.lerp(coarser, maps, alpha)
        features = _kept(self.coarsest, maps, kept)
        return Judged(self.verdict(features).squeeze(1), kept)


def resolutions(size: Sequence[int]) -> list[tuple[int, int]]:
    """Heights and widths of the stages, the coarsest first: the image's, halved down to a smaller side of 4.

    A half is rounded up, so that 28 goes 14, 7, 4; where that leads past 4, as 24 to 3, it is BadInput.

    >>> resolutions((32, 32))
    [(4, 4), (8, 8), (16, 16), (32, 32)]
    >>> resolutions((28, 28))
    [(4, 4), (7, 7), (14, 14), (28, 28)]
    """
    sizes = [(size[0], size[1])]
    while min(sizes[-1]) > _COARSEST:
        h, w = sizes[-1]
        sizes.append(((h + 1) // 2, (w + 1) // 2))
    if min(sizes[-1]) != _COARSEST:
        power = 2 ** max(min(size) - 1, _COARSEST - 1).bit_length()
        raise BadInput(
            f"progressive growing begins at {_COARSEST} pixels: the smaller side, halved and rounded up over "
            f"and over, must come to {_COARSEST}, as 16, 28 and 32 do, got {size[0]}x{size[1]}: "
            f"resize the images until it is {power}"
        )
    return sizes[::-1]


def at_stage(images: Images, stage: float, stages: int) -> Images:
    """What a stage of `stages` would show of images, at their size: what a generator of it is to imitate.

    At a stage k − 1 + α, as in the generator, the image in the pixels of stage k counts α and that of
    stage k − 1 counts 1 − α.
    """
    level, alpha = _level(stage, stages)
    sides = resolutions(images.shape[2:])
    enlarge = [Enlarge(size) for size in sides[1:]]
    shown = _averaged(images, stages - level)
    if alpha < 1:
        shown = torch.lerp(enlarge[level - 1](_averaged(shown, 1)), shown, alpha)
    return _enlarged(shown, enlarge[level:])


def _level(stage: float | None, last: int) -> tuple[int, float]:
    """The stage k that is fading in, and how far: α, which is 1 of a whole stage."""
    if stage is None:
        return last, 1.0
    if not 0 <= stage <= last:
        raise BadInput(f"these nets have the stages from 0 to {last}, got {stage}")
    level = ceil(stage)
    return level, stage - (level - 1)


def _channels(stages: int, top: int, width: int) -> list[int]:
    """Of each stage, from the coarsest on."""
    return [min(top, width * 2**i) for i in reversed(range(stages))]


def _layer(inp: int, out: int) -> list[nn.Module]:
    return [EqualisedConv2d(inp, out, 3), nn.LeakyReLU(_SLOPE), PixelNorm()]


def _kept(net: nn.Module, x: Tensor, kept: list[Tensor]) -> Tensor:
    """What a sequence of layers makes of x; the activations on the way are appended to `kept`."""
    for layer in net.children():
        x = layer(x)
        if isinstance(layer, nn.LeakyReLU):
            kept.append(x)
    return x


def _averaged(x: Tensor, times: int) -> Tensor:
    """The image in pixels that are averages of squares of four; at an odd edge of the two that are there."""
    for _ in range(times):
        x = F.avg_pool2d(x, 2, ceil_mode=True)
    return x


def _enlarged(x: Tensor, enlarge: Sequence[nn.Module] | nn.ModuleList) -> Tensor:
    for larger in enlarge:
        x = larger(x)
    return x
