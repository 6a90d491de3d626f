"""A GAN that grows: from 4x4 pixels up to the images' own, each doubling faded in."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from genzoo.errors import BadInput
from genzoo.models.adversarial.base import Fakes, NoiseModel
from genzoo.models.registry import register
from genzoo.nn.critic import Judged
from genzoo.nn.progressive import ProgressiveCritic, ProgressiveGenerator, at_stage
from genzoo.random import normal
from genzoo.types import Given, Images, Items, Latents, Nats

_GAME: dict[str, Any] = {"class": "Growing", "phase_images": 7}


@register(
    "progressive-gan",
    place="likelihood/implicit/direct",
    title="Progressive growing of GANs",
    formula="the Wasserstein game at 4×4, 8×8, … pixels: x_k = (1 − α)·↑RGB_{k−1}(h_{k−1}) + α·RGB_k(h_k)",
    reference="Karras et al., 2018, arXiv:1710.10196",
    objective={"class": "Growing"},
    tiny={
        "": {"shape": (3, 8, 8), "latent": 4, "top": 8, "width": 4},
        "odd": {"shape": (1, 14, 14), "latent": 4, "top": 4, "width": 2},
    },
    games={"": _GAME, "odd": _GAME | {"divergence": "non-saturating", "penalty": "r1"}},
    optimizer={"name": "adam", "lr": 1e-3, "betas": (0.0, 0.99)},
)
class ProgressiveGAN(NoiseModel):
    """A generator and a critic that hold layers for every resolution, and play at one stage of growth.

    `stage` is a number: k for the resolution 4·2^k in full, between k − 1 and k while the k-th fades in. It
    is part of the weights, so a model that is saved half grown samples as it is. Images are of full size at
    every stage, each pixel a square.

    Reference: Karras, Aila, Laine & Lehtinen, 2018, "Progressive growing of GANs for improved quality,
    stability, and variation", arXiv:1710.10196; the published generator ends linear, here a tanh follows.

    >>> model = ProgressiveGAN((3, 16, 16), latent=4, top=8, width=4).eval()
    >>> model.grow(0.0)
    >>> model.sample(1)[0, 0, 0, :4].unique().numel()
    1

    Args:
        latent: numbers in a latent z, standard normal and normalised to one length.
        top: most channels that a map has; 512 as published.
        width: channels of the finest maps, doubled at each halving up to `top`; 16 of 1024 pixels published.
    """

    stage: Tensor
    critic: ProgressiveCritic

    def __init__(self, shape: Sequence[int], *, latent: int = 128, top: int = 128, width: int = 32) -> None:
        super().__init__(shape)
        if len(self.shape) != 3:
            raise BadInput(
                f"progressive-gan makes images of shape (c, h, w), got items of shape {self.shape}"
            )
        if min(latent, top, width) < 1:
            raise BadInput(f"latent, top and width must be at least 1, got {latent}, {top} and {width}")
        self.latent = latent
        self.generator = ProgressiveGenerator(latent, self.shape, top, width)
        self.critic = ProgressiveCritic(self.shape, top, width)
        self.stages = self.critic.stages
        self.register_buffer("stage", torch.tensor(float(self.stages), dtype=torch.float64))

    def grow(self, stage: float) -> None:
        """Plays at this stage from now on."""
        self.stage.fill_(stage)

    def shown(self, images: Images) -> Images:
        """Data as they look at the stage: what the generator is to imitate."""
        return at_stage(images, float(self.stage), self.stages)

    def draw_latents(self, n: int, temperature: float = 1.0) -> Latents:
        """`n` draws z ~ N(0, I), shape (n, latent). Their length does not count, nor does a temperature."""
        return normal((n, self.latent), self.like)

    def decode(self, latents: Latents, given: Given | None = None) -> Items:
        """G(z) at the stage, shape (b, *shape)."""
        self.check_given(given)
        return self.made(self.generator(latents, float(self.stage)))

    def reading(self, judged: Judged, made: Fakes | None, given: Given | None) -> Nats | None:
        """None: the critic has no other head."""
        return None

    def beside(self, given: Given | None) -> Tensor:
        """The stage that the critic is to play at."""
        return self.stage
