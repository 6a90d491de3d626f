import itertools

import pytest
import torch
from replaying import replayed
from torch import nn

from genzoo.nn.causal import CausalResidual, CausalSequential, Pointwise
from genzoo.nn.masked import MaskedConv2d, causal_mask, colour_groups
from genzoo.nn.tape import Tape


def test_colour_groups_share_all_maps_in_order():
    for features, colours in itertools.product(range(1, 12), range(1, 5)):
        if features < colours:
            with pytest.raises(ValueError, match="cannot be shared"):
                colour_groups(features, colours)
            continue
        groups = colour_groups(features, colours)
        sizes = [g.stop - g.start for g in groups]
        assert [i for g in groups for i in range(features)[g]] == list(range(features))
        assert max(sizes) - min(sizes) <= 1


def test_mask_a_of_one_colour_keeps_the_24_taps_of_7x7_before_the_centre():
    mask = causal_mask(1, 1, 7, "A", 1)[0, 0]
    assert mask.sum() == 24
    assert not mask[-1, 3:].any()
    assert causal_mask(1, 1, 7, "B", 1).sum() == 25


@pytest.mark.parametrize(
    ("kind", "centre"), [("A", torch.ones(3, 3).tril(-1)), ("B", torch.ones(3, 3).tril())]
)
def test_centre_tap_orders_red_green_blue(kind, centre):
    mask = causal_mask(3, 3, 3, kind, 3)
    assert torch.equal(mask[:, :, -1, 1].float(), centre)
    assert mask[:, :, 0].all()
    assert mask[:, :, 1, 0].all()
    assert not mask[:, :, 1, 2].any()


def test_an_even_kernel_has_no_centre():
    with pytest.raises(ValueError, match="odd, got 4"):
        MaskedConv2d(1, 1, 4, mask="A")


def test_mask_is_not_part_of_the_weights():
    assert set(MaskedConv2d(1, 2, 3, mask="A").state_dict()) == {"weight", "bias"}


def test_equals_a_full_convolution_with_zeros_in_the_dead_half():
    conv = MaskedConv2d(4, 6, 5, mask="B", colours=2).double()
    full = torch.zeros(6, 4, 5, 5, dtype=torch.float64)
    full[:, :, :3] = conv.weight * conv.mask
    x = torch.randn(2, 4, 7, 6, dtype=torch.float64)
    torch.testing.assert_close(conv(x), torch.conv2d(x, full, conv.bias, padding=2))


@pytest.mark.parametrize("colours", [1, 3])
@pytest.mark.parametrize(("kernel", "rows"), [(1, None), (3, None), (7, None), (3, 1), (5, 2)])
@pytest.mark.parametrize("kind", ["A", "B"])
@torch.no_grad()
def test_replaying_a_layer_equals_its_forward(colours, kernel, rows, kind):
    layer = MaskedConv2d(7, 8, kernel, mask=kind, colours=colours, rows=rows).double()
    x = torch.randn(2, 7, 6, 5, dtype=torch.float64)
    for result in replayed(layer, x, colour_groups(7, colours)):
        torch.testing.assert_close(result, layer(x))


@torch.no_grad()
def test_parts_have_maps_of_every_colour_each_and_start_from_other_maps():
    layer = MaskedConv2d(6, 12, 3, mask="B", colours=3, parts=2).double()
    one = MaskedConv2d(6, 6, 3, mask="B", colours=3)
    assert torch.equal(layer.mask, torch.cat([one.mask, one.mask]))
    x, begin = torch.randn(2, 6, 4, 5).double(), torch.randn(1, 12).double()

    def record(tape, x):
        parts = layer.record_parts(tape, x, [tape.constant(begin[:, :6]), tape.constant(begin[:, 6:])])
        return tape.map("tanh gate", *parts)

    a, b = (layer(x) - layer.bias[:, None, None] + begin[:, :, None, None]).chunk(2, 1)
    for result in replayed(record, x, colour_groups(6, 3)):
        torch.testing.assert_close(result, a.tanh() * b.sigmoid())


@pytest.mark.parametrize("colours", [1, 2])
@torch.no_grad()
def test_replaying_a_stack_equals_its_forward(colours):
    branch = CausalSequential(Pointwise(nn.ReLU()), MaskedConv2d(4, 4, 3, mask="B", colours=colours))
    stack = CausalSequential(
        CausalResidual(branch), MaskedConv2d(4, 6, 3, mask="B", colours=colours)
    ).double()
    x = torch.randn(3, 4, 5, 4, dtype=torch.float64)
    for result in replayed(stack, x, colour_groups(4, colours)):
        torch.testing.assert_close(result, stack(x))


def test_a_stack_refuses_what_is_not_causal():
    tape = Tape((4, 4), torch.zeros(()))
    with pytest.raises(TypeError, match="got Conv2d"):
        CausalSequential(nn.Conv2d(1, 1, 3)).record(tape, tape.pixels(1, 1))
    with pytest.raises(TypeError, match="got Softmax"):
        Pointwise(nn.Softmax(1))
    with pytest.raises(ValueError, match="7 feature maps are not 2 equal parts"):
        MaskedConv2d(1, 7, 3, mask="A", parts=2)
