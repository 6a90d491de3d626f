"""Floating-point operations in closed form."""

import pytest
import torch
from torch import nn

from genzoo.evaluation.flops import flops
from genzoo.nn.row_lstm import RowLSTMLayer


@pytest.fixture(scope="module", autouse=True)
def _counter():
    flops(lambda: torch.eye(2).mm(torch.eye(2)))  # the first count of a process imports a second's worth


def test_the_operations_of_a_convolution_are_two_a_weight_and_place():
    layer = nn.Conv2d(3, 8, 5, padding=2)
    assert flops(lambda: layer(torch.zeros(2, 3, 6, 7))) == 2 * 2 * (8 * 3 * 5 * 5) * (6 * 7)


def test_the_operations_of_a_recurrence_in_place_count_too():
    """One Row LSTM layer of width w: 4w gates from 2·2w inputs, and from 3·w states but beyond the border."""
    w, side = 2, 5
    layer = RowLSTMLayer(2 * w, w)
    inputs, states = 2 * 2 * w * 4 * w * side**2, (side - 1) * (3 * side - 2) * w * 4 * w
    counted = flops(lambda: layer(torch.zeros(1, 2 * w, side, side)))
    assert counted == 2 * (inputs + states)
