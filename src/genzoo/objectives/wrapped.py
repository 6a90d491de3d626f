"""What games that wrap another game leave to it."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from torch import nn

from genzoo.models.adversarial.base import TwoPlayerModel
from genzoo.objectives.adversarial import Adversarial
from genzoo.objectives.base import Objective

W = TypeVar("W", bound=TwoPlayerModel)


class Wrapped(Objective[W]):
    """Rules around those of a two-player game, which has the players and does the remembering."""

    game: Adversarial

    def players(self, model: W) -> Mapping[str, Sequence[nn.Parameter]]:
        """The critic and the generator."""
        return self.game.players(model)

    def state_dict(self) -> dict[str, Any]:
        """What the game remembers."""
        return self.game.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Takes back what `state_dict` gave."""
        self.game.load_state_dict(state)
