"""What a coder needs of a density: the probability of every level of a pixel."""

from typing import Protocol, runtime_checkable

from jaxtyping import Float, Int
from torch import Tensor


@runtime_checkable
class ByLevel(Protocol):
    """A density of images that gives each level of a channel its probability, one channel after the other."""

    def probabilities(self, i: int, numbers: Int[Tensor, "b before h w"]) -> Float[Tensor, "b levels h w"]:
        """p of each level of channel `i`, given the level numbers of the channels before it."""
        ...
