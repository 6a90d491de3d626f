"""Replaying a tape: compiled on a CPU, through torch elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch

from genzoo.nn.replay.base import Replay
from genzoo.nn.replay.eager import EagerReplay
from genzoo.nn.tape import Tape

__all__ = ["EagerReplay", "Replay", "replay", "replays", "tallied"]

_TALLY: ContextVar[list[int] | None] = ContextVar("tally", default=None)


@contextmanager
def tallied() -> Iterator[list[int]]:
    """Inside, the operations of compiled replays, which torch does not see, are added to the list."""
    found: list[int] = []
    token = _TALLY.set(found)
    try:
        yield found
    finally:
        _TALLY.reset(token)


def replays(tape: Tape, lanes: int) -> list[tuple[slice, Replay]]:
    """The fastest replays that there are for a tape, one for each share of the images; one share a thread."""
    if not _compiles(tape):
        return [(slice(0, lanes), EagerReplay(tape, lanes))]
    from genzoo.nn.replay.compiled import CompiledReplay, program

    tally, code, share = _TALLY.get(), program(tape), _share(lanes)
    if tally is not None:
        tally.append(lanes * tape.flops())
    rows = [slice(first, min(lanes, first + share)) for first in range(0, lanes, share)]
    return [(r, CompiledReplay(tape, r.stop - r.start, code=code, rows=r)) for r in rows]


def replay(tape: Tape, lanes: int) -> Replay:
    """The fastest replay that there is for a tape, of all the images together."""
    if not _compiles(tape):
        return EagerReplay(tape, lanes)
    from genzoo.nn.replay.compiled import CompiledReplay

    return CompiledReplay(tape, lanes)


def _compiles(tape: Tape) -> bool:
    return tape.like.device.type == "cpu" and tape.like.dtype in (torch.float32, torch.float64)


def _share(lanes: int) -> int:
    """Images of a share: one share a thread, of whole vector registers, and not too big for the caches."""
    threads = torch.get_num_threads()
    whole = -(-lanes // (16 * threads)) * 16
    return min(whole, 32)
