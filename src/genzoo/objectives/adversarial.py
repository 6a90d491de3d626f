"""Two-player games: a critic learns to tell data from samples, a generator to be taken for data."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from genzoo.errors import BadInput
from genzoo.models.adversarial.gan import GAN
from genzoo.objectives.base import Objective, Update
from genzoo.objectives.divergences import divergence_named
from genzoo.types import Batch, Given, Latents, Loss, Scalar, Scores


class Adversarial(Objective[GAN]):
    """min_G max_D E[log D(x)] + E[log(1 − D(G(z)))], or another divergence, by moves in turn.

    A turn is `critic_moves` of the critic and one of the generator, who owns every parameter that is not
    the critic's. The critic's first move and the generator's share one batch of fakes, made by one
    forward pass of the generator.

    Reference: Goodfellow et al. (2014), arXiv:1406.2661, algorithm 1; one-sided label smoothing: Salimans
    et al. (2016), arXiv:1606.03498, section 3.4.

    Args:
        divergence: "minimax" (eq. 1) or "non-saturating" (section 3): what each side pays for a score.
        critic_moves: the critic's moves in a turn, each on a real batch of its own; k in algorithm 1.
        smoothing: the critic's target for real items is 1 − smoothing; fakes keep 0.
    """

    def __init__(
        self, divergence: str = "non-saturating", *, critic_moves: int = 1, smoothing: float = 0.0
    ) -> None:
        self.divergence = divergence_named(divergence)
        if critic_moves < 1:
            raise BadInput(f"critic_moves must be at least 1, got {critic_moves}")
        if not 0 <= smoothing < 0.5:
            raise BadInput(f"smoothing must be from 0 to below 0.5, got {smoothing}")
        self.critic_moves, self.smoothing = critic_moves, smoothing

    def players(self, model: GAN) -> Mapping[str, Sequence[nn.Parameter]]:
        """The critic, and the generator with all the rest, in the order of `model.parameters()`."""
        critic = list(model.critic.parameters())
        taken = {id(p) for p in critic}
        return {"critic": critic, "generator": [p for p in model.parameters() if id(p) not in taken]}

    def turn(self, model: GAN, step: int) -> Sequence[Update[GAN]]:
        """The critic's moves, then the generator's."""
        fakes = _Fakes()

        def critic(model: GAN, batch: Batch) -> Loss:
            return self.critic_loss(model, batch, fakes.for_critic(model, batch))

        def generator(model: GAN, batch: Batch) -> Loss:
            return self.generator_loss(model, fakes.for_generator(model, batch))

        return [Update("critic", critic, repeat=self.critic_moves), Update("generator", generator)]

    def critic_loss(self, model: GAN, batch: Batch, fakes: Batch) -> Loss:
        """The critic's mean cost of the batch's items plus that of `fakes`, which carry no graph."""
        real, fake = model.score(batch.images, batch.given), model.score(fakes.images, fakes.given)
        cost_real = self.divergence.real(real).mean()
        if share := self.smoothing:  # a target of 1 − share: that share of the real items counts as fake
            cost_real = (1 - share) * cost_real + share * self.divergence.fake(real).mean()
        cost_fake = self.divergence.fake(fake).mean()
        terms = {"real": cost_real.detach(), "fake": cost_fake.detach(), **_verdict(real, fake)}
        return Loss(cost_real + cost_fake, terms)

    def generator_loss(self, model: GAN, fakes: Batch) -> Loss:
        """The generator's mean cost of the critic's scores of `fakes`."""
        score = model.score(fakes.images, fakes.given)
        return Loss(self.divergence.generator(score).mean(), {"d_fake": score.detach().sigmoid().mean()})


@torch.no_grad()
def _verdict(real: Scores, fake: Scores) -> dict[str, Scalar]:
    """For the log: mean D(x) and D(G(z)), and how often the critic is right (D above or below 1/2)."""
    return {
        "d_real": real.sigmoid().mean(),
        "d_fake": fake.sigmoid().mean(),
        "accuracy_real": (real > 0).to(real.dtype).mean(),
        "accuracy_fake": (fake < 0).to(fake.dtype).mean(),
    }


class _Fakes:
    """One turn's samples: the generator is judged on the very noise that the critic saw first.

    The first batch of fakes is decoded once, with its graph: the critic takes it detached, the generator as
    it is. The critic's other draws (repeats, parts of an accumulated gradient) carry no graph; the n-th part
    of the generator's batch decodes the critic's n-th noise anew, so that parts add up to the whole batch.
    Noise keeps the conditions it was drawn under: the generator's move may come with a later batch.
    """

    def __init__(self) -> None:
        self._noise: list[tuple[Latents, Given | None]] = []
        self._decoded: Batch | None = None
        self._taken = 0

    def for_critic(self, model: GAN, batch: Batch) -> Batch:
        noise = (model.draw_latents(len(batch)), batch.given)
        self._noise.append(noise)
        if len(self._noise) == 1:
            self._decoded = _decode(model, *noise)
            return self._decoded.map(Tensor.detach)
        with torch.no_grad():
            return _decode(model, *noise)

    def for_generator(self, model: GAN, batch: Batch) -> Batch:
        decoded, self._decoded = self._decoded, None  # let go: a backward pass uses its graph up
        noise = self._noise[self._taken] if self._taken < len(self._noise) else None
        self._taken += 1
        if noise is None or len(noise[0]) != len(batch):
            return _decode(model, model.draw_latents(len(batch)), batch.given)
        return decoded if decoded is not None else _decode(model, *noise)


def _decode(model: GAN, latents: Latents, given: Given | None) -> Batch:
    return Batch(model.decode(latents, given), given)
