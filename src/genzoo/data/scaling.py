"""From a variable's own units to pixel values in [0, 1] and back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Scaling:
    """A linear map for each variable of a series: `low` becomes 0 and `high` becomes 1; beyond is clipped.

    >>> scaling = Scaling(("load",), (10.0,), (30.0,))
    >>> scaling.to_pixels(np.array([[10.0], [25.0], [99.0]])).ravel().tolist()
    [0.0, 0.75, 1.0]
    >>> scaling.to_units(np.array([[0.75]])).tolist()
    [[25.0]]

    Args:
        names: of the variables.
        low: of each, in its units.
        high: of each.
    """

    names: tuple[str, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]

    def to_pixels(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Values (… d) in units as pixel values, clipped to [0, 1]."""
        low, high = np.array(self.low), np.array(self.high)
        return np.clip((values - low) / (high - low), 0, 1)

    def to_units(self, pixels: NDArray[np.floating]) -> NDArray[np.float64]:
        """Pixel values (… d) in units."""
        low, high = np.array(self.low), np.array(self.high)
        return low + pixels * (high - low)

    def to_json(self) -> dict[str, list[Any]]:
        """As JSON; `from_json` is its inverse."""
        return {"names": list(self.names), "low": list(self.low), "high": list(self.high)}

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> "Scaling":
        """The scaling that `to_json` wrote."""
        return Scaling(tuple(value["names"]), tuple(value["low"]), tuple(value["high"]))


def scaling_of(values: NDArray[np.floating], names: tuple[str, ...]) -> Scaling:
    """The smallest and the largest known value of each variable; one that is constant gets a range of 1.

    Args:
        values: (t, d), NaN where unknown; every variable has a value.
    """
    low, high = np.nanmin(values, 0), np.nanmax(values, 0)
    high = np.where(high > low, high, low + 1)
    return Scaling(names, tuple(low.tolist()), tuple(high.tolist()))
