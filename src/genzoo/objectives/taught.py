"""The game of a critic that is a classifier too, where few of the labels are told."""

from collections.abc import Collection, Sequence

from genzoo.data.batches import Batches
from genzoo.data.dataset import Dataset
from genzoo.data.few import told
from genzoo.data.view import View
from genzoo.errors import BadInput
from genzoo.models.adversarial.base import TwoPlayerModel
from genzoo.objectives.adversarial import Adversarial
from genzoo.objectives.base import Health, Update
from genzoo.objectives.wrapped import Wrapped
from genzoo.types import Batch


class TaughtAdversarial(Wrapped[TwoPlayerModel]):
    """The non-saturating game, in which the critic is also told the classes of some items.

    Reference: Salimans et al., 2016, arXiv:1606.03498, sections 3.1, 3.3 and 5.

    >>> TaughtAdversarial(labelled=100).spec["feature_matching"]
    True

    Args:
        labelled: training items whose label is told, in equal parts of the classes and by the seed, the same
            ones as `genzoo classify --labels`; without it all.
        share: of each batch, labelled items, if they are a smaller share of the data set.
        feature_matching: the generator matches the mean of the critic's last hidden layer, not its verdict:
            better classifiers, less handsome samples.
        instance_noise: standard deviation of noise on all that the critic is shown.
        history: weight of historical averaging.
        read_weight: of the classification among all that the critic pays for.
    """

    def __init__(
        self,
        *,
        labelled: int | None = None,
        share: float = 0.5,
        feature_matching: bool = True,
        instance_noise: float = 0.0,
        history: float = 0.0,
        read_weight: float = 1.0,
    ) -> None:
        if not 0 < share < 1:
            raise BadInput(f"--share must be between 0 and 1, got {share}")
        self.labelled, self.share = labelled, share
        self.game = Adversarial(
            feature_matching=feature_matching,
            instance_noise=instance_noise,
            history=history,
            read_weight=read_weight,
        )

    @property
    def couples(self) -> bool:
        """The told items of a batch share the classification's weight."""
        return True

    def batches(
        self, dataset: Dataset, *, view: View, size: int, seed: int, requires: Collection[str]
    ) -> Batches:
        """Batches with the labels that are told, −1 for the others."""
        known = told(dataset, self.labelled, seed)
        return Batches(
            dataset, view=view, size=size, seed=seed, requires=requires, told=known, share=self.share
        )

    def turn(self, model: TwoPlayerModel, step: int) -> Sequence[Update[TwoPlayerModel]]:
        """The critic's move, then the generator's."""
        return self.game.turn(model, step)

    def begin(self, model: TwoPlayerModel, batch: Batch) -> None:
        """As in the game without labels."""
        self.game.begin(model, batch)

    def health(self, model: TwoPlayerModel, batch: Batch) -> Health:
        """As in the game without labels."""
        return self.game.health(model, batch)
