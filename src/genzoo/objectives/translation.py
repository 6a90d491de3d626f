"""The game of pix2pix: like the data to a critic, and near the very image that belongs to the picture."""

from collections.abc import Collection, Iterator, Sequence

from genzoo.data.batches import Batches
from genzoo.data.dataset import Dataset
from genzoo.data.jitter import Jitter
from genzoo.data.view import View
from genzoo.errors import BadInput
from genzoo.models.adversarial.base import Fakes, TwoPlayerModel
from genzoo.objectives.adversarial import Adversarial
from genzoo.objectives.base import Health, Update
from genzoo.objectives.fakes import TurnOfFakes
from genzoo.objectives.penalties import Penalty
from genzoo.objectives.wrapped import Wrapped
from genzoo.types import Batch, Loss


class PairedTranslation(Wrapped[TwoPlayerModel]):
    """The critic and the generator of a conditional GAN; the generator pays λ·‖x − G(c, z)‖₁ as well.

    The distance is a mean over the numbers of an image in [−1, 1], as published, so that λ is the paper's.
    The paper halves what its critic pays, which under Adam changes nothing.

    Reference: Isola et al., 2017, arXiv:1611.07004, equations 1 to 4 and appendix 6.2.

    >>> PairedTranslation().spec["l1"]
    100.0

    Args:
        divergence: what each side pays for a score, as of `Adversarial`.
        l1: λ; 0: there is a critic's verdict only.
        adversarial: weight of the critic's verdict; 0: the critic does not play, and the net is a regression.
        jitter: by how much pairs are enlarged before a window of their size is cut out: 30/256 as published.
        mirror: whether half of the pairs are mirrored.
        smoothing: the critic's target for data is 1 − smoothing.
        instance_noise: standard deviation of noise on all that the critic is shown.
        noise_turns: over which that noise fades to 0; 0: it stays.
        penalty: on the critic's slope: "none", "gradient", "r1", "r1+r2".
        penalty_weight: λ of "gradient", γ of the others, which have γ/2.
        penalty_every: critic's turns of which one has the penalty, times as many.
    """

    def __init__(
        self,
        divergence: str = "non-saturating",
        *,
        l1: float = 100.0,
        adversarial: float = 1.0,
        jitter: float = 30 / 256,
        mirror: bool = True,
        smoothing: float = 0.0,
        instance_noise: float = 0.0,
        noise_turns: int = 0,
        penalty: Penalty = "none",
        penalty_weight: float = 10.0,
        penalty_every: int = 1,
    ) -> None:
        if l1 < 0 or adversarial < 0 or not l1 + adversarial:
            raise BadInput(
                f"--l1 and --adversarial must be at least 0 and not both 0, got {l1} and {adversarial}"
            )
        self.l1, self.adversarial, self.jitter = l1, adversarial, Jitter(jitter, mirror)
        self.game = Adversarial(
            divergence,
            smoothing=smoothing,
            instance_noise=instance_noise,
            noise_turns=noise_turns,
            penalty=penalty,
            penalty_weight=penalty_weight,
            penalty_every=penalty_every,
        )

    def batches(
        self, dataset: Dataset, *, view: View, size: int, seed: int, requires: Collection[str]
    ) -> Batches:
        """Pairs, both of each jittered alike."""
        return Batches(dataset, view=view, size=size, seed=seed, requires=requires, jitter=self.jitter)

    def begin(self, model: TwoPlayerModel, batch: Batch) -> None:
        """BadInput for a model that is given no picture, or rules that its critic cannot be held by."""
        if model.requires != {"images"}:
            raise BadInput(
                f"PairedTranslation is for pictures made from pictures, not for {type(model).__name__}"
            )
        self.game.begin(model, batch)

    def turn(self, model: TwoPlayerModel, step: int) -> Sequence[Update[TwoPlayerModel]]:
        """The critic's move, if it plays, then the generator's."""
        fakes = TurnOfFakes()

        def critic(model: TwoPlayerModel, batch: Batch) -> Loss:
            return self.game.critic_loss(model, batch, fakes.for_critic(model, batch), step)

        def in_parts(model: TwoPlayerModel, batch: Batch) -> Iterator[Loss]:
            return self.game.critic_losses(model, batch, fakes.for_critic(model, batch), step)

        def generator(model: TwoPlayerModel, batch: Batch) -> Loss:
            return self.generator_loss(model, batch, fakes.for_generator(model, batch), step)

        critic_moves = [Update("critic", critic, parts=in_parts)] if self.adversarial else []
        return [*critic_moves, Update("generator", generator)]

    def generator_loss(self, model: TwoPlayerModel, batch: Batch, fakes: Fakes, step: int = 0) -> Loss:
        """What the generator pays for the critic's verdict, and for being off the batch's images."""
        distance = model.span * (batch.images - fakes.images).abs().mean()
        terms = {"l1": distance.detach()}
        if not self.adversarial:
            return Loss(self.l1 * distance, terms)
        game = self.game.generator_loss(model, batch, fakes, step)
        return Loss(self.adversarial * game.total + self.l1 * distance, game.terms | terms)

    def health(self, model: TwoPlayerModel, batch: Batch) -> Health:
        """As of the game alone; how far a sample is from its image, and from another draw of it."""
        found = self.game.health(model, batch) if self.adversarial else Health()
        first, second = (model.sample(len(batch), batch.given) for _ in range(2))
        numbers = {
            "distance_to_target": float((first - batch.images).abs().mean()),
            "distance_to_second_draw": float((first - second).abs().mean()),
        }
        return Health({**found.numbers, **numbers}, found.warnings)
