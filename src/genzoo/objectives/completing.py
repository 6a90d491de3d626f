"""The three phases of a completion net: it learns to be near, its critic to tell, then both play."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from genzoo.errors import BadInput
from genzoo.models.adversarial.completion import ContextCompletion
from genzoo.nn.completing import Corners
from genzoo.nn.holes import Holes, check_holes, corners, holes
from genzoo.objectives.base import Health, Phased, Update
from genzoo.types import Batch, Images, Known, Loss, Scalar


@dataclass(frozen=True)
class Filled:
    """A batch with holes, and what was made of it.

    Args:
        images: completed, the known pixels their own.
        known: which pixels those are.
        where: corners of the windows that the holes lie in.
        elsewhere: corners of windows at other places, in which data are judged.
    """

    images: Images
    known: Known
    where: Corners
    elsewhere: Corners


class Completion(Phased[ContextCompletion]):
    """First C alone descends the squared error in the hole, then the critic alone, then both in turn:

        ‖M ⊙ (C(x, M) − x)‖² + α·log(1 − D(C(x, M), M))   in its non-saturating form, −log D.

    The squared error is a mean over all numbers of an image in [0, 1], those outside the hole being 0. In
    the last two phases the critic moves first and both meet the same holes. Data are judged in a window at a
    place of its own. The phases are counted in images seen.

    Reference: Iizuka, Simo-Serra & Ishikawa, 2017, section 3.4, equations 2 to 4 and algorithm 1: α = 0.0004;
    90,000 and 10,000 of 500,000 iterations are the first two phases.

    >>> Completion().spec["weight"]
    0.0004

    Args:
        alone_images: of the first phase.
        critic_images: of the second.
        weight: α, of the critic's verdict; 0: the squared error alone, in all phases.
        holes: "boxes", "strokes" or "both".
        least: the shortest side of a box, in sides of the critic's window: 96/128 as published.
    """

    def __init__(
        self,
        *,
        alone_images: int = 200_000,
        critic_images: int = 20_000,
        weight: float = 4e-4,
        holes: Holes = "boxes",
        least: float = 0.75,
    ) -> None:
        check_holes(holes)
        if min(alone_images, critic_images, weight) < 0:
            raise BadInput(
                "alone_images, critic_images and weight must be at least 0, got "
                f"{alone_images}, {critic_images}, {weight}"
            )
        if not 0 < least <= 1:
            raise BadInput(f"--least must be above 0 and at most 1, got {least}")
        self.alone_images, self.critic_images, self.weight = alone_images, critic_images, weight
        self.kind: Holes = holes
        self.least = least

    def players(self, model: ContextCompletion) -> Mapping[str, Sequence[nn.Parameter]]:
        """The completer and the critic."""
        return {"completer": list(model.completer.parameters()), "critic": list(model.critic.parameters())}

    def phase(self, step: int) -> int:
        """1, 2 or 3, by the images seen before a step."""
        seen = self.seen(step)
        return 1 + (seen >= self.alone_images) + (seen >= self.alone_images + self.critic_images)

    def unreached(self, model: ContextCompletion, images: int) -> str:
        """Which of the critic's phases a budget does not reach, where the critic is to count."""
        joint = self.alone_images + self.critic_images
        if not self.weight or images > joint:
            return ""
        return (
            f"--images {images:,} ends before the net meets its critic, after {joint:,}; holes stay blurred: "
            f"give more, or smaller --alone-images ({self.alone_images:,}) and --critic-images "
            f"({self.critic_images:,})"
        )

    def turn(self, model: ContextCompletion, step: int) -> Sequence[Update[ContextCompletion]]:
        """The moves of the step's phase."""
        phase, met = self.phase(step), list[Filled]()

        def critic(model: ContextCompletion, batch: Batch) -> Loss:
            with torch.set_grad_enabled(phase == 3):
                met.append(self.filled(model, batch.images))
            return self.critic_loss(model, batch.images, met[-1])

        def completer(model: ContextCompletion, batch: Batch) -> Loss:
            filled = met.pop(0) if met else self.filled(model, batch.images)
            return self.completer_loss(model, batch.images, filled, judged=phase == 3)

        if phase == 1 or not self.weight:
            return [Update("completer", completer)]
        return [Update("critic", critic), *([Update("completer", completer)] if phase == 3 else [])]

    def filled(self, model: ContextCompletion, images: Images) -> Filled:
        """Images with a hole each, completed."""
        size, window = images.shape[2:], (model.window, model.window)
        where, elsewhere = (corners(len(images), size, window, images) for _ in range(2))
        known = holes(where, size, window, images, kind=self.kind, least=self.least)
        return Filled(model.complete(images, known), known, where, elsewhere)

    def completer_loss(
        self, model: ContextCompletion, images: Images, filled: Filled, *, judged: bool
    ) -> Loss:
        """The squared error in the holes, and α times what the critic's verdict costs."""
        error = (filled.images - images).square().mean()
        terms: dict[str, Tensor] = {"hole_error": hole_error(filled.images, images, filled.known).detach()}
        if not judged:
            return Loss(error, terms)
        cost = softplus(-model.judge(filled.images, filled.where).score).mean()
        return Loss(error + self.weight * cost, terms | {"cost": cost.detach()})

    def critic_loss(self, model: ContextCompletion, images: Images, filled: Filled) -> Loss:
        """What the critic pays for data in a window anywhere, and for completions in that of their hole."""
        real = softplus(-model.judge(images, filled.elsewhere).score).mean()
        fake = softplus(model.judge(filled.images.detach(), filled.where).score).mean()
        return Loss(real + fake, {"real": real.detach(), "fake": fake.detach()})

    def health(self, model: ContextCompletion, batch: Batch) -> Health:
        """The squared error of a number in a hole, and the share of pairs that the critic tells rightly."""
        filled = self.filled(model, batch.images)
        real = model.judge(batch.images, filled.elsewhere).score
        fake = model.judge(filled.images, filled.where).score
        numbers = {
            "hole_error": float(hole_error(filled.images, batch.images, filled.known)),
            "critic_accuracy": float((real[:, None] > fake).double().mean()),
        }
        return Health(numbers)


def hole_error(made: Images, images: Images, known: Known) -> Scalar:
    """The mean squared error of a number in the holes, of images in [0, 1]."""
    hidden = (~known).expand_as(images)
    return (made - images).square()[hidden].mean()
