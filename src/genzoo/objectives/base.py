"""An objective says who the players are, whose turn it is, and what each move descends."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from torch import nn

from genzoo.configurable import Configurable
from genzoo.data.batches import Batches
from genzoo.data.dataset import Dataset
from genzoo.data.view import View
from genzoo.types import Batch, Loss

M = TypeVar("M", bound=nn.Module)
M_contra = TypeVar("M_contra", bound=nn.Module, contravariant=True)


@dataclass(frozen=True)
class Update(Generic[M_contra]):
    """One move: `player` descends `loss`, `repeat` times on fresh batches; a loss of None passes.

    Args:
        player: a key of `Objective.players`.
        loss: called with the model and a batch; decides to pass on a number that all processes share.
        repeat: the first repetition takes the turn's batch, each other one draws its own.
        after: runs once the parameters have moved, e.g. weight clipping.
        parts: the same loss as a sum of several, where it is one: each is differentiated before the next is
            computed, so that one graph is held at a time.
    """

    player: str
    loss: Callable[[M_contra, Batch], Loss | None]
    repeat: int = 1
    after: Callable[[M_contra], None] | None = None
    parts: Callable[[M_contra, Batch], Iterator[Loss]] | None = None


@dataclass(frozen=True)
class Health:
    """How a game is going, beside its losses.

    Args:
        numbers: for the log.
        warnings: what is going wrong, in plain words with what to try, by kind: each kind is said once.
    """

    numbers: Mapping[str, float] = field(default_factory=dict)
    warnings: Mapping[str, str] = field(default_factory=dict)


class Objective(Configurable, ABC, Generic[M]):
    """The rules of a game. Likelihoods are one-player games, a GAN has two players."""

    @abstractmethod
    def players(self, model: M) -> Mapping[str, Iterable[nn.Parameter]]:
        """Who moves what, in the order of `model.parameters()`: optimizer state is positional."""

    @abstractmethod
    def turn(self, model: M, step: int) -> Sequence[Update[M]]:
        """The moves of step `step`, in order. They may share work through what their closures hold."""

    def batches(
        self, dataset: Dataset, *, view: View, size: int, seed: int, requires: Collection[str]
    ) -> Batches:
        """The batches that it is played with: shuffled items with the conditions that the model requires."""
        return Batches(dataset, view=view, size=size, seed=seed, requires=requires)

    @property
    def couples(self) -> bool:
        """Whether items of a batch bear on one another in a loss: then its parts do not add up to it."""
        return False

    def begin(self, model: M, batch: Batch) -> None:
        """Runs once before step 0 on one joined batch; what it learns lands in the model's buffers."""

    def health(self, model: M, batch: Batch) -> Health:
        """How the game is going on items that it was not trained on; the model is in evaluation mode."""
        return Health()

    def unreached(self, model: M, images: int) -> str:
        """A sentence on the phases that a budget of so many images does not reach; empty if it does."""
        return ""

    def state_dict(self) -> dict[str, Any]:
        """What the rules remember between steps (an image pool, an average): tensors and JSON values."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Takes back what `state_dict` gave."""


class OnePlayer(Objective[M]):
    """A game of one loss on all the parameters."""

    @abstractmethod
    def loss(self, model: M, batch: Batch) -> Loss:
        """What is descended, a mean over the batch."""

    def players(self, model: M) -> Mapping[str, Iterable[nn.Parameter]]:
        """One player, who moves everything."""
        return {"model": model.parameters()}

    def turn(self, model: M, step: int) -> Sequence[Update[M]]:
        """One move."""
        return [Update("model", self.loss)]


class Phased(Objective[M]):
    """A game whose rules change with the images seen, of which each turn sees one batch."""

    _batch = 1

    def batches(
        self, dataset: Dataset, *, view: View, size: int, seed: int, requires: Collection[str]
    ) -> Batches:
        """The usual batches; their size tells how many images a turn sees."""
        self._batch = size
        return super().batches(dataset, view=view, size=size, seed=seed, requires=requires)

    def seen(self, step: int) -> int:
        """Images seen before a step."""
        return step * self._batch
