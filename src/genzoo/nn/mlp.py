"""Fully connected nets between items of any shape."""

from collections.abc import Callable, Sequence
from math import prod

from torch import nn


class MLP(nn.Sequential):
    """Linear layers with an activation between them; flattens what comes in, unflattens what goes out.

    Args:
        inp: shape of one input item.
        hidden: widths of the hidden layers; none makes it linear.
        out: shape of one output item.
        activation: makes the layer that follows each hidden one.
    """

    def __init__(
        self,
        inp: Sequence[int],
        hidden: Sequence[int],
        out: Sequence[int],
        activation: Callable[[], nn.Module] = nn.ReLU,
    ) -> None:
        widths = [prod(inp), *hidden]
        layers: list[nn.Module] = [nn.Flatten()]
        for fan_in, fan_out in zip(widths, hidden, strict=False):
            layers += [nn.Linear(fan_in, fan_out), activation()]
        layers += [nn.Linear(widths[-1], prod(out)), nn.Unflatten(1, tuple(out))]
        super().__init__(*layers)
