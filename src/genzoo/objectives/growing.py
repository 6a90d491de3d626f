"""Progressive growing: a game of two players, at a resolution that doubles while they play."""

import math
from collections.abc import Sequence
from dataclasses import replace

from genzoo.errors import BadInput
from genzoo.models.adversarial.progressive import ProgressiveGAN
from genzoo.nn.progressive import resolutions
from genzoo.objectives.adversarial import Adversarial
from genzoo.objectives.base import Health, Phased, Update
from genzoo.objectives.penalties import Penalty
from genzoo.objectives.wrapped import Wrapped
from genzoo.types import Batch


class Growing(Wrapped[ProgressiveGAN], Phased[ProgressiveGAN]):
    """Another game's moves, at a stage that is a function of the images seen.

    The first resolution is played for one phase; each further one fades in over a phase, then is played for
    one. From there on all is at full size. The data are shown as the stage would show them, so that a critic
    cannot tell samples by what their stage cannot draw.

    Reference: Karras et al., 2018, arXiv:1710.10196, section 2, figure 2 and appendix A: 800,000 images a
    phase, the Wasserstein game with a gradient penalty of weight 10 and one critic's move a turn, and
    0.001·D(x)² to keep scores near 0.

    >>> Growing(phase_images=100).stage(250, last=3)
    1.0
    >>> Growing(phase_images=100).stage(150, last=3)
    0.5

    Args:
        phase_images: images seen in a phase; 800,000 as published.
        divergence: what each side pays for a score.
        penalty: on the critic's slope: "none", "gradient", "r1", "r1+r2".
        penalty_weight: λ of "gradient", γ of the others, which have γ/2.
        penalty_every: critic's turns of which one has the penalty, times as many.
        drift: weight of the mean square of the scores of data.
        augment: changes that data and samples go through, as of `Adversarial`.
    """

    def __init__(
        self,
        *,
        phase_images: int = 800_000,
        divergence: str = "wasserstein",
        penalty: Penalty = "gradient",
        penalty_weight: float = 10.0,
        penalty_every: int = 1,
        drift: float = 1e-3,
        augment: Sequence[str] = (),
    ) -> None:
        if phase_images < 1:
            raise BadInput(f"phase_images must be at least 1, got {phase_images}")
        self.phase_images = phase_images
        self.game = Adversarial(
            divergence,
            penalty=penalty,
            penalty_weight=penalty_weight,
            penalty_every=penalty_every,
            drift=drift,
            augment=augment,
        )

    def stage(self, images: float, last: int) -> float:
        """The stage after so many images seen: 0 for a phase, then up to each next one and a phase there."""
        phases = images / self.phase_images
        whole = int((phases + 1) // 2)  # stages that have begun to fade in
        fading = min(1.0, max(0.0, phases - (2 * whole - 1))) if whole else 1.0
        return float(min(last, whole - 1 + fading if whole else 0.0))

    def unreached(self, model: ProgressiveGAN, images: int) -> str:
        """The stage at which a budget ends that does not last until the images' own size has faded in."""
        if images >= (needed := 2 * model.stages * self.phase_images):
            return ""
        h, w = resolutions(model.shape[1:])[math.ceil(self.stage(images, model.stages))]
        enough = max(1, images // (2 * model.stages + 2))
        return (
            f"--images {images:,} ends at {h}x{w} pixels: all are there after {needed:,}; give more, "
            f"or --phase-images {enough}"
        )

    def begin(self, model: ProgressiveGAN, batch: Batch) -> None:
        """BadInput for rules that the critic cannot be held by; the model is at its first stage."""
        self.game.begin(model, batch)
        model.grow(0.0)

    def turn(self, model: ProgressiveGAN, step: int) -> Sequence[Update[ProgressiveGAN]]:
        """The game's moves, at the stage of this step."""
        model.grow(self.stage(self.seen(step), model.stages))
        critic, generator = self.game.turn(model, step)
        parts = critic.parts
        assert parts is not None

        def shown(batch: Batch) -> Batch:
            return replace(batch, images=model.shown(batch.images))

        return [
            replace(
                critic,
                loss=lambda model, batch: critic.loss(model, shown(batch)),
                parts=lambda model, batch: parts(model, shown(batch)),
            ),
            replace(generator, loss=lambda model, batch: generator.loss(model, shown(batch))),
        ]

    def health(self, model: ProgressiveGAN, batch: Batch) -> Health:
        """As of the game, beside data in the resolution of the stage; and the stage."""
        found = self.game.health(model, replace(batch, images=model.shown(batch.images)))
        return Health({**found.numbers, "stage": float(model.stage)}, found.warnings)
