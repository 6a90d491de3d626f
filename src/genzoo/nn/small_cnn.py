"""A small convolutional classifier's body: images of any size to one vector each, fast on a CPU."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from genzoo.configurable import Configurable
from genzoo.nn.colours import as_rgb_and_alpha
from genzoo.types import Images


class Residual(nn.Module):
    """x + relu(norm(conv(x))): He et al., 2016, arXiv:1512.03385, with one convolution."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """The sum."""
        return x + F.relu(self.norm(self.conv(x)))


def stage(fan_in: int, width: int, kernel: int = 3, stride: int = 1) -> list[nn.Module]:
    """A convolution, the maximum of each 2×2 pixels (what is left at an odd edge counts), norm, ReLU."""
    conv = nn.Conv2d(fan_in, width, kernel, stride, padding=1, bias=False)
    return [conv, nn.MaxPool2d(2, ceil_mode=True), nn.BatchNorm2d(width), nn.ReLU()]


class SmallCNN(Configurable, nn.Module):
    """Three stages that halve the image, a residual convolution after the later two, the mean over pixels.

    >>> SmallCNN(3)(torch.zeros(2, 3, 50, 30)).shape
    torch.Size([2, 128])

    Args:
        channels: 1, 3 or 4 of the images; of 4 the colours are composited on white.
        stride: of the first convolution, whose kernel has a side of `stride` + 2: above 1 for large images.
        widths: channels of each stage; the last is the number of features.
    """

    def __init__(self, channels: int, *, stride: int = 1, widths: Sequence[int] = (32, 64, 128)) -> None:
        super().__init__()
        self.channels, self.features = channels, widths[-1]
        layers = stage(channels, widths[0], stride + 2, stride)
        for fan_in, width in pairwise(widths):
            layers += [*stage(fan_in, width), Residual(width)]
        self.layers = nn.Sequential(*layers)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, images: Images) -> Float[Tensor, "b d"]:
        """One vector of non-negative features for each image."""
        if images.shape[1] != self.channels:
            raise ValueError(f"expected images with {self.channels} channels, got {images.shape[1]}")
        x = as_rgb_and_alpha(images) if self.channels == 4 else images
        weight = next(self.parameters())
        x = (4 * x - 2).to(weight.dtype)  # mean and deviation of most images come near 0 and 1
        return self.layers(x.contiguous(memory_format=torch.channels_last)).mean((2, 3))


def stride_for(height: int, width: int) -> int:
    """The stride of the first convolution that leaves 32 to 63 pixels on an image's shorter side.

    >>> [stride_for(side, side) for side in (8, 32, 63, 64, 256)]
    [1, 1, 1, 2, 8]
    """
    return max(1, min(height, width) // 32)
