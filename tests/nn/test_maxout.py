"""Maxout units are the largest of linear ones, and convex; the critic made of them is a critic."""

import pytest
import torch

from genzoo.errors import BadInput
from genzoo.nn.maxout import Maxout


def layer(inp=6, out=4, pieces=3):
    return Maxout(inp, out, pieces).double()


def test_a_unit_is_the_largest_of_its_linear_ones():
    maxout, x = layer(), torch.randn(9, 6, dtype=torch.float64)
    weight, bias = maxout.linear.weight.view(3, 4, 6), maxout.linear.bias.view(3, 4)
    for unit in range(4):
        pieces = torch.stack([x @ weight[i, unit] + bias[i, unit] for i in range(3)])
        expected = pieces.max(0).values
        torch.testing.assert_close(maxout(x)[:, unit], expected, rtol=0, atol=1e-14)  # sums of 6 numbers
        assert len(pieces.argmax(0).unique()) > 1  # no piece is always the largest


def test_it_is_convex_and_not_linear():
    maxout = layer(pieces=5)
    a, b = 3 * torch.randn(2, 200, 6, dtype=torch.float64)
    share = torch.rand(200, 1, dtype=torch.float64)
    slack = share * maxout(a) + (1 - share) * maxout(b) - maxout(share * a + (1 - share) * b)
    assert slack.min() >= -1e-14  # rounding of sums near 1
    assert slack.max() > 0.1


def test_one_piece_is_linear():
    maxout, x = layer(pieces=1), torch.randn(5, 6, dtype=torch.float64)
    torch.testing.assert_close(maxout(x), maxout.linear(x), rtol=0, atol=0)


def test_its_first_and_second_gradients_are_finite_differences():
    maxout = layer()
    x = torch.randn(4, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(maxout, x)
    assert torch.autograd.gradgradcheck(lambda x: maxout(x).square(), x)  # as gradient penalties need


def test_pieces_that_tie_share_the_gradient():
    maxout = layer(1, 1, 2)
    with torch.no_grad():
        maxout.linear.weight.copy_(torch.tensor([[1.0], [-1.0]]))
        maxout.linear.bias.zero_()
    maxout(torch.zeros(1, 1, dtype=torch.float64)).sum().backward()
    assert maxout.linear.bias.grad.tolist() == [0.5, 0.5]


def test_no_piece_is_refused():
    with pytest.raises(BadInput, match="pieces must be at least 1, got 0"):
        Maxout(3, 2, 0)
