"""Compiled draws from a pixel's distribution, and the walk over an image that makes them."""

import math
from typing import Any

import numpy as np

from genzoo.nn.replay.activations import sigmoid
from genzoo.nn.replay.compiling import compiled
from genzoo.nn.replay.kernels import place, run_section

BINARY, SOFTMAX, MIXTURE = range(3)
# A section: its first operation and last + 1, where what is drawn goes, where the parameters are, how many.
OPS, LAST, INP, PARAMETERS, COUNT = 0, 1, 2, 8, 14
LEAST_LOG_SCALE = -7.0


@compiled
def draw_binary(logit: float, noise: float, temperature: float) -> int:
    """1 where the noise is below its probability."""
    if temperature == 0.0:
        return 1 if logit > 0.0 else 0
    return 1 if noise < sigmoid(logit / temperature) else 0


@compiled
def draw_softmax(logits: Any, noise: float, temperature: float, work: Any) -> int:
    """The first level whose cumulative probability is above the noise."""
    levels, best = len(logits), 0
    for k in range(1, levels):
        if logits[k] > logits[best]:
            best = k
    if temperature == 0.0:
        return best
    top, total = logits[best], 0.0
    for k in range(levels):
        work[k] = math.exp((logits[k] - top) / temperature)
        total += work[k]
    wanted, below = noise * total, 0.0
    for k in range(levels - 1):
        below += work[k]
        if below > wanted:
            return k
    return levels - 1


@compiled
def log_sigmoid(x: float) -> float:
    """log σ(x) without overflow."""
    return min(x, 0.0) - math.log1p(math.exp(-abs(x)))


@compiled
def log_level_mass(k: int, location: float, log_scale: float, levels: int) -> float:
    """log P of a level under a discretised logistic in [−1, 1]; see `genzoo.densities.logistic`."""
    last, inverse = levels - 1.0, math.exp(-log_scale)
    above = ((2.0 * k + 1.0) / last - 1.0 - location) * inverse
    below = ((2.0 * k - 1.0) / last - 1.0 - location) * inverse
    if k == 0:
        return log_sigmoid(above)
    if k == levels - 1:
        return log_sigmoid(-below)
    return log_sigmoid(above) + log_sigmoid(-below) + math.log(-math.expm1(-2.0 * inverse / last))


@compiled
def level_above(p: Any, scales: int, weights: Any, locations: Any, noise: float, last: int, t: float) -> int:
    """The first level k with P(level ≤ k) > noise under a mixture, by bisection.

    Args:
        p: parameters, of which the log-scales begin at `scales`.
        weights: of the components, up to a factor.
        locations: of the components.
        last: the highest level.
        t: multiplies the scales.
    """
    low, high, total = 0, last, weights.sum()
    while low < high:
        middle = (low + high) // 2
        edge, below = (2.0 * middle + 1.0) / last - 1.0, 0.0
        for i in range(len(weights)):
            inverse = math.exp(-max(p[scales + i], LEAST_LOG_SCALE)) / t
            below += weights[i] / total * sigmoid((edge - locations[i]) * inverse)
        if below <= noise:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def draw_mixture(
    p: Any, noise: Any, channels: int, levels: int, temperature: float, drawn: Any, work: Any
) -> None:
    """A pixel's channels one after the other; see `genzoo.densities.logistic_mixture`."""
    k, last = len(p) // (1 + 2 * channels + channels * (channels - 1) // 2), levels - 1
    log_weights, locations, weights = work[:k], work[k : 2 * k], work[2 * k : 3 * k]
    best = np.argmax(p[:k])
    if temperature > 0.0:
        log_weights[:] = (p[:k] - p[best]) / temperature
    for c in range(channels):
        slopes, scales = 1 + 2 * channels + c * (c - 1) // 2, (1 + channels + c) * k
        for i in range(k):
            locations[i] = p[(1 + c) * k + i]
            for j in range(c):
                locations[i] += math.tanh(p[(slopes + j) * k + i]) * (2.0 * drawn[j] / last - 1.0)
        if temperature == 0.0:
            drawn[c] = min(max(np.rint((locations[best] + 1.0) * (last / 2)), 0), last)
            continue
        weights[:] = np.exp(log_weights - log_weights.max())
        drawn[c] = level_above(p, scales, weights, locations, noise[c], last, temperature)
        for i in range(k):
            scale = max(p[scales + i], LEAST_LOG_SCALE) + math.log(temperature)
            log_weights[i] += log_level_mass(drawn[c], locations[i], scale, levels)


@compiled
def draw(kind: int, p: Any, noise: Any, levels: int, temperature: float, drawn: Any, work: Any) -> None:
    """The level numbers of a step's channels from its parameters."""
    if kind == BINARY:
        drawn[0] = draw_binary(p[0], noise[0], temperature)
    elif kind == SOFTMAX:
        drawn[0] = draw_softmax(p, noise[0], temperature, work)
    else:
        draw_mixture(p, noise, len(drawn), levels, temperature, drawn, work)


@compiled
def fill(
    memory: Any, weights: Any, ops: Any, sections: Any, visits: Any,
    images: Any, known: Any, noise: Any, kind: int, levels: int, temperature: float,
) -> None:  # fmt: skip
    """Makes these visits: (row, column, section, first channel, channel after the last) each.

    Args:
        images: shape (lanes, c, h, w); the unknown pixels are drawn in place.
        known: shape (lanes, h, w).
        noise: uniform, shape (lanes, c, h, w).
    """
    work = np.empty(768)  # 256 levels, or three numbers a component of a mixture
    p = np.empty(max(1, sections[:, COUNT].max()))
    for v in range(len(visits)):
        row, column, number, first, last = visits[v]
        section = sections[number]
        run_section(memory, weights, ops[section[OPS] : section[LAST]], row, column)
        out, inp = place(section, PARAMETERS, row, column), place(section, INP, row, column)
        count, drawn = section[COUNT], np.empty(last - first, np.int64)
        some = np.empty(last - first)
        for lane in range(len(images)):
            if not known[lane, row, column]:
                for i in range(count):
                    p[i] = memory[out + i, lane]
                for c in range(first, last):
                    some[c - first] = noise[lane, c, row, column]
                draw(kind, p[:count], some, levels, temperature, drawn, work)
                for c in range(first, last):
                    images[lane, c, row, column] = drawn[c - first] / (levels - 1.0)
            for c in range(first, last):
                memory[inp + c - first, lane] = images[lane, c, row, column] * 2 - 1
