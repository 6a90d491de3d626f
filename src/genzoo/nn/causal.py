"""Causal layers: each has a `forward` for whole images, and records what one more pixel of it costs."""

from abc import ABC, abstractmethod

import torch
from jaxtyping import Float
from torch import Tensor, nn

from genzoo.nn.places import Elementwise, Ref
from genzoo.nn.tape import Tape

Features = Float[Tensor, "b _ h w"]  # activations of whole images

_RECORDED: dict[type[nn.Module], Elementwise] = {nn.ReLU: "relu", nn.Sigmoid: "sigmoid", nn.Identity: "copy"}


class CausalLayer(nn.Module, ABC):
    """A layer whose output at (pixel, colour) depends on the input at it and before it only."""

    @abstractmethod
    def record(self, tape: Tape, x: Ref) -> Ref:
        """Writes down what one more pixel costs: its input in, its output back."""


class Pointwise(CausalLayer):
    """A causal layer of a module that maps each number by itself.

    Args:
        function: a ReLU or a sigmoid.
    """

    def __init__(self, function: nn.Module) -> None:
        super().__init__()
        if type(function) not in _RECORDED:
            names = ", ".join(kind.__name__ for kind in _RECORDED)
            raise TypeError(f"expected one of {names}, got {type(function).__name__}")
        self.function = function

    def forward(self, x: Features) -> Features:
        """The function of every activation."""
        return self.function(x)

    def record(self, tape: Tape, x: Ref) -> Ref:
        """The function of a pixel's activations."""
        return tape.map(_RECORDED[type(self.function)], x)


class CausalSequential(nn.Sequential, CausalLayer):
    """Causal layers one after the other."""

    def record(self, tape: Tape, x: Ref) -> Ref:
        """One layer after the other."""
        for layer in self:
            if not isinstance(layer, CausalLayer):
                raise TypeError(f"a causal stack is made of causal layers, got {type(layer).__name__}")
            x = layer.record(tape, x)
        return x


class CausalResidual(CausalLayer):
    """x + f(x) for a causal f.

    Args:
        branch: f.
    """

    def __init__(self, branch: CausalLayer) -> None:
        super().__init__()
        self.branch = branch

    def forward(self, x: Features) -> Features:
        """x + f(x)."""
        return torch.add(x, self.branch(x))

    def record(self, tape: Tape, x: Ref) -> Ref:
        """f of a pixel, and the sum."""
        return tape.map("add", x, self.branch.record(tape, x))
