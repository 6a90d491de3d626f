"""Historical averaging: a player pays for leaving the mean of its past weights."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from genzoo.types import Scalar


class History:
    """‖θ − (1/t)·Σ θ[i]‖² of each player, with the mean over its weights after each of t moves.

    Reference: Salimans et al., 2016, arXiv:1606.03498, section 3.3.
    """

    def __init__(self) -> None:
        self._moves: dict[str, int] = {}
        self._means: dict[str, list[Tensor]] = {}

    def distance(self, player: str, weights: Sequence[nn.Parameter]) -> Scalar:
        """The squared distance from the mean; 0 before the first move."""
        if player not in self._means:
            return weights[0].new_zeros(())
        means = (mean.to(w.device, w.dtype) for mean, w in zip(self._means[player], weights, strict=True))
        return torch.stack([(w - m).square().sum() for w, m in zip(weights, means, strict=True)]).sum()

    @torch.no_grad()
    def remember(self, player: str, weights: Sequence[nn.Parameter]) -> None:
        """Takes the weights after a move into the mean."""
        moves = self._moves[player] = self._moves.get(player, 0) + 1
        if player not in self._means:
            self._means[player] = [w.detach().clone() for w in weights]
            return
        means = [mean.to(w.device, w.dtype) for mean, w in zip(self._means[player], weights, strict=True)]
        torch._foreach_lerp_(means, [w.detach() for w in weights], 1 / moves)
        self._means[player] = means

    def state_dict(self) -> dict[str, Any]:
        """Moves counted and means, by player."""
        return {"moves": dict(self._moves), "means": {k: list(v) for k, v in self._means.items()}}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes back what `state_dict` gave."""
        self._moves = dict(state["moves"])
        self._means = {k: [mean.clone() for mean in v] for k, v in state["means"].items()}
