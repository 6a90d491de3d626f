"""Masked linear layers and their degrees."""

import itertools

import pytest
import torch

from genzoo.nn.dense_causal import MaskedLinear, hidden_degrees, ordering, record_function, running_products
from genzoo.nn.places import Visit
from genzoo.nn.replay import EagerReplay
from genzoo.nn.tape import Tape
from genzoo.random import seeded


def test_an_ordering_is_a_permutation_and_a_function_of_its_seed():
    assert ordering(50, None).tolist() == list(range(50))
    drawn = ordering(50, 3)
    assert sorted(drawn.tolist()) == list(range(50))
    assert not torch.equal(drawn, ordering(50, None))
    assert not torch.equal(drawn, ordering(50, 4))
    with seeded(9):
        assert torch.equal(drawn, ordering(50, 3))


def test_hidden_degrees_lie_between_the_least_of_the_layer_before_and_units_minus_one():
    least = 1
    for layer, width in zip(hidden_degrees((5, 400, 400), 20, 1), (5, 400, 400), strict=True):
        assert layer.shape == (width,)
        assert layer.max() <= 19
        assert layer.min() >= least
        least = int(layer.min())
    assert set(hidden_degrees((4000,), 20, 1)[0].tolist()) == set(range(1, 20))
    assert torch.equal(hidden_degrees((9,), 20, 1)[0], hidden_degrees((9,), 20, 1)[0])
    assert not torch.equal(hidden_degrees((9,), 20, 1)[0], hidden_degrees((9,), 20, 2)[0])


def test_hidden_units_of_a_net_with_one_unit_see_nothing():
    assert [layer.tolist() for layer in hidden_degrees((2, 3), 1, 0)] == [[0, 0], [0, 0, 0]]


def stack(units: int, widths: tuple[int, ...], orders: torch.Tensor) -> list[MaskedLinear]:
    """Layers from one number a unit to two parameters a unit, in each of the orders."""
    positions = orders.argsort(1)
    hidden = [hidden_degrees(widths, units, k) for k in range(len(orders))]
    degrees = [positions + 1, *map(torch.stack, zip(*hidden, strict=True)), positions.repeat_interleave(2, 1)]
    return [MaskedLinear(a, b).double() for a, b in itertools.pairwise(degrees)]


def orders(units: int, n: int) -> torch.Tensor:
    return torch.stack([ordering(units, k or None) for k in range(n)])


def test_masks_are_the_paper_s():
    # Germain et al., 2015: hidden k sees input d if m(k) ≥ d, output d sees hidden k if d > m(k), d = 1 … D.
    first, last = stack(6, (30,), orders(6, 1))
    m = first.out[0]
    for k, d in itertools.product(range(30), range(1, 7)):
        assert bool(first.mask[k, d - 1]) == bool(m[k] >= d)
        assert bool(last.mask[2 * (d - 1), k]) == bool(d > m[k])
    assert torch.equal(last.mask[0::2], last.mask[1::2])


@pytest.mark.parametrize("which", [0, 1, 2])
def test_no_path_leads_to_an_output_from_a_later_unit_and_paths_lead_from_all_earlier_ones(which):
    order = orders(7, 3)
    paths = torch.eye(7)
    for layer in stack(7, (60, 60), order):
        paths = layer.mask_of(which).float() @ paths
    in_order = paths[0::2][order[which]][:, order[which]]
    assert torch.equal(in_order > 0, torch.ones(7, 7).tril(-1).bool())


def test_a_masked_weight_is_zero_bears_on_nothing_and_gets_no_gradient():
    layer = stack(5, (), orders(5, 1))[0]
    dead, x = layer.mask == 0, torch.randn(3, 5, dtype=torch.float64)
    assert not layer.weight[dead].any()
    before = layer(x)
    before.square().sum().backward()
    assert not layer.weight.grad[dead].any()
    assert layer.weight.grad[~dead].all()
    with torch.no_grad():
        layer.weight[dead] = 7.0
    assert torch.equal(layer(x), before)


def test_orderings_share_the_weights_under_masks_of_their_own():
    layer = stack(5, (), orders(5, 3))[0]
    x = torch.randn(2, 5, dtype=torch.float64)
    for which in range(3):
        expected = x @ (layer.weight * layer.mask_of(which)).T + layer.bias
        torch.testing.assert_close(layer(x, which), expected)
    assert not torch.equal(layer(x, 0), layer(x, 1))


def test_only_weight_and_bias_are_saved():
    assert set(stack(4, (), orders(4, 2))[0].state_dict()) == {"weight", "bias"}
    assert MaskedLinear(torch.tensor([[1]]), torch.tensor([[1]]), bias=False).bias is None


def recorded(layers: list[MaskedLinear], order: torch.Tensor) -> Tape:
    """The tape of a stack with ReLUs between its layers, a unit a pixel of one row."""
    tape = Tape((1, len(order)), torch.zeros((), dtype=torch.float64))
    inputs = x = tape.pixels(len(order), len(order))
    for k, layer in enumerate(layers):
        x = layer.record(tape, record_function(tape, "relu", x) if k else x)
    for position, unit in enumerate(order.tolist()):
        section = tape.section(position)
        section.inp, section.out = inputs.of(inputs.groups[position]), x.of(x.groups[position])
        tape.visits.append(Visit(0, unit, slice(0, 1), position))
    return tape


@torch.no_grad()
@pytest.mark.parametrize("widths", [(), (3,), (40, 30)])  # fewer hidden units than units, and more
def test_unit_by_unit_equals_the_whole_pass(widths):
    order = ordering(9, 5)[None]
    layers, x = stack(9, widths, order), torch.randn(4, 9, dtype=torch.float64)
    whole = x
    for k, layer in enumerate(layers):
        whole = layer(whole.relu() if k else whole)
    progress = EagerReplay(recorded(layers, order[0]), 4)
    for position, unit in enumerate(order[0].tolist()):
        found = progress.parameters(position).T
        torch.testing.assert_close(found, whole[:, 2 * unit : 2 * unit + 2])
        progress.write(position, x[:, [unit]].T)


@torch.no_grad()
def test_all_units_together_cost_as_many_products_as_the_masks_have_ones():
    order = ordering(9, 5)[None]
    layers = stack(9, (40, 30), order)
    ops = [op for section in recorded(layers, order[0]).sections for op in section.ops]
    products = sum(op.weight.numel() for op in ops if op.kind == "linear")
    assert products == sum(int(layer.mask.sum()) for layer in layers)
    assert all(len(op.out) for op in ops)


@pytest.mark.parametrize(("units", "each", "outputs"), [(11, 1, 1), (9, 2, 3), (3, 1, 2)])
def test_running_products_and_their_gradients_are_those_of_the_definition(units, each, outputs):
    def naive(x, inward, bias, outward):
        sums = [bias + x[:, : i * each] @ inward[: i * each] for i in range(units)]
        return torch.stack([outward[i] @ a.sigmoid().T for i, a in enumerate(sums)])

    shapes = ((2, units * each), (units * each, 4), (4,), (units, outputs, 4))
    arguments = [torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in shapes]
    found, expected = running_products(*arguments), naive(*arguments)
    torch.testing.assert_close(found, expected)
    weights = torch.randn_like(found)
    ours = torch.autograd.grad((found * weights).sum(), arguments)
    theirs = torch.autograd.grad((expected * weights).sum(), arguments)
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b)


def test_running_products_are_float32_under_autocast():
    arguments = [torch.randn(shape, requires_grad=True) for shape in ((2, 9), (9, 4), (4,), (9, 1, 4))]
    expected = running_products(*arguments)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = running_products(*arguments)
        found.sum().backward()
    assert torch.equal(found, expected)
