"""Elementwise functions for compiled loops: float64 by the C library, float32 in a form that vectorises."""

import math
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

_f = np.float32
LARGEST = _f(7.90531110763549805)  # where tanh is 1 in float32


def tanh(x: Any) -> Any:
    """tanh x."""
    return math.tanh(x)


def sigmoid(x: Any) -> Any:
    """1 / (1 + e^−x)."""
    return 1 / (1 + math.exp(-x))


def elu(x: Any) -> Any:
    """x above 0, e^x − 1 below."""
    return x if x > 0 else math.expm1(x)


@overload(tanh)
def _tanh(x: Any) -> Any:
    def double(x: Any) -> Any:
        return math.tanh(x)

    def rational(
        x: Any,
    ) -> Any:  # a minimax fit of odd powers over even ones, to a few units in the last place
        x = min(max(x, -LARGEST), LARGEST)
        s = x * x
        p = s * _f(-2.76076847742355e-16) + _f(2.00018790482477e-13)
        p = s * p + _f(-8.60467152213735e-11)
        p = s * p + _f(5.12229709037114e-08)
        p = s * p + _f(1.48572235717979e-05)
        p = s * p + _f(6.37261928875436e-04)
        p = s * p + _f(4.89352455891786e-03)
        q = s * _f(1.19825839466702e-06) + _f(1.18534705686654e-04)
        q = s * q + _f(2.26843463243900e-03)
        q = s * q + _f(4.89352518554385e-03)
        return x * p / q

    return double if x == types.float64 else rational


@overload(sigmoid)
def _sigmoid(x: Any) -> Any:
    def double(x: Any) -> Any:
        return 1 / (1 + math.exp(-x))

    def by_tanh(x: Any) -> Any:
        return _f(0.5) + _f(0.5) * tanh(_f(0.5) * x)

    return double if x == types.float64 else by_tanh


@overload(elu)
def _elu(x: Any) -> Any:
    def double(x: Any) -> Any:
        return x if x > 0 else math.expm1(x)

    def by_tanh(x: Any) -> Any:  # e^x − 1 = 2t / (1 − t) with t = tanh(x/2)
        t = tanh(_f(0.5) * min(x, _f(0)))
        return max(x, _f(0)) + (t + t) / (_f(1) - t)

    return double if x == types.float64 else by_tanh
