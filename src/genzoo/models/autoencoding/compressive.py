"""The compressive autoencoder: codes that are rounded, and what each costs in bits."""

import math
from collections.abc import Sequence
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from genzoo.densities.scale_mixture import ScaleMixture
from genzoo.errors import BadInput
from genzoo.models.base import Model
from genzoo.models.registry import register
from genzoo.nn.compressive import (
    STRIDE,
    CosineStart,
    analysis,
    clip_through,
    mirrored,
    round_through,
    synthesis,
)
from genzoo.nn.conv import Deconvolution
from genzoo.nn.surroundings import ExactSurroundings, Surroundings
from genzoo.types import Given, Images, Items, Latents

Codes = Float[Tensor, "b m _ _"]
Quality = Int[Tensor, " b"]


@register(
    "compressive-autoencoder",
    place="representation",
    title="Compressive autoencoder",
    formula="min E[λ·(−log₂ Q(⌊f(x)⌉)) + ‖x − g(⌊f(x)⌉)‖²]",
    reference="Theis et al., 2017, arXiv:1703.00395",
    objective={"class": "RateDistortion", "weights": (60.0,)},
    tiny={
        "": {"shape": (1, 8, 8), "code": 4, "width": 4, "blocks": 1},
        "rates": {
            "shape": (3, 12, 10), "code": 6, "width": 4, "blocks": 1, "qualities": 1, "cosine": True,
            "neighbours": True,
        },
    },
    optimizer={"name": "adam", "lr": 1e-3},
)  # fmt: skip
class CompressiveAutoencoder(Model):
    """x → z = ⌊f(x)·γ⌉ → g(z/γ) ≈ x: whole numbers for each 8×8 block, and a mass Q for each channel.

    f is three convolutions of stride 2 around residual blocks, g mirrors it with sub-pixel convolutions. γ is
    a positive number for each channel and quality: one net serves several rates. Images may have any size:
    they are continued by their mirror image to whole blocks. Q is a `ScaleMixture` for each channel
    and quality; with `neighbours` its place and its scales follow what is known of a code's `Surroundings`.

    Reference: Theis, Shi, Cunningham & Huszár, 2017, "Lossy image compression with compressive autoencoders",
    arXiv:1703.00395: §3.3 for the nets, §3.4 for γ; there is no linear path, and codes are independent.

    >>> model = CompressiveAutoencoder((3, 40, 25), code=8, width=4, blocks=1)
    >>> z = model.encode(torch.rand(2, 3, 40, 25))
    >>> z.shape, model.decode(z).shape
    (torch.Size([2, 8, 5, 4]), torch.Size([2, 3, 40, 25]))

    Args:
        shape: (c, h, w) of the images that it is trained on.
        code: channels of a code.
        width: channels of the first convolution; the residual blocks have twice as many.
        blocks: residual blocks of each net.
        qualities: how many rates it serves, the objective's weights in the same order.
        components: scales of each channel's mixture.
        cosine: adds a linear path to both nets that begins as the 8×8 cosine transform.
        neighbours: the probabilities of a code follow those that are known before it.
    """

    def __init__(
        self,
        shape: Sequence[int],
        *,
        code: int = 96,
        width: int = 64,
        blocks: int = 3,
        qualities: int = 1,
        components: int = 6,
        cosine: bool = False,
        neighbours: bool = False,
    ) -> None:
        super().__init__(shape)
        if len(self.shape) != 3:
            raise BadInput(f"a compressive autoencoder takes images (c, h, w), got items of shape {shape}")
        c = self.shape[0]
        if cosine and code > c * STRIDE**2:
            raise BadInput(f"--code {code}: with --cosine at most {c * STRIDE**2} for {c} channels")
        if not 1 <= qualities <= 255:
            raise BadInput(f"--qualities must be from 1 to 255, got {qualities}")
        self.code, self.qualities = code, qualities
        self.stride, self.reach = STRIDE, blocks + 2
        down, up = analysis(c, code, width, blocks), synthesis(c, code, width, blocks)
        self.analysis: nn.Module = down
        self.synthesis: nn.Module = up
        if cosine:
            self.analysis = CosineStart(down, nn.Conv2d(c, code, 8, 8, bias=False), c)
            self.synthesis = CosineStart(up, Deconvolution(code, c, 8, 8, bias=False), c)
        self.log_gain = nn.Parameter(torch.zeros(qualities, code))
        self.logits = nn.Parameter(torch.zeros(qualities, code, components))
        ladder = torch.linspace(math.log(0.25), math.log(2), components)
        self.log_scales = nn.Parameter(ladder.repeat(qualities, code, 1))
        self.surroundings = Surroundings(code, qualities) if neighbours else None
        self.register_buffer("step", torch.ones(qualities))
        self.register_buffer("spread", torch.ones(qualities, code))
        self.step: Tensor
        self.spread: Tensor

    @torch.no_grad()
    def calibrate(self, images: Images, steps: Sequence[float]) -> None:
        """Sets what a code's unit is at each quality, and Q's scales to the spread of these images' codes.

        Args:
            steps: of the quantisation at each quality, in units of pixels in [0, 1], for an f that keeps
                lengths; another f's are in proportion to the variance of its codes.
        """
        qualities = [torch.full((len(images),), q, device=images.device) for q in range(self.qualities)]
        self.step.fill_(1)
        codes = self.analysed(images, qualities[0])
        varied = codes.var((0, 2, 3)).sum() / images.var((0, 2, 3)).sum().clamp(min=1e-4) / STRIDE**2
        self.step.copy_(torch.tensor(steps) * varied.sqrt())
        for q, quality in enumerate(qualities):
            spread = self.analysed(images, quality).std((0, 2, 3)).clamp(min=0.1)
            if self.surroundings is None:
                self.spread[q] = spread
            else:
                self.surroundings.bias[q] = 0.5 * spread

    def _gain(self, quality: Quality) -> Float[Tensor, "b m 1 1"]:
        return (self.log_gain.exp() / self.step[:, None])[quality][..., None, None]

    def analysed(self, images: Images, quality: Quality) -> Codes:
        """f(x)·γ before rounding, for images of any size at the quality of each: (b, code, ⌈h/8⌉, ⌈w/8⌉)."""
        h, w = (-(-n // STRIDE) * STRIDE for n in images.shape[2:])
        return self.analysis(2 * mirrored(images, h, w) - 1) * self._gain(quality)

    def synthesised(self, codes: Codes, quality: Quality) -> Float[Tensor, "b c _ _"]:
        """g(z/γ) clipped to [0, 1], all of each block: (b, c, 8h, 8w)."""
        return clip_through((self.synthesis(codes / self._gain(quality)) + 1) / 2)

    def expected(
        self, codes: Codes, quality: Quality
    ) -> tuple[Float[Tensor, "b m n"] | Literal[0], ScaleMixture]:
        """Of each rounded code, by phases: where Q has its centre, and Q about it, before it is known."""
        log_scales = (self.log_scales + self.spread.log()[..., None])[quality]
        if self.surroundings is None:
            return 0, ScaleMixture(self.logits[quality], log_scales)
        centre, unit = self.surroundings(codes, quality)
        return centre, ScaleMixture(self.logits[quality], log_scales, unit.log())

    def exact_surroundings(self, quality: int) -> ExactSurroundings:
        """What tells a code's centre and unit at a quality from codes before it."""
        if self.surroundings is None:
            return ExactSurroundings.nothing(self.code)
        return self.surroundings.exact(quality)

    def masses(
        self, quality: int, channel: int, unit: float, low: int, high: int
    ) -> Float[Tensor, " levels"]:
        """Q of the whole numbers from `low` to `high` about the centre, float64, in proportion."""
        log_scales = self.log_scales[quality, channel] + self.spread[quality, channel].log()
        log_scales = log_scales.double() + math.log(unit)
        mixture = ScaleMixture(self.logits[quality, channel].double()[None, None], log_scales[None, None])
        numbers = torch.arange(low, high + 1, dtype=torch.float64, device=self.step.device)
        return mixture.log_mass(numbers[None, None])[0, 0].exp()

    def encode(self, images: Items, given: Given | None = None) -> Latents:
        """The rounded code of each image at the best quality, shape (b, code, ⌈h/8⌉, ⌈w/8⌉)."""
        self.check(images, given)
        return round_through(self.analysed(images, self._best(len(images))))

    def decode(self, latents: Latents, given: Given | None = None) -> Items:
        """The image of each code at the best quality, shape (b, c, h, w)."""
        self.check_given(given)
        _, h, w = self.shape
        return self.synthesised(latents, self._best(len(latents)))[:, :, :h, :w]

    def _best(self, n: int) -> Quality:
        return torch.full((n,), self.qualities - 1, device=self.step.device)
