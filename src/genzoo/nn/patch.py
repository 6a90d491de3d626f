"""PatchGAN: a critic that scores each patch of an image by itself, a convolution without any dense layer.

Reference: Isola, Zhu, Zhou & Efros (2017), arXiv:1611.07004, section 3.2.2 and appendix 6.1.2; biases only
where no batch normalisation follows, as in the authors' PyTorch port.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from genzoo.errors import BadInput
from genzoo.nn.conv import widths
from genzoo.nn.critic import Judged
from genzoo.nn.dcgan import initialise
from genzoo.nn.norms import normalised

PatchNorm = Literal["batch", "instance", "none", "spectral"]

_STRIDED = {16: 1, 34: 2, 70: 3, 142: 4, 286: 5}  # convolutions of stride 2, by the side of a patch
PATCHES = (1, *_STRIDED)  # sides of the patches that there are critics for

_SLOPE = 0.2


class PatchCritic(nn.Module):
    """Images in [−1, 1], shape (b, inp, h, w), to a score of each of their p overlapping patches.

    A patch of 70 pixels is judged by C64-C128-C256-C512, 4x4 convolutions of strides 2, 2, 2 and 1, and a
    last one of stride 1 to a single map; smaller and larger patches by fewer and more strided ones; a single
    pixel by 1x1 convolutions C64-C128. LeakyReLU of slope 0.2 after each but the last, normalisation after
    each but the first and the last. A critic that is to see what an image was made from is shown it in
    further channels.

    Args:
        inp: channels that come in.
        patch: side of the patch that a score sees, one of `PATCHES`.
        width: channels of the first layer; none is wider than 8·width.
        norm: "batch" (published), "instance", "none", or "spectral": no layer normalises, and the largest
            singular value of each convolution's matrix is held at 1 (Miyato et al., 2018, arXiv:1802.05957).
    """

    pack = 1  # images that are judged together
    classes = 0  # labels that it is shown

    def __init__(self, inp: int, patch: int = 70, width: int = 64, norm: PatchNorm = "batch") -> None:
        super().__init__()
        if patch not in PATCHES:
            raise BadInput(
                f"no critic sees patches of {patch} pixels: take one of {', '.join(map(str, PATCHES))}"
            )
        self.patch = patch
        layers: list[nn.Module] = []
        channels = [inp, *widths(len(_strides(patch)) - 1, width)]
        for i, ((fan_in, fan_out), stride) in enumerate(
            zip(pairwise(channels), _strides(patch), strict=False)
        ):
            scale = normalised(norm, fan_out) if i and norm != "spectral" else []
            layers += [_convolution(patch, fan_in, fan_out, stride, bias=i == 0 or norm != "batch"), *scale]
            layers += [nn.LeakyReLU(_SLOPE, inplace=True)]
        self.body = nn.Sequential(*layers)
        self.verdict = _convolution(patch, channels[-1], 1, 1, bias=True)
        initialise(self)
        if norm == "spectral":
            for module in list(self.modules()):
                if isinstance(module, nn.Conv2d):
                    spectral_norm(module)

    def forward(self, x: Float[Tensor, "b inp h w"]) -> Judged:
        """Judges each patch: scores of shape (b·p), those of an image side by side, row by row."""
        if not self.places(x.shape[2:]):
            h, w = x.shape[2:]
            raise BadInput(
                f"no score sees a patch of {self.patch} in images of {h}x{w}: "
                f"take patches of {largest_patch((h, w))} or less"
            )
        kept = []
        for layer in self.body:
            x = layer(x)
            if isinstance(layer, nn.LeakyReLU):
                kept.append(x)
        return Judged(self.verdict(x).flatten(), kept)

    def places(self, size: Sequence[int]) -> int:
        """How many scores an image of a height and width gets: p."""
        h, w = (_map_side(self.patch, n) for n in size)
        return h * w


def largest_patch(size: Sequence[int]) -> int:
    """The largest patch whose critic has a score for images of a height and width.

    It can be larger than the image, whose border is padded.

    >>> [largest_patch((n, n)) for n in (5, 6, 12, 28, 64, 256)]
    [1, 16, 34, 70, 142, 286]
    """
    return max(patch for patch in PATCHES if all(_map_side(patch, n) for n in size))


def _strides(patch: int) -> list[int]:
    """Of each convolution, that to the scores included."""
    return [1, 1, 1] if patch == 1 else [*[2] * _STRIDED[patch], 1, 1]


def _convolution(patch: int, fan_in: int, fan_out: int, stride: int, *, bias: bool) -> nn.Conv2d:
    kernel, padding = (1, 0) if patch == 1 else (4, 1)
    return nn.Conv2d(fan_in, fan_out, kernel, stride=stride, padding=padding, bias=bias)


def _map_side(patch: int, n: int) -> int:
    """How many scores stand along a side of n pixels, 0 if there is none."""
    if patch == 1:
        return n
    for stride in _strides(patch):
        n = n // 2 if stride == 2 else max(n - 1, 0)
    return n
