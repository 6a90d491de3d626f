"""VAE/GAN: an autoencoder whose decoder is a generator, and whose similarity is learned by the critic."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from genzoo.densities import Gaussian
from genzoo.errors import BadInput
from genzoo.models.adversarial.gan import GAN
from genzoo.models.base import Model
from genzoo.models.registry import register
from genzoo.nn.codec import at_least_float32
from genzoo.nn.dcgan import DCGANBody, initialise
from genzoo.nn.mlp import MLP
from genzoo.types import Given, Images, Latents, Scores


@register(
    "vae-gan",
    place="likelihood/implicit/direct",
    title="Variational autoencoder with a learned similarity (VAE/GAN)",
    formula="min KL(q(z|x) ‖ p(z)) + ½‖D_l(x) − D_l(G(z))‖², and G against D",
    reference="Larsen et al., 2016, arXiv:1512.09300",
    objective={"class": "LearnedSimilarity"},
    tiny={
        "": {"shape": (1, 8, 8), "latent": 4, "net": "mlp", "hidden": (32,)},
        "dcgan": {"shape": (3, 8, 8), "latent": 4, "width": 4},
    },
    optimizer={"name": "adam", "lr": 3e-4, "betas": (0.5, 0.999)},
)
class VAEGAN(Model):
    """z ~ N(0, I), x = G(z); an encoder proposes q(z|x) = N(μ(x), diag σ²(x)), a critic D judges images.

    The encoder learns to rebuild x as the critic sees it: its likelihood is a Gaussian of the features D_l(x)
    of a hidden layer, not of the pixels, and D goes on changing. So there is no p(x|z) over images, and
    no bound of log p(x): the model encodes, decodes and samples, but claims no `elbo`. What it rebuilds is
    sharper than a VAE's and further from the original pixel by pixel.

    `net="dcgan"` has strided convolutions with batch normalisation throughout; the encoder is the critic's
    net with another last layer. `net="mlp"` is fully connected, without batch normalisation. The nets see
    images in [−1, 1]; G ends in tanh.

    Reference: Larsen, Sønderby, Larochelle & Winther, 2016, "Autoencoding beyond pixels using a learned
    similarity metric", arXiv:1512.09300, section 2.3; 128 latent variables as in the authors' code.

    >>> model = VAEGAN((1, 28, 28), latent=8, width=4).eval()
    >>> model.decode(model.encode(torch.rand(2, 1, 28, 28))).shape
    torch.Size([2, 1, 28, 28])

    Args:
        shape: (c, h, w) of one image.
        latent: dimensions of z.
        net: kind of all three nets: strided convolutions, or fully connected.
        width: channels of the finest feature map of "dcgan", doubled at each halving of the side.
        hidden: widths of the hidden layers of all three nets of "mlp".
    """

    def __init__(
        self,
        shape: Sequence[int],
        *,
        latent: int = 128,
        net: Literal["mlp", "dcgan"] = "dcgan",
        width: int = 64,
        hidden: Sequence[int] = (1200, 1200),
    ) -> None:
        super().__init__(shape)
        if len(self.shape) != 3:
            raise BadInput(f"vae-gan is for images (c, h, w), got items of shape {self.shape}")
        self.latent = latent
        self.gan = GAN(self.shape, latent=latent, net=net, width=width, hidden=hidden)
        self.encoder = (
            _encoder(self.shape, width, 2 * latent)
            if net == "dcgan"
            else MLP(self.shape, hidden, (2 * latent,), lambda: nn.LeakyReLU(0.2))
        )

    def posterior(self, images: Images, given: Given | None = None) -> Gaussian:
        """q(z|x), z of shape (b, latent)."""
        self.check(images, given)
        output = at_least_float32(self.encoder(2 * images - 1))
        return Gaussian(*output.chunk(2, dim=1))

    def encode(self, images: Images, given: Given | None = None) -> Latents:
        """The posterior's mean E_q[z] of each image, shape (b, latent)."""
        return self.posterior(images, given).mean

    def decode(self, latents: Latents, given: Given | None = None) -> Images:
        """G(z), shape (b, c, h, w)."""
        return self.gan.decode(latents, given)

    def draw_latents(self, n: int, temperature: float = 1.0) -> Latents:
        """`n` draws z ~ N(0, I), shape (n, latent); the temperature scales their spread."""
        return self.gan.draw_latents(n, temperature)

    @torch.no_grad()
    def sample(self, n: int, given: Given | None = None, *, temperature: float = 1.0) -> Images:
        """`n` new images G(z), z ~ N(0, I), shape (n, c, h, w)."""
        return self.gan.sample(n, given, temperature=temperature)

    def score(self, images: Images, given: Given | None = None) -> Scores:
        """The critic's logit that each image is data, shape (b)."""
        return self.gan.score(images, given)

    def features(self, images: Images, given: Given | None = None) -> Sequence[Tensor]:
        """D₁(x), D₂(x), …: the critic's activations after each hidden layer, from the image inwards."""
        return self.gan.features(images, given)

    def judge(self, images: Images) -> tuple[Scores, Sequence[Tensor]]:
        """`score` and `features` by one pass of the critic."""
        judged = self.gan.judge(images)
        return judged.score, judged.features


def _encoder(shape: tuple[int, ...], width: int, out: int) -> nn.Sequential:
    """The DCGAN critic's convolutions, and `out` numbers instead of its logit."""
    body = DCGANBody(shape, width)
    last = nn.Linear(body.features, out)
    initialise(last)
    return nn.Sequential(*body, last)
