"""Generative adversarial nets: x = G(z), judged by a critic that tells samples from data."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from genzoo.errors import BadInput, nearest
from genzoo.models.base import Model
from genzoo.models.registry import register
from genzoo.nn.dcgan import DCGANCritic, DCGANGenerator
from genzoo.nn.mlp import MLP
from genzoo.random import normal, uniform
from genzoo.types import Given, Items, Latents, Scores

Net = Literal["mlp", "dcgan"]
Prior = Literal["normal", "uniform"]


@register(
    "gan",
    place="likelihood/implicit/direct",
    title="Generative adversarial nets",
    formula="min_G max_D E[log D(x)] + E[log(1 − D(G(z)))]",
    reference="Goodfellow et al., 2014, arXiv:1406.2661; Radford et al., 2016, arXiv:1511.06434",
    objective={"class": "Adversarial", "divergence": "non-saturating"},
    tiny={
        "": {"shape": (1, 8, 8), "latent": 4, "hidden": (32,)},
        "dcgan": {"shape": (1, 8, 8), "latent": 4, "net": "dcgan", "width": 8},
    },
    optimizer={"name": "adam", "lr": 2e-4, "betas": (0.5, 0.999)},
)
class GAN(Model):
    """A generator x = G(z) of noise z, and a critic whose logit tells data from samples.

    The density p(x) is never written down, only drawn from. The critic's score is the logit of
    D(x) = P(x is data) = sigmoid(score). The best critic of a fixed generator is
    D* = p_data/(p_data + p_G), and against it the generator descends 2·JSD(p_data ‖ p_G) − log 4.

    `net="mlp"` is the net of Goodfellow et al. (2014, arXiv:1406.2661) with the critic's maxout units as
    LeakyReLU; it also takes vectors and series, whose values are unbounded. `net="dcgan"` is that of Radford
    et al. (2016, arXiv:1511.06434). The nets see images in [−1, 1]; G ends in tanh.

    Args:
        latent: numbers in a latent z.
        net: kind of both nets: fully connected, or strided convolutions with batch normalisation.
        width: channels of the DCGAN's finest feature map, doubled at each halving of the side.
        hidden: widths of the hidden layers of both fully connected nets.
        prior: p(z): standard normal, or uniform on [−1, 1] as both papers have it.

    >>> GAN((1, 28, 28), net="dcgan", width=8).eval().sample(2).shape
    torch.Size([2, 1, 28, 28])
    """

    generator: nn.Module
    critic: nn.Module

    def __init__(
        self,
        shape: Sequence[int],
        *,
        latent: int = 100,
        net: Net = "mlp",
        width: int = 128,
        hidden: Sequence[int] = (1200, 1200),
        prior: Prior = "normal",
    ) -> None:
        super().__init__(shape)
        if net not in ("mlp", "dcgan"):
            raise BadInput(f"net {net!r} is unknown{nearest(net, ('mlp', 'dcgan'))}")
        if prior not in ("normal", "uniform"):
            raise BadInput(f"prior {prior!r} is unknown{nearest(prior, ('normal', 'uniform'))}")
        for name, value in (("latent", latent), ("width", width)):
            if value < 1:
                raise BadInput(f"{name} must be at least 1, got {value}")
        self.latent, self.prior = latent, prior
        self.pictures = len(self.shape) == 3
        if net == "dcgan":
            if not self.pictures:
                raise BadInput(f"net 'dcgan' is for images (c, h, w), got items of shape {self.shape}")
            self.generator = DCGANGenerator(latent, self.shape, width)
            self.critic = DCGANCritic(self.shape, width)
        else:
            generator = MLP((latent,), hidden, self.shape)
            self.generator = nn.Sequential(generator, nn.Tanh()) if self.pictures else generator
            self.critic = MLP(self.shape, hidden, (1,), lambda: nn.LeakyReLU(0.2))

    def draw_latents(self, n: int, temperature: float = 1.0) -> Latents:
        """`n` draws z ~ p(z), shape (n, latent); the temperature scales their spread."""
        shape = (n, self.latent)
        if self.prior == "normal":
            return temperature * normal(shape, self.like)
        return temperature * (2 * uniform(shape, self.like) - 1)

    def decode(self, latents: Latents, given: Given | None = None) -> Items:
        """G(z), shape (b, *shape)."""
        self.check_given(given)
        items = self.generator(latents)
        return (items + 1) / 2 if self.pictures else items

    @torch.no_grad()
    def sample(self, n: int, given: Given | None = None, *, temperature: float = 1.0) -> Items:
        """`n` new items G(z), z ~ p(z), shape (n, *shape); below 1 the temperature draws z nearer to 0."""
        return self.decode(self.draw_latents(n, temperature), given)

    def score(self, images: Items, given: Given | None = None) -> Scores:
        """The critic's logit that each item is data, shape (b)."""
        self.check(images, given)
        return self.critic(2 * images - 1 if self.pictures else images).squeeze(1)

    def features(self, images: Items, given: Given | None = None) -> Sequence[Tensor]:
        """The critic's activations after each LeakyReLU, from the image inwards."""
        self.check(images, given)
        x, found = 2 * images - 1 if self.pictures else images, []
        for layer in self.critic.children():
            x = layer(x)
            if isinstance(layer, nn.LeakyReLU):
                found.append(x)
        return found
