"""PixelRNN with Diagonal BiLSTM layers: all that lies before a pixel, a diagonal at a time."""

from genzoo.models.autoregressive.pixelrnn import PixelRNN
from genzoo.models.registry import register
from genzoo.nn.causal import CausalLayer
from genzoo.nn.diagonal_bilstm import DiagonalBiLSTMLayer


@register(
    "diagonal-bilstm",
    place="likelihood/explicit/tractable/autoregressive",
    title="PixelRNN, Diagonal BiLSTM",
    formula="p(x) = Π p(xᵢ | x₁ … xᵢ₋₁), by LSTMs that go over the diagonals, from both upper corners",
    reference="van den Oord, Kalchbrenner & Kavukcuoglu, 2016, arXiv:1601.06759",
    objective={"class": "NegativeLogLikelihood"},
    tiny={
        "": {"shape": (1, 5, 4), "levels": 2, "output": "binary", "width": 4, "layers": 2, "head": 6},
        "rgb": {"shape": (3, 4, 3), "levels": 3, "width": 4, "layers": 1, "kernel": 3, "head": 6},
        "mixture": {
            "shape": (3, 4, 3), "levels": 4, "output": "mixture", "components": 2, "width": 4, "layers": 1,
            "kernel": 3, "head": 6,
        },
    },
    optimizer={"name": "adam", "lr": 1e-3},
)  # fmt: skip
class DiagonalBiLSTM(PixelRNN):
    """Exact p(x) of images, pixel by pixel, by LSTMs that go over an image a whole diagonal at a time.

    log p(x) = Σᵢ log p(xᵢ | x₁ … xᵢ₋₁): a 7×7 convolution with mask A, Diagonal BiLSTM layers with residual
    connections, two 1×1 layers with mask B, and a softmax over the levels of each pixel and colour. One layer
    already shows a pixel all that comes before it but for one: mask A hides the last pixel of the row above,
    in its last colour, from that row's maps, so that only columns within the kernel's reach see it.

    Reference: van den Oord, Kalchbrenner & Kavukcuoglu, Pixel Recurrent Neural Networks, 2016,
    arXiv:1601.06759, §3.2 and table 1. Its nets for binarized MNIST are width 32, layers 1 (80.75 nats) and
    width 16, layers 7 (79.20 nats), that for CIFAR-10 width 128, layers 12, head 1024, trained by RMSprop;
    the defaults here are a net that a CPU can train.

    Args:
        shape: (c, h, w), any of each.
        levels: how many evenly spaced values a pixel takes, 2 to 256.
        output: "softmax" over the levels, "binary" (one logit; 2 levels) or "mixture" (of logistics).
        components: of the mixture.
        width: h, feature maps of an LSTM's state; the residual stream has 2h.
        layers: LSTM layers.
        kernel: side of the first convolution, 7 in the paper.
        head: feature maps between the two 1×1 layers.

    >>> DiagonalBiLSTM((3, 4, 4), levels=8, width=6, layers=1, head=6).sample(2).shape
    torch.Size([2, 3, 4, 4])
    """

    @classmethod
    def lstm(cls, inp: int, width: int, colours: int) -> CausalLayer:
        """A Diagonal BiLSTM layer."""
        return DiagonalBiLSTMLayer(inp, width, colours=colours)
