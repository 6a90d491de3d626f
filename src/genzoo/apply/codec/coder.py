"""Range coding with a model's own probabilities: the walk that encoder and decoder take step by step alike.

A code is decoded only if every probability is the same bit for bit as when it was encoded. Rounding it is not
enough: wherever a probability lies next to the edge of two numbers, the last bit of a float decides. So both
sides run the same operations on arrays of the same shape, padded where images run out, on the same number of
threads; then probabilities become whole numbers, whose sums inside the coder are exact.
"""

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

from genzoo.errors import BadInput
from genzoo.models.autoregressive.base import Autoregressive
from genzoo.nn.replay import replay
from genzoo.nn.replay.layout import Layout
from genzoo.nn.tape import Tape
from genzoo.types import Given

GRID = 2**22  # of probabilities: with a count for each level its sums are whole numbers below 2²⁴
_MEMORY = 2**28  # bytes that the walk may take

# Level numbers of one channel of one pixel of each lane, told or found with these counts of each level.
Code = Callable[[NDArray[np.float32], int, int, int], Int[Tensor, " lanes"]]


def range_coding() -> tuple[Any, Any]:
    """constriction's queue of range coding, and its family of categorical distributions."""
    stream = constriction_streams()
    return stream.queue, stream.model.Categorical(perfect=False)


def categorical(counts: NDArray[np.float32]) -> Any:
    """constriction's one distribution in proportion to these counts, for many numbers."""
    return constriction_streams().model.Categorical(counts, perfect=False)


def constriction_streams() -> Any:
    """constriction's stream codes; BadInput, with the remedy, if it is not there."""
    try:
        return importlib.import_module("constriction").stream
    except ImportError as error:
        raise BadInput("compression needs constriction: pip install 'genzoo[codec]'") from error


@contextmanager
def threads(n: int) -> Iterator[None]:
    """So many threads inside, whatever they were; puts them back after."""
    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def counts_of(probabilities: Float[Tensor, "lanes levels"]) -> NDArray[np.float32]:
    """1 + ⌊p·(2²² − levels)⌋: whole numbers in proportion to probabilities, none of them 0."""
    levels = probabilities.shape[1]
    counts = (probabilities * (GRID - levels)).floor_().add_(1)
    if not bool(torch.isfinite(counts).all()):
        raise FloatingPointError("the model's probabilities are not finite")
    return counts.float().contiguous().numpy()  # constriction does not look at strides


def fitting_lanes(tape: Tape, lanes: int) -> int:
    """At most `lanes`, and no more than memory allows."""
    each = Layout(tape).size * tape.like.element_size()
    return max(1, min(lanes, _MEMORY // each))


def walk(model: Autoregressive, given: Given | None, lanes: int, code: Code) -> None:
    """Goes over as many images as there are lanes, in the model's order; `code` tells or finds each number.

    Args:
        given: the conditions of every lane.
    """
    tape, output = model.tape(given), model.output
    progress, row = replay(tape, lanes), None
    seen = torch.arange(output.levels, dtype=model.like.dtype) / (output.levels - 1) * 2 - 1
    for i, visit in enumerate(tape.visits):
        if visit.row != row:
            row = visit.row
            progress.start_row(row)
        parameters = progress.parameters(i).T.double()
        drawn = torch.empty(lanes, 0, dtype=torch.long)
        for channel in range(visit.channels.start, visit.channels.stop):
            counts = counts_of(output.probabilities(parameters, drawn))
            numbers = code(counts, channel, visit.row, visit.column)
            drawn = torch.cat([drawn, numbers[:, None]], 1)
        progress.write(i, seen[drawn].T)
