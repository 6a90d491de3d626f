"""InfoGAN: a generator whose codes can be read off what it makes, so that they come to mean something."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, pi

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from genzoo.errors import BadInput
from genzoo.models.adversarial.base import Fakes, NoiseModel
from genzoo.models.adversarial.gan import Prior, check_prior, draw
from genzoo.models.registry import register
from genzoo.nn import adversaries
from genzoo.nn.adversaries import GeneratorNorm, Net
from genzoo.nn.augment import jittered
from genzoo.nn.conditions import one_hot
from genzoo.nn.critic import CriticNorm, Judged
from genzoo.random import uniform
from genzoo.types import Given, Items, Latents, Nats

_TINY = {"shape": (1, 8, 8), "noise": 3, "categories": 3, "width": 4}
_READER = 128  # width of Q's own hidden layer, as published


@dataclass(frozen=True)
class Codes:
    """Q(c | x): what the codes of some items are thought to be.

    Args:
        logits: of the categorical code, up to a constant, shape (b, categories).
        mean: of each uniform code, shape (b, m).
    """

    logits: Float[Tensor, "b k"]
    mean: Float[Tensor, "b m"]

    def log_prob(self, category: Float[Tensor, "b k"], values: Float[Tensor, "b m"], share: float) -> Nats:
        """log Q(c₁ | x) + share · Σ log Q(c_i | x), the others N(mean, 1), nats, shape (b)."""
        of_category = (category * F.log_softmax(self.logits, 1)).sum(1)
        of_values = -((values - self.mean).square() / 2 + log(2 * pi) / 2).sum(1)
        return of_category + share * of_values


@register(
    "infogan",
    place="likelihood/implicit/direct",
    title="Information maximising GAN (InfoGAN)",
    formula="min_{G,Q} max_D V(D, G) − λ·(E[log Q(c | G(z, c))] + H(c))",
    reference="Chen et al., 2016, arXiv:1606.03657",
    objective={"class": "Adversarial", "divergence": "non-saturating"},
    tiny={
        "": {"shape": (1, 8, 8), "noise": 3, "categories": 3, "uniforms": 1, "net": "mlp", "hidden": (16,)},
        "conv-dense": _TINY | {"net": "conv-dense", "jitter": 0.5},
        "dcgan": _TINY,
    },
    optimizer={"name": "adam", "lr": 2e-4, "betas": (0.5, 0.999)},
)
class InfoGAN(NoiseModel):
    """x = G(c, z): of what a sample is made from, the codes c can be read off it again; z is mere noise.

    c is one category, uniform, and some numbers, uniform on [−1, 1]. The critic has a second head Q(c | x),
    and both players descend −λ·L_I(G, Q),

        L_I = E[log Q(c | G(z, c))] + H(c) ≤ I(c; G(z, c)),

    so that the codes must show in the samples. Which feature of the data each of them becomes is left to
    the training: of digits, the category is nearly always the class, a number the slant or the width.

    A latent is the category's one-hot vector, the numbers, then z.

    Reference: Chen, Duan, Houthooft, Schulman, Sutskever & Abbeel, 2016, "InfoGAN: Interpretable
    representation learning by information maximizing generative adversarial nets", arXiv:1606.03657,
    equations 4 to 6 and appendix C; Q's weights belong to the critic's
    player here. Its σ of the numbers is fixed at 1, as in the authors' code for digits: were it learned, the
    numbers would soon be told so sharply that they, not the category, would tell classes apart.

    >>> model = InfoGAN((1, 8, 8), noise=3, categories=3, uniforms=1, width=4).eval()
    >>> model.codes(model.sample(5)).logits.shape
    torch.Size([5, 3])

    Args:
        noise: numbers of z.
        prior: p(z): uniform on [−1, 1] as in the authors' code, or standard normal.
        categories: values of the categorical code; 10 for MNIST.
        uniforms: uniform codes; 2 for MNIST.
        uniform_weight: of what Q says of uniform codes, beside 1 of the category.
        jitter: how far samples are turned, sheared, stretched and moved at random before Q reads the category
            off them (`genzoo.nn.augment.jittered`), so that it is none of these; 0: not at all, as published.
        net: kind of both nets: "mlp", "maxout", "dcgan", "conv-dense" or "residual".
        width: channels of the finest feature map of convolutional nets.
        hidden: widths of the hidden layers of both fully connected nets.
        generator_norm: of net dcgan, as in `gan`.
        critic_norm: as in `gan`.
    """

    def __init__(
        self,
        shape: Sequence[int],
        *,
        noise: int = 62,
        prior: Prior = "uniform",
        categories: int = 10,
        uniforms: int = 2,
        uniform_weight: float = 1.0,
        jitter: float = 0.0,
        net: Net = "dcgan",
        width: int = 64,
        hidden: Sequence[int] = (1200, 1200),
        generator_norm: GeneratorNorm = "default",
        critic_norm: CriticNorm = "default",
    ) -> None:
        super().__init__(shape)
        if categories < 2 or uniforms < 0 or noise < 0:
            raise BadInput(
                "InfoGAN needs categories of at least 2, uniforms and noise of at least 0, got "
                f"{categories}, {uniforms} and {noise}"
            )
        if jitter < 0 or (jitter and len(shape) != 3):
            raise BadInput(f"--jitter {jitter}: at least 0, and above 0 for images alone")
        check_prior(prior)
        self.prior, self.jitter = prior, jitter
        self.noise, self.categories, self.uniforms = noise, categories, uniforms
        self.uniform_weight, self.latent = uniform_weight, categories + uniforms + noise
        self.generator = adversaries.generator(
            net, self.latent, self.shape, width=width, hidden=hidden, norm=generator_norm
        )
        self.critic = adversaries.critic(
            net, self.shape, width=width, hidden=hidden, norm=critic_norm, reads=categories + uniforms,
            reader_width=_READER,
        )  # fmt: skip

    def draw_latents(self, n: int, temperature: float = 1.0) -> Latents:
        """`n` draws of (c, z), shape (n, latent); the temperature scales all but the category."""
        category = (uniform((n,), self.like) * self.categories).long().clamp(max=self.categories - 1)
        values = temperature * (2 * uniform((n, self.uniforms), self.like) - 1)
        z = temperature * draw(self.prior, n, self.noise, self.like)
        return torch.cat([one_hot(category, self.categories, self.like), values, z], 1)

    def decode(self, latents: Latents, given: Given | None = None) -> Items:
        """G(c, z), shape (b, *shape)."""
        self.check_given(given)
        return self.made(self.generator(latents))

    def codes(self, images: Items) -> Codes:
        """Q(c | x) of items."""
        return self._codes(self.judge(images))

    def reading(self, judged: Judged, made: Fakes | None, given: Given | None) -> Nats | None:
        """−log Q(c | G(z, c)) of samples, uniform codes counted by their weight; None of data."""
        if made is None:
            return None
        codes = self._codes(judged)
        if self.jitter:
            codes = Codes(self.codes(jittered(made.images, self.jitter)).logits, codes.mean)
        category = made.latents[:, : self.categories]
        return -codes.log_prob(category, self.values(made.latents), self.uniform_weight)

    def values(self, latents: Latents) -> Float[Tensor, "b m"]:
        """The uniform codes of latents."""
        return latents[:, self.categories : self.categories + self.uniforms]

    def _codes(self, judged: Judged) -> Codes:
        assert judged.read is not None
        return Codes(*judged.read.split((self.categories, self.uniforms), 1))
