"""Generative adversarial nets: x = G(z), judged by a critic that tells samples from data."""

from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from genzoo.errors import BadInput, nearest
from genzoo.models.adversarial.base import Fakes, NoiseModel
from genzoo.models.registry import register
from genzoo.nn import adversaries
from genzoo.nn.adversaries import GeneratorNorm, Net
from genzoo.nn.conditions import one_hot
from genzoo.nn.critic import Conditioning, CriticNorm, Judged, Mates
from genzoo.nn.virtual_norm import with_reference
from genzoo.random import normal, uniform
from genzoo.types import Given, Items, Latents, Nats

Prior = Literal["normal", "uniform"]

_REFERENCE = 64  # latents in the reference batch of virtual batch normalisation
_TINY: dict[str, Any] = {"shape": (1, 8, 8), "latent": 4}
_CONV = _TINY | {"net": "dcgan", "width": 4, "critic_norm": "none", "generator_norm": "layer"}


def _game(**options: Any) -> dict[str, Any]:
    return {"class": "Adversarial", **options}


@register(
    "gan",
    place="likelihood/implicit/direct",
    title="Generative adversarial nets",
    formula="min_G max_D E[log D(x)] + E[log(1 − D(G(z)))]",
    reference="Goodfellow et al., 2014, arXiv:1406.2661; Radford et al., 2016, arXiv:1511.06434",
    objective=_game(divergence="non-saturating"),
    tiny={
        "": _TINY | {"hidden": (32,)},
        "dcgan": _TINY | {"net": "dcgan", "width": 8},
        "maxout": _TINY | {"net": "maxout", "hidden": (16,), "prior": "uniform"},
        "wgan": _CONV,
        "wgan-gp": _CONV | {"critic_norm": "layer"},
        "least-squares": _CONV,
        "hinge": _CONV | {"critic_norm": "spectral"},
        "relativistic": _TINY | {"net": "residual", "width": 4},
        "unrolled": _TINY | {"hidden": (16,)},
        "conditional": _TINY | {"hidden": (16,), "classes": 3},
        "projection": _CONV | {"classes": 3, "conditioning": "projection"},
        "auxiliary": _CONV | {"classes": 3, "conditioning": "auxiliary"},
        "packed": _CONV | {"pack": 2},
        "improved": _CONV | {"generator_norm": "virtual", "mates": "discrimination"},
        "augmented": _CONV | {"mates": "deviation"},
    },
    games={
        "wgan": _game(divergence="wasserstein", critic_moves=2, weight_clip=0.01, head_start=1),
        "wgan-gp": _game(divergence="wasserstein", critic_moves=2, penalty="gradient"),
        "least-squares": _game(divergence="least-squares", instance_noise=0.1, noise_turns=10),
        "hinge": _game(divergence="hinge"),
        "relativistic": _game(
            divergence="relativistic", penalty="r1+r2", penalty_weight=1.0, penalty_every=2
        ),
        "unrolled": _game(divergence="minimax", lookahead=2),
        "auxiliary": _game(smoothing=0.1, penalty="r1", penalty_weight=1.0),
        "improved": _game(feature_matching=True, history=0.01),
        "augmented": _game(augment=("colour", "translation", "cutout"), augment_target=0.6),
    },
    optimizer={"name": "adam", "lr": 2e-4, "betas": (0.5, 0.999)},
)
class GAN(NoiseModel):
    """A generator x = G(z) of noise z, and a critic that tells samples from data.

    The density p(x) is never written down, only drawn from. In the game of 2014 the critic's score is the
    logit of D(x) = P(x is data) = sigmoid(score). The best critic of a fixed generator is D* =
    p_data/(p_data + p_G), and against it the generator descends 2·JSD(p_data ‖ p_G) − log 4. In others the
    score is any real number.

    Nets:

    - `mlp`: fully connected, ReLU and LeakyReLU; it also takes vectors and series, whose values are
      unbounded.
    - `maxout`: the same generator against the critic of Goodfellow et al. (2014, arXiv:1406.2661), maxout
      units with dropout.
    - `dcgan`: strided convolutions with batch normalisation (Radford et al., 2016, arXiv:1511.06434).
    - `conv-dense`: two strided convolutions and a hidden fully connected layer, batch-normalised, as InfoGAN
      has them for digits (Chen et al., 2016, arXiv:1606.03657, table 1).
    - `residual`: a plain residual pair without normalisation, for games with a zero-centred penalty.

    With `classes` the generator is given a label, as further numbers beside z, and the critic deals with it
    by `conditioning`: `concat`, beside the image (Mirza & Osindero, 2014, arXiv:1411.1784); `projection`
    (Miyato & Koyama, 2018, arXiv:1802.05637); `auxiliary`, not shown it but asked to read it off (AC-GAN:
    Odena et al., 2017, arXiv:1610.09585).

    Args:
        latent: numbers in a latent z.
        net: kind of both nets: "mlp", "maxout", "dcgan", "conv-dense" or "residual".
        width: channels of the finest feature map of convolutional nets, doubled at each halving of the side.
        hidden: widths of the hidden layers of fully connected nets.
        critic_hidden: of the critic, where they are others.
        prior: p(z): standard normal, or uniform on [−1, 1] as the first papers have it.
        classes: labels 0 to classes − 1 that items are conditional on; 0: none.
        conditioning: how the critic deals with labels: "concat", "projection" or "auxiliary".
        generator_norm: of net dcgan: "batch" (the default), "virtual" (Salimans et al., 2016), "layer",
            "none".
        critic_norm: "default" (batch in dcgan and conv-dense, else none), "batch", "layer", "spectral" or
            "none".
        mates: what the critic is told of a batch's other items: "none", "discrimination" (minibatch
            discrimination) or "deviation" (minibatch standard deviation).
        pack: items that the critic judges together (PacGAN); divides the batch.

    >>> GAN((1, 28, 28), net="dcgan", width=8).eval().sample(2).shape
    torch.Size([2, 1, 28, 28])
    """

    reference: Tensor | None

    def __init__(
        self,
        shape: Sequence[int],
        *,
        latent: int = 100,
        net: Net = "mlp",
        width: int = 128,
        hidden: Sequence[int] = (1200, 1200),
        critic_hidden: Sequence[int] = (),
        prior: Prior = "normal",
        classes: int = 0,
        conditioning: Conditioning = "concat",
        generator_norm: GeneratorNorm = "default",
        critic_norm: CriticNorm = "default",
        mates: Mates = "none",
        pack: int = 1,
    ) -> None:
        super().__init__(shape)
        check_prior(prior)
        if min(latent, width, pack) < 1:
            raise BadInput(f"latent, width and pack must be at least 1, got {latent}, {width} and {pack}")
        if classes < 0 or classes == 1:
            raise BadInput(f"classes must be 0 or at least 2, got {classes}")
        self.latent, self.prior, self.classes = latent, prior, classes
        self.requires = frozenset({"labels"} if classes else ())
        self.generator = adversaries.generator(
            net, latent + classes, self.shape, width=width, hidden=hidden, norm=generator_norm
        )
        heads = _heads(classes, conditioning) | {"pack": pack, "mates": mates}
        self.critic = adversaries.critic(
            net, self.shape, width=width, hidden=critic_hidden or hidden, norm=critic_norm, **heads
        )
        reference = draw(prior, _REFERENCE, latent, self.like) if generator_norm == "virtual" else None
        self.register_buffer("reference", reference)

    def draw_latents(self, n: int, temperature: float = 1.0) -> Latents:
        """`n` draws z ~ p(z), shape (n, latent); the temperature scales their spread."""
        return temperature * draw(self.prior, n, self.latent, self.like)

    def decode(self, latents: Latents, given: Given | None = None) -> Items:
        """G(z), or G(z, y) of the labels y that are given, shape (b, *shape)."""
        self.check_given(given)
        if given is not None and given.labels is not None:
            latents = torch.cat([latents, one_hot(given.labels, self.classes, latents)], 1)
        if self.reference is None:
            return self.made(self.generator(latents))
        label = torch.arange(_REFERENCE, device=latents.device)
        shown = (
            torch.cat([self.reference, one_hot(label % self.classes, self.classes, latents)], 1)
            if self.classes
            else self.reference
        )
        return self.made(with_reference(self.generator, shown, latents))

    def reading(self, judged: Judged, made: Fakes | None, given: Given | None) -> Nats | None:
        """−log P(y | x) of each item's label by the critic's class head, shape (b); None without one.

        Reference: Odena et al., 2017, arXiv:1610.09585, equation 3, of data and of samples alike.
        """
        if judged.read is None or given is None or given.labels is None:
            return None
        return F.cross_entropy(judged.read, given.labels, reduction="none")


def _heads(classes: int, conditioning: Conditioning) -> dict[str, Any]:
    """What a critic is shown of labels, and asked to read off images."""
    if conditioning == "auxiliary":
        return {"reads": classes}
    return {"classes": classes, "projection": conditioning == "projection" and classes > 0}


def check_prior(prior: str) -> None:
    """BadInput for a distribution of z that there is not."""
    if prior not in ("normal", "uniform"):
        raise BadInput(f"prior {prior!r} is unknown{nearest(prior, ('normal', 'uniform'))}")


def draw(prior: Prior, n: int, latent: int, like: torch.Tensor) -> Latents:
    """`n` draws of noise, standard normal or uniform on [−1, 1], shape (n, latent)."""
    return normal((n, latent), like) if prior == "normal" else 2 * uniform((n, latent), like) - 1
