"""Inception-v3 as in the TensorFlow graph of 2015-12-05, in which Fréchet inception distances are measured.

It differs from the published net and from torchvision's in ways that change every number: average pools
leave the padding out of the mean, the last block pools by the maximum, 1,008 classes, no auxiliary head.
Parameters are named as in the PyTorch port of its weights (`pt_inception-2015-12-05`).

Reference: Szegedy et al., 2016, arXiv:1512.00567; Heusel et al., 2017, arXiv:1706.08500.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from genzoo.types import Images

CLASSES, FEATURES, SIDE = 1008, 2048, 299


@dataclass(frozen=True)
class Step:
    """One convolution of a branch; stride 1 keeps the size, stride 2 pads nothing."""

    name: str
    out: int
    kernel: tuple[int, int] = (1, 1)
    stride: int = 1


Branch = tuple[Step | tuple[Step, Step], ...]  # a pair at the end works side by side


class Convolution(nn.Module):
    """Convolution without bias, batch normalisation with ε = 10⁻³, ReLU."""

    def __init__(
        self, fan_in: int, out: int, kernel: tuple[int, int], stride: int = 1, *, pad: bool = True
    ) -> None:
        super().__init__()
        padding = (kernel[0] // 2, kernel[1] // 2) if pad and stride == 1 else (0, 0)
        self.conv = nn.Conv2d(fan_in, out, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(out, eps=1e-3)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d i j"]:
        """The activations."""
        return F.relu(self.bn(self.conv(x)), inplace=True)


class Mixed(nn.Module):
    """Branches of convolutions and one of pooling, joined along the channels.

    Args:
        fan_in: channels that come in.
        branches: what each does, in the order in which they are joined.
        pooled: channels of the convolution after the pool; 0: the pool halves the size and has none.
        last: pool by the maximum, not the mean (what the graph does in its last block).
    """

    def __init__(self, fan_in: int, branches: tuple[Branch, ...], pooled: int, *, last: bool = False) -> None:
        super().__init__()
        self.branches, self.pooled, self.last = branches, pooled, last
        for branch in branches:
            width = fan_in
            for step in branch:
                side_by_side = step if isinstance(step, tuple) else (step,)
                for one in side_by_side:
                    self.add_module(one.name, Convolution(width, one.out, one.kernel, one.stride))
                width = sum(one.out for one in side_by_side)
        if pooled:
            self.branch_pool = Convolution(fan_in, pooled, (1, 1))

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d i j"]:
        """All branches' channels."""
        return torch.cat([*(self._along(branch, x) for branch in self.branches), self._pool(x)], 1)

    def _along(self, branch: Branch, x: Tensor) -> Tensor:
        for step in branch:
            if isinstance(step, tuple):
                x = torch.cat([self.get_submodule(one.name)(x) for one in step], 1)
            else:
                x = self.get_submodule(step.name)(x)
        return x

    def _pool(self, x: Tensor) -> Tensor:
        if not self.pooled:
            return F.max_pool2d(x, 3, stride=2)
        if self.last:
            return self.branch_pool(F.max_pool2d(x, 3, stride=1, padding=1))
        return self.branch_pool(F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False))


def _at_35(fan_in: int, pooled: int) -> Mixed:
    return Mixed(
        fan_in,
        (
            (Step("branch1x1", 64),),
            (Step("branch5x5_1", 48), Step("branch5x5_2", 64, (5, 5))),
            (
                Step("branch3x3dbl_1", 64),
                Step("branch3x3dbl_2", 96, (3, 3)),
                Step("branch3x3dbl_3", 96, (3, 3)),
            ),
        ),
        pooled,
    )


def _to_17(fan_in: int) -> Mixed:
    return Mixed(
        fan_in,
        (
            (Step("branch3x3", 384, (3, 3), 2),),
            (
                Step("branch3x3dbl_1", 64),
                Step("branch3x3dbl_2", 96, (3, 3)),
                Step("branch3x3dbl_3", 96, (3, 3), 2),
            ),
        ),
        0,
    )


def _at_17(fan_in: int, width: int) -> Mixed:
    return Mixed(
        fan_in,
        (
            (Step("branch1x1", 192),),
            (
                Step("branch7x7_1", width),
                Step("branch7x7_2", width, (1, 7)),
                Step("branch7x7_3", 192, (7, 1)),
            ),
            (
                Step("branch7x7dbl_1", width),
                Step("branch7x7dbl_2", width, (7, 1)),
                Step("branch7x7dbl_3", width, (1, 7)),
                Step("branch7x7dbl_4", width, (7, 1)),
                Step("branch7x7dbl_5", 192, (1, 7)),
            ),
        ),
        192,
    )


def _to_8(fan_in: int) -> Mixed:
    return Mixed(
        fan_in,
        (
            (Step("branch3x3_1", 192), Step("branch3x3_2", 320, (3, 3), 2)),
            (
                Step("branch7x7x3_1", 192),
                Step("branch7x7x3_2", 192, (1, 7)),
                Step("branch7x7x3_3", 192, (7, 1)),
                Step("branch7x7x3_4", 192, (3, 3), 2),
            ),
        ),
        0,
    )


def _at_8(fan_in: int, *, last: bool = False) -> Mixed:
    return Mixed(
        fan_in,
        (
            (Step("branch1x1", 320),),
            (
                Step("branch3x3_1", 384),
                (Step("branch3x3_2a", 384, (1, 3)), Step("branch3x3_2b", 384, (3, 1))),
            ),
            (
                Step("branch3x3dbl_1", 448),
                Step("branch3x3dbl_2", 384, (3, 3)),
                (Step("branch3x3dbl_3a", 384, (1, 3)), Step("branch3x3dbl_3b", 384, (3, 1))),
            ),
        ),
        192,
        last=last,
    )


class InceptionV3(nn.Module):
    """The graph from a 299×299 image in [−1, 1] to the 2,048 numbers that its classifier sees."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = Convolution(3, 32, (3, 3), 2)
        self.Conv2d_2a_3x3 = Convolution(32, 32, (3, 3), pad=False)
        self.Conv2d_2b_3x3 = Convolution(32, 64, (3, 3))
        self.Conv2d_3b_1x1 = Convolution(64, 80, (1, 1))
        self.Conv2d_4a_3x3 = Convolution(80, 192, (3, 3), pad=False)
        self.Mixed_5b = _at_35(192, 32)
        self.Mixed_5c = _at_35(256, 64)
        self.Mixed_5d = _at_35(288, 64)
        self.Mixed_6a = _to_17(288)
        self.Mixed_6b = _at_17(768, 128)
        self.Mixed_6c = _at_17(768, 160)
        self.Mixed_6d = _at_17(768, 160)
        self.Mixed_6e = _at_17(768, 192)
        self.Mixed_7a = _to_8(768)
        self.Mixed_7b = _at_8(1280)
        self.Mixed_7c = _at_8(2048, last=True)

    def forward(self, x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 2048"]:
        """The mean over pixels of the last block."""
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(F.max_pool2d(x, 3, stride=2)))
        x = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(F.max_pool2d(x, 3, stride=2))))
        x = self.Mixed_6e(self.Mixed_6d(self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(x)))))
        return self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x))).mean((2, 3))


def resize_tf1(images: Images, height: int, width: int) -> Float[Tensor, "b c height width"]:
    """Bilinear resizing as `tf.image.resize_bilinear` of TensorFlow 1 does it without `align_corners`.

    Pixel i of the output looks at i·(in / out) of the input, not at (i + ½)·(in / out) − ½ as is right, so
    the picture moves towards the upper left. The statistics of published distances were made this way.

    >>> resize_tf1(torch.tensor([[[[0.0, 1.0]]]]), 1, 4).flatten()
    tensor([0.0000, 0.5000, 1.0000, 1.0000])
    """
    left, right, across = _neighbours(images.shape[3], width, images)
    top, bottom, down = _neighbours(images.shape[2], height, images)
    here = images[..., left]
    rows = here + (images[..., right] - here) * across
    above = rows[:, :, top]
    return above + (rows[:, :, bottom] - above) * down[:, None]


def _neighbours(size: int, wanted: int, like: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """For each output pixel the two input pixels beside it, and how far it is from the first."""
    scale = torch.tensor(size, dtype=torch.float32) / wanted  # in single precision, as the graph has it
    at = torch.arange(wanted, dtype=torch.float32) * scale
    low = at.long()
    high = (low + 1).clamp(max=size - 1)
    return low.to(like.device), high.to(like.device), (at - low).to(like.device, like.dtype)
