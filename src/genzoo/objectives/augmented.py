"""What a critic is shown: items under random changes and under noise, data and samples alike."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from genzoo.errors import BadInput
from genzoo.nn.augment import augment
from genzoo.random import joined, mean_across, normal
from genzoo.types import Items, Scores

_RAMP = 100_000  # images in which the probability can go from 0 to 1


class Augmented:
    """Differentiable augmentation, with a fixed probability of 1 or one that adapts, and fading noise.

    The probability of each change rises while the critic gives more than a share of the data a sign of its
    own, r = E[sign f(x)] > `target`, which shows that it learns them by heart; below it falls.

    Reference: Zhao et al., 2020, arXiv:2006.10738 (fixed); Karras et al., 2020, arXiv:2006.06676, section 3.2
    (adaptive; there from 0 to 1 in 500,000 images, here in 100,000); instance noise: Sønderby et al., 2017,
    arXiv:1610.04490, section 3.4, and Arjovsky & Bottou, 2017, arXiv:1701.04862.

    Args:
        policy: names of changes, see `genzoo.nn.augment`.
        target: of r; 0: every change is made always.
        noise: standard deviation of the noise at first, in units of what the nets see.
        turns: over which the noise fades linearly to 0; 0: it stays.
    """

    def __init__(self, policy: Sequence[str], target: float, noise: float, turns: int) -> None:
        if not 0 <= target < 1:
            raise BadInput(f"--augment-target must be at least 0 and below 1, got {target}")
        if noise < 0 or turns < 0:
            raise BadInput(f"--instance-noise and --noise-turns must be at least 0, got {noise} and {turns}")
        if policy:
            augment(torch.zeros(1, 1, 2, 2), policy, 0.0)  # names a change that there is not
        self.policy, self.target, self.noise, self.turns = tuple(policy), target, noise, turns
        self.probability = 0.0 if target else 1.0
        self._signs: list[float] = []  # of the parts of one batch
        self._images = 0  # in that batch, of all processes

    def shown(self, items: Items, step: int, *, pictures: bool) -> Items:
        """The items as the critic is shown them in turn `step`, in their own range."""
        if self.policy:
            if not pictures:
                raise BadInput("--augment changes images; these items are not")
            items = (augment(2 * items - 1, self.policy, self.probability) + 1) / 2
        sd = self.noise * (max(0.0, 1 - step / self.turns) if self.turns else 1.0)
        return items + sd / (2 if pictures else 1) * normal(items.shape, items) if sd else items

    def watch(self, real: Scores) -> None:
        """Notes the critic's scores of data, of all processes."""
        if self.policy and self.target:
            self._signs.append(float(mean_across(real.detach().sign().mean())))
            self._images = joined(len(real))

    def adapt(self) -> None:
        """Moves the probability by what was noted of a move's batch."""
        if self._signs:
            rises = sum(self._signs) / len(self._signs) > self.target
            change = self._images / _RAMP * (1 if rises else -1)
            self.probability = min(1.0, max(0.0, self.probability + change))
        self._signs.clear()

    def state_dict(self) -> dict[str, Any]:
        """The probability."""
        return {"probability": self.probability}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes back what `state_dict` gave."""
        self.probability = state["probability"]
        self._signs.clear()
