"""A measured number with everything that it takes to compare it: unit, kind, error, protocol."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor

Kind = Literal["exact", "bound", "estimate", "error"]


@dataclass(frozen=True)
class Result:
    """The mean of one quantity over the items of a split.

    Args:
        name: the quantity, a name in `QUANTITIES`, and in brackets what it was measured with, such as
            `fid[mnist-cnn-1a2b3c4d]` for features whose weights have that hash or `probe_accuracy[100]`
            for 100 labels.
        value: its mean over the items.
        stderr: the standard error of that mean, s/√n, or of the estimate; None where it is not known.
        n: how many items.
        unit: `nats`, `nats (density)`, `bits/dim`, `per image`, `per item`, `per dimension`, `share`, … or
            empty for a plain number.
        kind: `exact`; a `bound` of it (a lower one of log p, so an upper one of bits/dim); an
            `estimate`; or an `error` of reconstruction, which says nothing about a density.
        protocol: data set, split, view and number of draws, in words.
        seed: of the noise and of binarization.
        samples: draws averaged for each item, where the quantity is random.
    """

    name: str
    value: float
    stderr: float | None
    n: int
    unit: str
    kind: Kind
    protocol: str
    seed: int
    samples: int | None = None

    @property
    def quantity(self) -> str:
        """The name without what stands in brackets."""
        return self.name.partition("[")[0]

    @property
    def measured_with(self) -> str:
        """What stands in brackets, empty if nothing does."""
        return self.name.partition("[")[2].removesuffix("]")

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    def __str__(self) -> str:
        sign = {"bound": "≤ " if self.unit == "bits/dim" else "≥ ", "estimate": "≈ "}.get(self.kind, "")
        error = "" if self.stderr is None else f" ± {self.stderr:.{_digits(self.stderr)}f}"
        digits = 4 if self.stderr is None else _digits(self.stderr)
        return f"{sign}{self.value:.{digits}f}{error}"


def _digits(stderr: float) -> int:
    """Decimals that show two figures of the standard error."""
    return (
        4 if stderr <= 0 or not math.isfinite(stderr) else min(8, max(0, 1 - math.floor(math.log10(stderr))))
    )


def over_repetitions(values: Sequence[float]) -> tuple[float, float | None]:
    """`summarised` of one number a repetition."""
    return summarised(torch.tensor(values, dtype=torch.float64))


def summarised(values: Float[Tensor, " n"]) -> tuple[float, float | None]:
    """Mean and standard error of the mean, s/√n with s² the unbiased variance, in float64.

    >>> import torch
    >>> summarised(torch.tensor([1.0, 3.0]))
    (2.0, 1.0)
    """
    values = values.double()
    if len(values) < 2:
        return float(values.mean()), None
    return float(values.mean()), float(values.std() / math.sqrt(len(values)))
