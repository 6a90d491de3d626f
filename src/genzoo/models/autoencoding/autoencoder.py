"""Autoencoders: linear, deep fully connected, convolutional with a deconvolution decoder."""

import math
from collections.abc import Sequence
from typing import Any, Literal

from genzoo.models.base import Model
from genzoo.models.registry import register
from genzoo.nn.codec import Activation, Net, at_least_float32, decoder, encoder
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
        "logistic": {
            "shape": (1, 8, 8),
            "code": 4,
            "hidden": (16,),
            "activation": "sigmoid",
            "code_activation": "sigmoid",
        },
        "probabilities": {"shape": (6,), "code": 2, "hidden": (16,), "squash": "softmax"},
    },
    optimizer={"name": "adam", "lr": 1e-3},
)
class Autoencoder(Model):
    """x → code = f(x) → g(code) ≈ x: a representation, with no density of x.

    A sigmoid keeps the images that nonlinear nets decode in [0, 1]; with a softmax items are probabilities
    that sum to 1, such as the word frequencies of a document. The linear net is left unsquashed, for its
    optimum under squared error is then the span of the first principal components (Bourlard & Kamp, 1988;
    Baldi & Hornik, 1989), reached up to an invertible matrix in the code.

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
        activation: of the hidden layers of "mlp"; "sigmoid" makes them logistic, as in 2006.
        code_activation: "linear", or "sigmoid": codes in (0, 1), for a penalty on how active they are.
        squash: what ends the decoder: "sigmoid", "softmax" over all numbers of an item, or "none"; "auto" is
            a sigmoid for images of a nonlinear net.
    """

    def __init__(
        self,
        shape: Sequence[int],
        *,
        code: int = 30,
        net: Net = "mlp",
        hidden: Sequence[int] = (1000, 500, 250),
        width: int = 32,
        activation: Activation = "relu",
        code_activation: Literal["linear", "sigmoid"] = "linear",
        squash: Literal["auto", "none", "sigmoid", "softmax"] = "auto",
    ) -> None:
        super().__init__(shape)
        if squash == "auto":
            squash = "sigmoid" if net != "linear" and len(self.shape) == 3 else "none"
        self.net, self.activation = net, activation
        self.code_activation, self.squash = code_activation, squash
        options: Any = {"hidden": hidden, "width": width, "activation": activation}
        self.encoder = encoder(net, self.shape, code, **options)
        self.decoder = decoder(net, code, self.shape, **options)

    def encode(self, images: Items, given: Given | None = None) -> Latents:
        """The code of each item, shape (b, code)."""
        self.check(images, given)
        if self.squash == "softmax":  # d probabilities are of the order 1/d
            images = images * math.sqrt(math.prod(self.shape))
        code = self.encoder(images)
        return code.sigmoid() if self.code_activation == "sigmoid" else code

    def decode(self, latents: Latents, given: Given | None = None) -> Items:
        """The item of each code, shape (b, *shape), after the squashing."""
        self.check_given(given)
        output = self.output(latents)
        if self.squash == "none":
            return output
        if self.squash == "sigmoid":
            return output.sigmoid()
        return output.flatten(1).softmax(1).view_as(output)

    def output(self, latents: Latents) -> Items:
        """What the decoder gives before any squashing, shape (b, *shape): logits, where it is squashed."""
        return at_least_float32(self.decoder(latents))[:, 0]
