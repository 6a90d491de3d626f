"""Compiled loops that replay a tape on a CPU: an interpreter of its operations with no Python inside."""

from typing import Any

import numpy as np

from genzoo.nn.replay.activations import elu, sigmoid, tanh
from genzoo.nn.replay.compiling import compiled
from genzoo.nn.replay.outer import WIDTH, outer_sum

# The fields of an operation, a row of 64-bit integers; an address has six of them.
KIND, SCALE, ROW, COLUMN, FIRST_ROW, OUT, A, B, MAPS, RUN, WEIGHT, START, BIAS = (
    0, 1, 2, 3, 4, 5, 11, 17, 23, 24, 25, 26, 27,
)  # fmt: skip
FIELDS = 28
PITCH = 16  # a row of weights is padded to a multiple of so many numbers
SPARE = 64  # places at the end of memory that a product of one lane may use, four vectors
NO_START, FROM_BIAS, FROM_MAPS = range(3)
LINEAR, COPY, ADD, RELU, ELU, ELU_OF_MINUS, SIGMOID, TANH_GATE, SIGMOID_GATE = range(9)

_four_by_one, _one_by_one = outer_sum(4, 1), outer_sum(1, 1)
_two_by_eight, _one_by_eight, _two_by_one = outer_sum(2, 8), outer_sum(1, 8), outer_sum(2, 1)


@compiled
def place(op: Any, field: int, row: int, column: int) -> int:
    """Where an address points at a pixel; see `genzoo.nn.replay.layout.Address`."""
    rows, pitch, scale = op[field + 1], op[field + 4], op[field + 5]
    if pitch == 0:  # of the present pixel alone
        return op[field]
    if scale > 1:
        row, column = row // scale, column // scale
    line = 0 if rows == 1 else (row + op[field + 2] + rows * rows) % np.uint32(rows)
    return op[field] + line * op[field + 3] + column * pitch


@compiled
def add_to_one(memory: Any, weights: Any, out: int, a: int, weight: int, n: int, run: int) -> None:
    """`add_product` for one lane: vectors of outputs, the last of which may stick out over them."""
    size, pitch = memory.itemsize, -(-n // PITCH) * PITCH
    wide, m = WIDTH // size, memory.ctypes.data
    y, v, w = m + out * size, m + a * size, weights.ctypes.data + weight * size
    j = 0
    while j + 4 * wide <= n:
        _four_by_one(y + j * size, w + j * size, v, run, pitch, 1, 0, memory)
        j += 4 * wide
    if j < n:  # several sums at once hide each other's latency
        spare, left = len(memory) - SPARE, n - j
        memory[spare : spare + left] = memory[out + j : out + n]
        at_y, at_w = m + spare * size, w + j * size
        if left <= wide:
            _one_by_one(at_y, at_w, v, run, pitch, 1, 0, memory)
        elif left <= 2 * wide:
            _two_by_one(at_y, at_w, v, run, pitch, 1, 0, memory)
        else:
            _four_by_one(at_y, at_w, v, run, pitch, 1, 0, memory)
        memory[out + j : out + n] = memory[spare : spare + left]


@compiled
def add_product(memory: Any, weights: Any, out: int, a: int, weight: int, n: int, run: int) -> None:
    """memory[out : out + n] += weightᵀ·memory[a : a + run], weight of shape (run, n), its rows padded.

    Lanes are one, or whole vectors of them.
    """
    lanes, size = memory.shape[1], memory.itemsize
    if lanes == 1:
        add_to_one(memory, weights, out, a, weight, n, run)
        return
    wide, pitch, n_pitch = WIDTH // size, lanes * size, -(-n // PITCH) * PITCH
    m, w = memory.ctypes.data, weights.ctypes.data + weight * size
    j = 0
    while j < n:
        lane = 0
        many = j + 8 <= n
        while lane < lanes:
            two = lane + 2 * wide <= lanes
            at_y, at_v = m + (out + j) * pitch + lane * size, m + a * pitch + lane * size
            at_w = w + j * size
            if many and two:
                _two_by_eight(at_y, at_v, at_w, run, lanes, n_pitch, lanes, memory)
            elif many:
                _one_by_eight(at_y, at_v, at_w, run, lanes, n_pitch, lanes, memory)
            elif two:
                _two_by_one(at_y, at_v, at_w, run, lanes, n_pitch, lanes, memory)
            else:
                _one_by_one(at_y, at_v, at_w, run, lanes, n_pitch, lanes, memory)
            lane += 2 * wide if two else wide
        j += 8 if many else 1


@compiled
def linear(memory: Any, weights: Any, op: Any, row: int, column: int) -> None:
    """The operation `linear` at a pixel."""
    out, n, start = place(op, OUT, row, column), op[MAPS], op[START]
    if start == FROM_BIAS:
        for j in range(n):
            memory[out + j, :] = weights[op[BIAS] + j]
    elif start == FROM_MAPS:
        first = place(op, B, row, column)
        memory[out : out + n] = memory[first : first + n]
    if op[RUN]:
        add_product(memory, weights, out, place(op, A, row, column), op[WEIGHT], n, op[RUN])


@compiled
def elementwise(kind: int, y: Any, a: Any, b: Any) -> None:
    """An elementwise operation on arrays of one dimension."""
    if kind == COPY:
        y[:] = a
    elif kind == ADD:
        for i in range(len(y)):
            y[i] = a[i] + b[i]
    elif kind == RELU:
        for i in range(len(y)):
            y[i] = max(a[i], 0 * a[i])
    elif kind == ELU:
        for i in range(len(y)):
            y[i] = elu(a[i])
    elif kind == ELU_OF_MINUS:
        for i in range(len(y)):
            y[i] = elu(-a[i])
    elif kind == SIGMOID:
        for i in range(len(y)):
            y[i] = sigmoid(a[i])
    elif kind == TANH_GATE:
        for i in range(len(y)):
            y[i] = tanh(a[i]) * sigmoid(b[i])
    elif kind == SIGMOID_GATE:
        for i in range(len(y)):
            y[i] = a[i] * sigmoid(b[i])


@compiled
def perform(memory: Any, weights: Any, op: Any, row: int, column: int) -> None:
    """An operation at a pixel, if it runs there."""
    scale = op[SCALE]
    if row < op[FIRST_ROW]:
        return
    if (op[ROW] >= 0 and row % scale != op[ROW]) or (op[COLUMN] >= 0 and column % scale != op[COLUMN]):
        return
    if op[KIND] == LINEAR:
        linear(memory, weights, op, row, column)
        return
    lanes, n = memory.shape[1], op[MAPS]
    flat = memory.reshape(memory.size)
    out, a = place(op, OUT, row, column) * lanes, place(op, A, row, column) * lanes
    b = place(op, B, row, column) * lanes if op[B + 1] else a
    n *= lanes
    elementwise(op[KIND], flat[out : out + n], flat[a : a + n], flat[b : b + n])


@compiled
def run_section(memory: Any, weights: Any, ops: Any, row: int, column: int) -> None:
    """The operations of a step at a pixel."""
    for i in range(len(ops)):
        perform(memory, weights, ops[i], row, column)


@compiled
def run_row(memory: Any, weights: Any, ops: Any, blocks: Any, row: int, width: int) -> None:
    """What a row's pixels share: blocks of (first operation, last + 1, column by column leftwards or not)."""
    for i in range(len(blocks)):
        first, last, leftwards = blocks[i]
        if leftwards:
            for column in range(width - 1, -1, -1):
                for j in range(first, last):
                    perform(memory, weights, ops[j], row, column)
        else:
            for j in range(first, last):
                for column in range(width):
                    perform(memory, weights, ops[j], row, column)
