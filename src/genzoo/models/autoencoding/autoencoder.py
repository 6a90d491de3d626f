"""Autoencoders: linear, deep fully connected, convolutional with a deconvolution decoder."""

from collections.abc import Sequence

from genzoo.models.base import Model
from genzoo.models.registry import register
from genzoo.nn.codec import Net, at_least_float32, decoder, encoder
from genzoo.types import Given, Items, Latents


@register(
    "autoencoder",
    place="representation",
    title="Autoencoder",
    formula="min Σ ‖x − g(f(x))‖²",
    reference="Hinton & Salakhutdinov, 2006, Science 313",
    objective={"class": "Reconstruction"},
    tiny={
        "": {"shape": (1, 8, 8), "code": 4, "hidden": (32, 16)},
        "linear": {"shape": (1, 8, 8), "code": 4, "net": "linear"},
        "conv": {"shape": (1, 8, 8), "code": 4, "net": "conv", "width": 4},
        "vectors": {"shape": (6,), "code": 2, "hidden": (16,)},
    },
    optimizer={"name": "adam", "lr": 1e-3},
)
class Autoencoder(Model):
    """x → code = f(x) → g(code) ≈ x: a representation, with no density of x.

    Nonlinear nets end images in a sigmoid, so what they decode is in [0, 1]; the linear net is left
    unsquashed, for its optimum under squared error is then the span of the first principal components
    (Bourlard & Kamp, 1988; Baldi & Hornik, 1989), reached up to an invertible matrix in the code.

    Reference: Hinton & Salakhutdinov, 2006, "Reducing the dimensionality of data with neural networks",
    Science 313, whose net for MNIST is 784-1000-500-250-30.

    >>> import torch
    >>> model = Autoencoder((3, 40, 25), code=2, net="conv", width=4)
    >>> model.decode(model.encode(torch.rand(5, 3, 40, 25))).shape
    torch.Size([5, 3, 40, 25])

    Args:
        shape: of one item.
        code: numbers in a code.
        net: "linear", "mlp" or "conv" (images only).
        hidden: widths of the encoder's hidden layers, mirrored in the decoder; of "mlp".
        width: channels of the first convolution, doubled at every halving of the image; of "conv".
    """

    def __init__(
        self,
        shape: Sequence[int],
        *,
        code: int = 30,
        net: Net = "mlp",
        hidden: Sequence[int] = (1000, 500, 250),
        width: int = 32,
    ) -> None:
        super().__init__(shape)
        self.squashed = net != "linear" and len(self.shape) == 3
        self.encoder = encoder(net, self.shape, code, hidden=hidden, width=width)
        self.decoder = decoder(net, code, self.shape, hidden=hidden, width=width)

    def encode(self, images: Items, given: Given | None = None) -> Latents:
        """The code of each item, shape (b, code)."""
        self.check(images, given)
        return self.encoder(images)

    def decode(self, latents: Latents, given: Given | None = None) -> Items:
        """The item of each code, shape (b, *shape); images in [0, 1] unless the net is linear."""
        self.check_given(given)
        output = self.output(latents)
        return output.sigmoid() if self.squashed else output

    def output(self, latents: Latents) -> Items:
        """What the decoder gives before any squashing, shape (b, *shape): the logits of a squashed image."""
        return at_least_float32(self.decoder(latents))[:, 0]
