"""The columns of a comparison: numbers stand in one column only if they are of one kind and one protocol."""

from collections.abc import Sequence
from dataclasses import dataclass

from genzoo.evaluation.quantities import QUANTITIES, Quantity
from genzoo.evaluation.result import Kind, Result

_BY_PROTOCOL = ("likelihood", "quality")  # groups whose numbers are nothing without theirs


@dataclass(frozen=True)
class Column:
    """What numbers must share to stand below each other.

    Args:
        name: of the results, with what they were measured with.
        unit: of the numbers.
        kind: exact value, bound, estimate or error.
        protocol: how they were measured; empty where each model has its own view of the same images.
        n: how many items.
    """

    name: str
    unit: str
    kind: Kind
    protocol: str
    n: int

    @property
    def quantity(self) -> Quantity:
        """What the ruler says of it."""
        return QUANTITIES[self.name.partition("[")[0]]

    @property
    def measured_with(self) -> str:
        """What stands in the name's brackets."""
        return self.name.partition("[")[2].removesuffix("]")


def column_of(result: Result) -> Column:
    """The column in which a result stands."""
    bound = QUANTITIES[result.quantity].group in _BY_PROTOCOL
    protocol, n = (result.protocol, result.n) if bound else ("", 0)
    return Column(result.name, result.unit, result.kind, protocol, n)


def columns_of(lines: Sequence[Sequence[Result]]) -> list[Column]:
    """The columns of a table with these lines, in the order of the ruler."""
    order = list(QUANTITIES)
    found = dict.fromkeys(column_of(result) for line in lines for result in line)
    return sorted(found, key=lambda c: order.index(c.name.partition("[")[0]))


def best(column: Column, results: Sequence[Result | None]) -> list[bool]:
    """Which results no other one beats by more than two standard errors of their difference.

    All False where fewer than two are there, or where no way is better.
    """
    better = column.quantity.better
    there = [r for r in results if r is not None]
    if better == "as data" or len(there) < 2:
        return [False] * len(results)
    sign = 1 if better == "higher" else -1
    top = max(there, key=lambda r: sign * r.value)

    def near(result: Result) -> bool:
        noise = ((result.stderr or 0) ** 2 + (top.stderr or 0) ** 2) ** 0.5
        return sign * (top.value - result.value) <= 2 * noise

    return [r is not None and near(r) for r in results]
