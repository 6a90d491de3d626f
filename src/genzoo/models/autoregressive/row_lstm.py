"""PixelRNN with Row LSTM layers: the triangle above a pixel, a row at a time."""

from genzoo.models.autoregressive.pixelrnn import PixelRNN
from genzoo.models.registry import register
from genzoo.nn.causal import CausalLayer
from genzoo.nn.row_lstm import RowLSTMLayer


@register(
    "row-lstm",
    place="likelihood/explicit/tractable/autoregressive",
    title="PixelRNN, Row LSTM",
    formula="p(x) = Π p(xᵢ | x₁ … xᵢ₋₁), by LSTMs that go down the rows with a convolution along them",
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
class RowLSTM(PixelRNN):
    """Exact p(x) of images, pixel by pixel, by LSTMs that go down an image a whole row at a time.

    log p(x) = Σᵢ log p(xᵢ | x₁ … xᵢ₋₁): a 7×7 convolution with mask A, Row LSTM layers with residual
    connections, two 1×1 layers with mask B, and a softmax over the levels of each pixel and colour. A pixel
    sees the triangle above it: to its right as many columns as rows up, and what the first kernel adds. The
    Diagonal BiLSTM sees the rest.

    Reference: van den Oord, Kalchbrenner & Kavukcuoglu, Pixel Recurrent Neural Networks, 2016,
    arXiv:1601.06759, §3.1 and table 1. Its net for CIFAR-10 is width 128, layers 12, head 1024, trained by
    RMSprop; the defaults here are a net that a CPU can train.

    Args:
        shape: (c, h, w), any of each.
        levels: how many evenly spaced values a pixel takes, 2 to 256.
        output: "softmax" over the levels, "binary" (one logit; 2 levels) or "mixture" (of logistics).
        components: of the mixture.
        width: h, feature maps of an LSTM's state; the residual stream has 2h.
        layers: LSTM layers.
        kernel: side of the first convolution, 7 in the paper.
        head: feature maps between the two 1×1 layers.

    >>> RowLSTM((3, 4, 4), levels=8, width=6, layers=1, head=6).sample(2).shape
    torch.Size([2, 3, 4, 4])
    """

    @classmethod
    def lstm(cls, inp: int, width: int, colours: int) -> CausalLayer:
        """A Row LSTM layer."""
        return RowLSTMLayer(inp, width, colours=colours)
