"""Causal layers that can compute one pixel at a time from cached activations."""

from abc import ABC, abstractmethod

import torch
from jaxtyping import Float
from torch import Tensor, nn

Features = Float[Tensor, "b _ h w"]  # activations of whole rows of pixels
PixelFeatures = Float[Tensor, "b _"]  # activations of one pixel, of the feature maps of one colour


class Stepper(ABC):
    """A causal layer's progress over one batch of images, in raster order, colour by colour.

    It owns the preallocated cache and shares the layer's weights. Rows are visited from the top:
    either some rows at once with `warm`, before any other, or one by one with `start_row` and then
    one `step` for each (column, colour), in order. Both give what the layer's `forward` would.
    """

    @abstractmethod
    def warm(self, rows: Features) -> Features:
        """The layer's output for the topmost rows, computed at once; the rows below can then be stepped."""

    @abstractmethod
    def start_row(self) -> None:
        """Moves to the next row."""

    @abstractmethod
    def step(self, x: PixelFeatures, column: int, colour: int) -> PixelFeatures:
        """What this pixel's `colour` adds: its feature maps of that colour in, those of the output back."""


class CausalLayer(nn.Module, ABC):
    """A layer whose output at (pixel, colour) depends on the input at it and before it only."""

    @abstractmethod
    def stepper(self, batch: int, columns: int) -> Stepper:
        """A fresh start above `batch` images, `columns` wide, with the weights as they are now."""


class Pointwise(CausalLayer):
    """A causal layer of a module that maps each number by itself, such as a ReLU.

    Args:
        function: the module.
    """

    def __init__(self, function: nn.Module) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Features) -> Features:
        """The function of every activation."""
        return self.function(x)

    def stepper(self, batch: int, columns: int) -> Stepper:
        """Nothing to remember."""
        return _PointwiseStepper(self.function)


class CausalSequential(nn.Sequential, CausalLayer):
    """Causal layers one after the other."""

    def stepper(self, batch: int, columns: int) -> Stepper:
        """A stepper of each layer."""
        return _SequentialStepper([_causal(layer).stepper(batch, columns) for layer in self])


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
        return x + self.branch(x)

    def stepper(self, batch: int, columns: int) -> Stepper:
        """A stepper of the branch."""
        return _ResidualStepper(self.branch.stepper(batch, columns))


def _causal(layer: nn.Module) -> CausalLayer:
    if not isinstance(layer, CausalLayer):
        raise TypeError(f"a causal stack is made of causal layers, got {type(layer).__name__}")
    return layer


class _PointwiseStepper(Stepper):
    def __init__(self, function: nn.Module) -> None:
        self.function = function

    def warm(self, rows: Features) -> Features:
        return self.function(rows)

    def start_row(self) -> None:
        return

    def step(self, x: PixelFeatures, column: int, colour: int) -> PixelFeatures:
        return self.function(x)


class _SequentialStepper(Stepper):
    def __init__(self, steppers: list[Stepper]) -> None:
        self.steppers = steppers

    def warm(self, rows: Features) -> Features:
        for stepper in self.steppers:
            rows = stepper.warm(rows)
        return rows

    def start_row(self) -> None:
        for stepper in self.steppers:
            stepper.start_row()

    def step(self, x: PixelFeatures, column: int, colour: int) -> PixelFeatures:
        for stepper in self.steppers:
            x = stepper.step(x, column, colour)
        return x


class _ResidualStepper(Stepper):
    def __init__(self, branch: Stepper) -> None:
        self.branch = branch

    def warm(self, rows: Features) -> Features:
        return rows + self.branch.warm(rows)

    def start_row(self) -> None:
        self.branch.start_row()

    def step(self, x: PixelFeatures, column: int, colour: int) -> PixelFeatures:
        return torch.add(x, self.branch.step(x, column, colour))
