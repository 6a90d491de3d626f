"""DATA of two sides: `pairs:A::B`, `halves:SOURCE`, two sets `A::B`, and any of them `swapped:`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from genzoo.data.pair_tables import SUFFIXES
from genzoo.errors import BadInput

PAIRS, HALVES, SWAPPED, BETWEEN = "pairs:", "halves:", "swapped:", "::"
How = Literal["matched", "listed", "halves", "unpaired"]


@dataclass(frozen=True)
class Sides:
    """What DATA of two sides says.

    Args:
        source: all of it.
        how: A and B are `matched` by name or by a table, `listed` by a table alone, `halves` of each image,
            or `unpaired`.
        a: a source; empty where a table lists the files.
        b: a source; empty where a table lists the files, and of halves.
        table: a file that says what belongs together; empty: their names do.
        swapped: B is given and A is drawn; of unpaired sets, B is the first.
    """

    source: str
    how: How
    a: str = ""
    b: str = ""
    table: str = ""
    swapped: bool = False


def sides_of(source: str) -> Sides | None:
    """DATA of two sides, taken apart; None for any other.

    >>> sides = sides_of("swapped:pairs:photos::drawings")
    >>> sides.how, sides.a, sides.b, sides.swapped
    ('matched', 'photos', 'drawings', True)
    >>> sides_of("photos.zip")
    """
    rest, swapped = source, False
    while rest.startswith(SWAPPED):
        rest, swapped = rest.removeprefix(SWAPPED), not swapped
    if rest.startswith(PAIRS):
        return replace(_pairs(source, _parts(source, rest, PAIRS)), swapped=swapped)
    if rest.startswith(HALVES):
        parts = _parts(source, rest, HALVES)
        if len(parts) == 1:
            return Sides(source, "halves", parts[0], swapped=swapped)
        raise BadInput(f"{source}: expected one source, each of whose images is two halves side by side")
    if BETWEEN in rest and not (rest == source and Path(source).expanduser().exists()):
        parts = _parts(source, rest, "")
        if len(parts) == 2:
            return Sides(source, "unpaired", parts[0], parts[1], swapped=swapped)
        raise BadInput(
            f"{source}: two sets are A::B, got {len(parts)} parts; pairs by a table are pairs:A::B::TABLE"
        )
    if rest != source:
        raise BadInput(f"{source}: {SWAPPED} goes before pairs:A::B, halves:SOURCE or A::B, got {rest!r}")
    return None


def _parts(source: str, rest: str, prefix: str) -> Sequence[str]:
    """What stands between `::`, every part a source of its own."""
    parts = rest.removeprefix(prefix).split(BETWEEN)
    if not all(parts):
        raise BadInput(f"{source}: a part is empty; expected pairs:A::B, halves:SOURCE or A::B")
    inner = next((part for part in parts if part.startswith((PAIRS, HALVES, SWAPPED))), None)
    if inner:
        raise BadInput(f"{source}: a side is one source, got {inner!r}; of a folder say ./{inner}")
    return parts


def _pairs(source: str, parts: Sequence[str]) -> Sides:
    are_tables = [part.lower().endswith(SUFFIXES) for part in parts]
    if are_tables == [True]:
        return Sides(source, "listed", table=parts[0])
    if are_tables in ([False, False], [False, False, True]):
        return Sides(source, "matched", parts[0], parts[1], "".join(parts[2:]))
    raise BadInput(
        f"{source}: expected pairs:A::B, pairs:A::B::TABLE or pairs:TABLE, where TABLE ends in .json or .csv"
    )
