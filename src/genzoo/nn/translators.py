"""The residual translator of CycleGAN: two halvings, residual blocks at a quarter of the size, two doublings.

Reference: Zhu, Park, Isola & Efros (2017), arXiv:1703.10593, appendix 7.2, after Johnson, Alahi & Fei-Fei
(2016), arXiv:1603.08155; biases also before instance normalisation, as in the authors' PyTorch code.

No ReLU is in place: what instance normalisation gives is a view, whose gradient would be copied.
"""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from genzoo.errors import BadInput
from genzoo.nn.conv import Deconvolution
from genzoo.nn.cpu_convolutions import ConvolutionOntoFew
from genzoo.nn.dcgan import initialise
from genzoo.nn.norms import Norm, normalised

_STEP = 4  # what the two halvings take a side to be a multiple of
_SMALLEST = 5  # a quarter of the padded side is then 2, which a reflection of 1 needs


class ReflectedBlock(nn.Module):
    """x ↦ x + F(x), F two 3x3 convolutions over borders padded by reflection, with nothing after the sum.

    Args:
        channels: that come in and go out.
        norm: after each convolution.
    """

    def __init__(self, channels: int, norm: Norm = "instance") -> None:
        super().__init__()
        first, second = (_reflected(channels, channels, 3, norm) for _ in range(2))
        self.inside = nn.Sequential(*first, nn.ReLU(), *second)

    def forward(self, x: Float[Tensor, "b k h w"]) -> Float[Tensor, "b k h w"]:
        """Maps of the same size."""
        return x + self.inside(x)


class ResNetTranslator(nn.Module):
    """Images in [−1, 1], shape (b, inp, h, w), to images in [−1, 1], shape (b, out, h, w), of any size.

    In the paper's words c7s1-64, d128, d256, R256 nine times, u128, u64, c7s1-3. A side that is no multiple
    of 4 is padded to one by reflection, and what it gained is cut off in the end.

    Args:
        inp: channels that come in.
        out: channels that go out.
        blocks: residual blocks, published 9 for images of 256 pixels and 6 for 128.
        width: channels of the finest feature map.
        norm: "instance" (published), "batch" or "none".
    """

    def __init__(self, inp: int, out: int, blocks: int = 9, width: int = 64, norm: Norm = "instance") -> None:
        super().__init__()
        if blocks < 0:
            raise BadInput(f"a translator has 0 residual blocks or more, got {blocks}")
        layers = [*_reflected(inp, width, 7, norm), nn.ReLU()]
        bias = norm != "batch"
        for k in (width, 2 * width):
            half = nn.Conv2d(k, 2 * k, 3, stride=2, padding=1, bias=bias)
            layers += [half, *normalised(norm, 2 * k), nn.ReLU()]
        layers += [ReflectedBlock(4 * width, norm) for _ in range(blocks)]
        for k in (2 * width, width):
            twice = Deconvolution(2 * k, k, 3, stride=2, padding=1, output_padding=1, bias=bias)
            layers += [twice, *normalised(norm, k), nn.ReLU()]
        last = [nn.ReflectionPad2d(3), ConvolutionOntoFew(width, out, 7), nn.Tanh()]
        self.layers = nn.Sequential(*layers, *last)
        initialise(self)

    def forward(self, x: Float[Tensor, "b inp h w"]) -> Float[Tensor, "b out h w"]:
        """The translated images."""
        h, w = x.shape[2:]
        if min(h, w) < _SMALLEST:
            raise BadInput(
                f"a residual translator takes images of at least {_SMALLEST}x{_SMALLEST}, got {h}x{w}: "
                "enlarge them"
            )
        return self.layers(F.pad(x, (0, -w % _STEP, 0, -h % _STEP), mode="reflect"))[..., :h, :w]


def _reflected(inp: int, out: int, kernel: int, norm: Norm) -> list[nn.Module]:
    """A convolution of stride 1 over borders padded by reflection, and its normalisation."""
    conv = nn.Conv2d(inp, out, kernel, bias=norm != "batch")
    return [nn.ReflectionPad2d(kernel // 2), conv, *normalised(norm, out)]
