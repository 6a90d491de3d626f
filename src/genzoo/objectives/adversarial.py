"""Two-player games: a critic learns to tell data from samples, a generator to be taken for data."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from genzoo.errors import BadInput
from genzoo.models.adversarial.base import Fakes, TwoPlayerModel
from genzoo.nn.critic import Judged
from genzoo.objectives.augmented import Augmented
from genzoo.objectives.base import Health, Objective, Update
from genzoo.objectives.divergences import divergence_named
from genzoo.objectives.fakes import TurnOfFakes
from genzoo.objectives.game_health import game_health, verdict
from genzoo.objectives.history import History
from genzoo.objectives.penalties import Penalty, check_penalty, penalty
from genzoo.types import Batch, Given, Loss, Scalar, Scores

_HEAD_START = 100  # the critic's moves in a turn of its head start
_AGAIN = 500  # turns after which it gets one such turn again


class Adversarial(Objective[TwoPlayerModel]):
    """min_G max_D E[log D(x)] + E[log(1 − D(G(z)))], or another divergence, by moves in turn.

    A turn is `critic_moves` of the critic and one of the generator, who owns every parameter that is not
    the critic's. The critic's first move and the generator's share one batch of fakes, made by one
    forward pass of the generator.

    Where the critic has a second head, both players pay for what it fails to read off the fakes: the class
    that they were asked for (AC-GAN), the code that they were made from (InfoGAN).

    Reference: Goodfellow et al. (2014), arXiv:1406.2661, algorithm 1, and the papers named in
    `genzoo.objectives.divergences` and `genzoo.objectives.penalties`; WGAN: Arjovsky et al. (2017),
    arXiv:1701.07875, algorithm 1; smoothing, feature matching: Salimans et al. (2016), arXiv:1606.03498,
    sections 3.4 and 3.1; lazy penalties: Karras et al. (2020), arXiv:1912.04958, appendix B; unrolled:
    Metz et al. (2017), arXiv:1611.02163, equations 9 to 11, with plain gradient steps: the generator raises
    all that the critic ahead pays, for data too, since the fakes bear on that critic.

    Args:
        divergence: what each side pays for a score: "minimax", "non-saturating", "least-squares",
            "wasserstein", "hinge" or "relativistic".
        critic_moves: the critic's moves in a turn, each on a real batch of its own; k in algorithm 1.
        head_start: first turns, and then every 500th, in which the critic moves 100 times; 25 in WGAN's code.
        smoothing: the critic's target for real items is 1 − smoothing; fakes keep 0.
        drift: weight of the mean square of real items' scores, which keeps them near 0 (Karras et al., 2018).
        instance_noise: standard deviation of noise on all that the critic is shown, in units of what it sees.
        noise_turns: over which that noise fades to 0; 0: it stays.
        weight_clip: the critic's weights are held in [−weight_clip, weight_clip]; 0: they are free.
        penalty: on the critic's slope: "none", "gradient" (WGAN-GP), "r1", "r1+r2".
        penalty_weight: λ of "gradient", γ of the others, which have γ/2.
        penalty_every: critic's turns of which one has the penalty, times as many (lazy).
        feature_matching: the generator matches the mean of the critic's last hidden layer, not its verdict.
        history: weight of historical averaging: each player pays for leaving the mean of its past weights.
        lookahead: the critic's steps that the generator looks ahead, differentiating through them (unrolled).
        lookahead_lr: learning rate of those steps.
        augment: changes that data and samples go through: "colour", "translation", "cutout", "flip",
            "rotate".
        augment_target: their probability adapts so that this share more of the data than of the opposite is
            scored as data (ADA, 0.6); 0: they are always made (DiffAugment).
        read_weight: λ, of what the critic's second head is asked to read.
    """

    def __init__(
        self,
        divergence: str = "non-saturating",
        *,
        critic_moves: int = 1,
        head_start: int = 0,
        smoothing: float = 0.0,
        drift: float = 0.0,
        instance_noise: float = 0.0,
        noise_turns: int = 0,
        weight_clip: float = 0.0,
        penalty: Penalty = "none",
        penalty_weight: float = 10.0,
        penalty_every: int = 1,
        feature_matching: bool = False,
        history: float = 0.0,
        lookahead: int = 0,
        lookahead_lr: float = 0.1,
        augment: Sequence[str] = (),
        augment_target: float = 0.0,
        read_weight: float = 1.0,
    ) -> None:
        self.divergence = divergence_named(divergence)
        check_penalty(penalty)
        _check_at_least(1, critic_moves=critic_moves, penalty_every=penalty_every)
        _check_at_least(0, head_start=head_start, weight_clip=weight_clip, penalty_weight=penalty_weight)
        _check_at_least(0, history=history, lookahead=lookahead, read_weight=read_weight, drift=drift)
        if not 0 <= smoothing < 0.5:
            raise BadInput(f"smoothing must be from 0 to below 0.5, got {smoothing}")
        if smoothing and self.divergence.paired:
            raise BadInput(f"divergence {divergence!r} has no labels to smooth: leave smoothing out")
        self.critic_moves, self.head_start, self.smoothing = critic_moves, head_start, smoothing
        self.weight_clip, self.feature_matching, self.read_weight = weight_clip, feature_matching, read_weight
        self.penalty, self.penalty_weight, self.penalty_every = penalty, penalty_weight, penalty_every
        self.lookahead, self.lookahead_lr, self.history, self.drift = lookahead, lookahead_lr, history, drift
        self.past, self.augmented = History(), Augmented(augment, augment_target, instance_noise, noise_turns)

    @property
    def couples(self) -> bool:
        """A mean of features is of the batch, and so is the critic that the generator looks ahead to."""
        return self.feature_matching or self.lookahead > 0

    def begin(self, model: TwoPlayerModel, batch: Batch) -> None:
        """BadInput for what the rules cannot be played with, such as a penalty where scores mix items."""
        if len(batch) % model.critic.pack:
            raise BadInput(
                f"a batch of {len(batch)} items does not divide into packs of {model.critic.pack}: change "
                "--pack or --batch"
            )
        if self.augmented.policy and not model.pictures:
            raise BadInput("--augment changes images; these items are not")
        normalised = any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in model.critic.modules())
        if self.penalty != "none" and normalised:
            raise BadInput(
                f"--penalty {self.penalty} is on each item's own slope, and batch normalisation mixes items: "
                "give --critic-norm layer or none"
            )
        if self.penalty != "none" and model.critic.pack > 1:
            raise BadInput(f"--penalty {self.penalty} is on each item's own slope: leave --pack out")

    def players(self, model: TwoPlayerModel) -> Mapping[str, Sequence[nn.Parameter]]:
        """The critic, and the generator with all the rest, in the order of `model.parameters()`."""
        critic = list(model.critic.parameters())
        taken = {id(p) for p in critic}
        return {"critic": critic, "generator": [p for p in model.parameters() if id(p) not in taken]}

    def turn(self, model: TwoPlayerModel, step: int) -> Sequence[Update[TwoPlayerModel]]:
        """The critic's moves, then the generator's."""
        fakes = TurnOfFakes()

        def critic(model: TwoPlayerModel, batch: Batch) -> Loss:
            return self.critic_loss(model, batch, fakes.for_critic(model, batch), step)

        def in_parts(model: TwoPlayerModel, batch: Batch) -> Iterator[Loss]:
            return self.critic_losses(model, batch, fakes.for_critic(model, batch), step)

        def generator(model: TwoPlayerModel, batch: Batch) -> Loss:
            return self.generator_loss(model, batch, fakes.for_generator(model, batch), step)

        started = step >= self.head_start and (not self.head_start or step % _AGAIN)
        moves = self.critic_moves if started else max(_HEAD_START, self.critic_moves)
        return [
            Update("critic", critic, repeat=moves, after=self._after_critic, parts=in_parts),
            Update("generator", generator, after=self._after_generator),
        ]

    def critic_loss(self, model: TwoPlayerModel, batch: Batch, fakes: Fakes, step: int = 0) -> Loss:
        """The critic's mean cost of the batch's items plus that of `fakes`, which carry no graph."""
        parts = list(self.critic_losses(model, batch, fakes, step))
        terms = {name: value for part in parts for name, value in part.terms.items()}
        return Loss(torch.stack([part.total for part in parts]).sum(), terms)

    def critic_losses(
        self, model: TwoPlayerModel, batch: Batch, fakes: Fakes, step: int = 0
    ) -> Iterator[Loss]:
        """`critic_loss` in parts: what data cost, then `fakes`; in one where something ties them together."""
        x, y = self._shown(model, batch.images, step), self._shown(model, fakes.images, step)
        real = model.judge(x, batch.given)
        self.augmented.watch(real.score)
        penalised = self.penalty != "none" and step % self.penalty_every == 0
        if self.divergence.paired or self.history or penalised:
            fake = model.judge(y, fakes.given)
            total, terms = self._critic_cost(real, fake)
            total = self._read(model, total, terms, real, None, batch.given)
        else:
            cost = self._real_cost(real.score)
            terms = {"real": cost.detach()}
            yield Loss(self._read(model, cost, terms, real, None, batch.given), terms)
            real = Judged(real.score.detach(), [])  # lets its activations go
            fake = model.judge(y, fakes.given)
            total = self.divergence.fake(fake.score).mean()
            terms = {"fake": total.detach()}
        total = self._read(model, total, terms, fake, fakes, fakes.given)
        terms |= verdict(real, fake, self.divergence.boundary)
        if penalised:
            held = penalty(
                self.penalty, lambda items: model.judge(items, batch.given).score, x, y, model.span
            )
            terms["penalty"] = held.detach()
            total = total + self.penalty_weight * self.penalty_every * held
        yield Loss(self._with_history(model, "critic", total, terms), terms)

    def generator_loss(self, model: TwoPlayerModel, batch: Batch, fakes: Fakes, step: int = 0) -> Loss:
        """The generator's mean cost of the critic's verdict on `fakes`."""
        y = self._shown(model, fakes.images, step)
        weights = self._ahead(model, batch, fakes, step) if self.lookahead else None
        fake, real = model.judge(y, fakes.given, weights=weights), None
        if self.divergence.paired or self.feature_matching or self.lookahead:
            with torch.set_grad_enabled(self.lookahead > 0):
                real = model.judge(self._shown(model, batch.images, step), batch.given, weights=weights)
        if self.feature_matching and real is not None:
            total = (real.features[-1].mean(0) - fake.features[-1].mean(0)).square().sum()
        else:
            total = self.divergence.generator_cost(real.score if real else None, fake.score).mean()
            if self.lookahead and real is not None and not self.divergence.paired:
                total = total - self._real_cost(real.score)
        terms = {"score": fake.score.detach().mean()}
        total = self._read(model, total, terms, fake, fakes, fakes.given)
        return Loss(self._with_history(model, "generator", total, terms), terms)

    def health(self, model: TwoPlayerModel, batch: Batch) -> Health:
        """Who is ahead, how diverse samples are, and warnings in plain words."""
        return game_health(model, batch)

    def state_dict(self) -> dict[str, Any]:
        """The mean of past weights, and the probability of augmentations."""
        past = {"history": self.past.state_dict()} if self.history else {}
        return past | ({"augmented": self.augmented.state_dict()} if self.augmented.policy else {})

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Takes back what `state_dict` gave."""
        if "history" in state:
            self.past.load_state_dict(state["history"])
        if "augmented" in state:
            self.augmented.load_state_dict(state["augmented"])

    def _shown(self, model: TwoPlayerModel, items: Tensor, step: int) -> Tensor:
        return self.augmented.shown(items, step, pictures=model.pictures)

    def _critic_cost(self, real: Judged, fake: Judged) -> tuple[Scalar, dict[str, Tensor]]:
        if self.divergence.paired:
            costs = self.divergence.critic_costs(real.score, fake.score)
            cost_real, cost_fake = (cost.mean() for cost in costs)
        else:
            cost_real, cost_fake = self._real_cost(real.score), self.divergence.fake(fake.score).mean()
        return cost_real + cost_fake, {"real": cost_real.detach(), "fake": cost_fake.detach()}

    def _real_cost(self, score: Scores) -> Scalar:
        cost = self.divergence.real(score).mean()
        if share := self.smoothing:  # a target of 1 − share: that share of the real items counts as fake
            cost = (1 - share) * cost + share * self.divergence.fake(score).mean()
        return cost + self.drift * score.square().mean() if self.drift else cost

    def _read(
        self,
        model: TwoPlayerModel,
        total: Scalar,
        terms: dict[str, Tensor],
        judged: Judged,
        made: Fakes | None,
        given: Given | None,
    ) -> Scalar:
        cost = model.reading(judged, made, given)
        if cost is None:
            return total
        terms["reading_fake" if made else "reading_real"] = cost.detach().mean()
        return total + self.read_weight * cost.mean()

    def _with_history(
        self, model: TwoPlayerModel, player: str, total: Scalar, terms: dict[str, Tensor]
    ) -> Scalar:
        if not self.history:
            return total
        distance = self.past.distance(player, self.players(model)[player])
        terms["history"] = distance.detach()
        return total + self.history * distance

    def _ahead(self, model: TwoPlayerModel, batch: Batch, fakes: Fakes, step: int) -> dict[str, Tensor]:
        """The critic's weights after `lookahead` steps on this batch and these fakes, as their function."""
        weights: dict[str, Tensor] = dict(model.critic.named_parameters())
        x, y = self._shown(model, batch.images, step), self._shown(model, fakes.images, step)
        for _ in range(self.lookahead):
            real = model.judge(x, batch.given, weights=weights)
            fake = model.judge(y, fakes.given, weights=weights)
            cost, _terms = self._critic_cost(real, fake)
            slopes = torch.autograd.grad(
                cost, list(weights.values()), create_graph=True, allow_unused=True, materialize_grads=True
            )
            moved = zip(weights.items(), slopes, strict=True)
            weights = {name: w - self.lookahead_lr * slope for (name, w), slope in moved}
        return weights

    def _after_critic(self, model: TwoPlayerModel) -> None:
        if self.weight_clip:
            with torch.no_grad():
                for weight in model.critic.parameters():
                    weight.clamp_(-self.weight_clip, self.weight_clip)
        self.augmented.adapt()
        self._after(model, "critic")

    def _after_generator(self, model: TwoPlayerModel) -> None:
        self._after(model, "generator")

    def _after(self, model: TwoPlayerModel, player: str) -> None:
        if self.history:
            self.past.remember(player, self.players(model)[player])


def _check_at_least(least: int, **values: float) -> None:
    for name, value in values.items():
        if value < least:
            raise BadInput(f"{name} must be at least {least}, got {value}")
