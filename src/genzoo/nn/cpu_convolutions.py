"""Convolutions that a CPU computes in other ways than oneDNN does: onto few pixels, and onto few channels.

Elsewhere, and where neither is the case, they are torch's own. Weights are laid out as torch's.
"""

from einops import rearrange
from jaxtyping import Float
from torch import Tensor, addmm, nn
from torch.nn import functional as F

from genzoo.nn.conv import Deconvolution

_FEW = 64  # pixels of the coarser map, of all images of a batch


class Halving(nn.Conv2d):
    """A 4x4 convolution of stride 2 onto maps half as high and wide; onto few pixels a product of matrices.

    oneDNN reorders the weights in each pass, which with many channels and few pixels is most of the time:
    forward from 512 to 512 channels onto 1, 4 and 16 pixels takes 0.1 to 0.4 of it here (medians of 9, one
    thread).

    Args:
        inp: channels that come in.
        out: channels that go out.
        bias: whether they are shifted.
    """

    def __init__(self, inp: int, out: int, *, bias: bool = True) -> None:
        super().__init__(inp, out, 4, stride=2, padding=1, bias=bias)

    def forward(self, x: Float[Tensor, "b i h w"]) -> Float[Tensor, "b o h2 w2"]:
        """Maps of half the height and width, rounded down."""
        b, h, w = len(x), x.shape[2] // 2, x.shape[3] // 2
        if x.device.type != "cpu" or b * h * w > _FEW:
            return super().forward(x)
        patches = F.unfold(x, 4, padding=1, stride=2)
        order = "i k" if self.weight.is_contiguous() else "k i"  # as they lie, also channels last
        columns = rearrange(patches, f"b (i k) l -> ({order}) (b l)", k=16)
        weight = rearrange(self.weight.flatten(2), f"o i k -> o ({order})")
        y = weight @ columns if self.bias is None else addmm(self.bias[:, None], weight, columns)
        return rearrange(y, "o (b h w) -> b o h w", h=h, w=w)


class Doubling(Deconvolution):
    """A 4x4 transposed convolution of stride 2: `Halving` backwards; from few pixels a product of matrices.

    From 1024 to 512 channels and from 4, 16 and 64 pixels forward and backward take 0.4, 0.4 and 0.5 of
    oneDNN's time (medians of 9, one thread).

    Args:
        inp: channels that come in.
        out: channels that go out.
        bias: whether they are shifted.
    """

    def __init__(self, inp: int, out: int, *, bias: bool = True) -> None:
        super().__init__(inp, out, 4, stride=2, padding=1, bias=bias)

    def forward(
        self, x: Float[Tensor, "b i h w"], output_size: list[int] | None = None
    ) -> Float[Tensor, "b o h2 w2"]:
        """Maps of twice the height and width."""
        b, _, h, w = x.shape
        if x.device.type != "cpu" or output_size is not None or b * h * w > _FEW:
            return super().forward(x, output_size)
        order = "o k" if self.weight.is_contiguous() else "k o"
        weight = rearrange(self.weight.flatten(2), f"i o k -> i ({order})")
        parts = weight.T @ rearrange(x, "b i h w -> i (b h w)")
        patches = rearrange(parts, f"({order}) (b l) -> b (o k) l", k=16, b=b)
        whole = F.fold(patches, (2 * h, 2 * w), 4, padding=1, stride=2)
        return whole if self.bias is None else whole + self.bias[:, None, None]


class ConvolutionOntoFew(nn.Conv2d):
    """A k×k convolution of stride 1 onto few channels: one of k times as many for its rows, which are added.

    oneDNN runs at some 10 GFLOP/s onto 3 channels. A 7x7 convolution of 262x262 pixels from 64 channels to 3
    takes 0.3 of its time here, forward and backward on one image (medians of 5, one thread).

    Args:
        inp: channels that come in.
        out: channels that go out, shifted each.
        kernel: its side, k.
    """

    def __init__(self, inp: int, out: int, kernel: int) -> None:
        super().__init__(inp, out, kernel)

    def forward(self, x: Float[Tensor, "b i h w"]) -> Float[Tensor, "b o h2 w2"]:
        """Maps that are smaller by k − 1."""
        if x.device.type != "cpu" or 16 * self.out_channels > self.in_channels:
            return super().forward(x)
        rows = rearrange(self.weight, "o i k w -> (k o) i 1 w")
        k, h = len(self.weight[0, 0]), x.shape[2]
        parts = rearrange(F.conv2d(x, rows), "b (k o) h w -> k b o h w", k=k)
        assert self.bias is not None
        whole = self.bias[:, None, None] + parts[0, :, :, : h - k + 1]
        for i in range(1, k):
            whole = whole + parts[i, :, :, i : i + h - k + 1]
        return whole
