import itertools

import pytest
import torch
from torch import Tensor, nn

from genzoo.nn.cached import CausalResidual, CausalSequential, Pointwise
from genzoo.nn.masked import MaskedConv2d, causal_mask, colour_groups


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


def step_all(layer: nn.Module, x: Tensor, colours: int, warm: int = 0) -> Tensor:
    """The layer's output by `warm` rows at once, then pixel by pixel."""
    b, c, h, w = x.shape
    groups = colour_groups(c, colours)
    stepper = layer.stepper(b, w)
    done = [stepper.warm(x[:, :, :warm])] if warm else []
    for i in range(warm, h):
        stepper.start_row()
        row = [
            torch.cat([stepper.step(x[:, g, i, j], j, colour) for colour, g in enumerate(groups)], 1)
            for j in range(w)
        ]
        done.append(torch.stack(row, -1)[:, :, None])
    return torch.cat(done, 2)


@pytest.mark.parametrize("colours", [1, 3])
@pytest.mark.parametrize("kernel", [1, 3, 7])
@pytest.mark.parametrize("warm", [0, 1, 4])
@torch.no_grad()
def test_stepping_a_layer_equals_its_forward(colours, kernel, warm):
    layer = MaskedConv2d(7, 8, kernel, mask="B", colours=colours).double()
    x = torch.randn(2, 7, 6, 5, dtype=torch.float64)
    torch.testing.assert_close(step_all(layer, x, colours, warm), layer(x))


@pytest.mark.parametrize("colours", [1, 2])
@torch.no_grad()
def test_stepping_a_stack_equals_its_forward(colours):
    branch = CausalSequential(Pointwise(nn.ReLU()), MaskedConv2d(4, 4, 3, mask="B", colours=colours))
    stack = CausalSequential(
        CausalResidual(branch), MaskedConv2d(4, 6, 3, mask="B", colours=colours)
    ).double()
    x = torch.randn(3, 4, 5, 4, dtype=torch.float64)
    for warm in range(3):
        torch.testing.assert_close(step_all(stack, x, colours, warm), stack(x))


@torch.no_grad()
def test_mask_a_reads_before_it_writes():
    layer = MaskedConv2d(3, 6, 3, mask="A", colours=3).double()
    x = torch.randn(2, 3, 4, 5, dtype=torch.float64)
    stepper, expected = layer.stepper(2, 5), layer(x)
    for i in range(4):
        stepper.start_row()
        for j, colour in itertools.product(range(5), range(3)):
            out = stepper.read(j, colour)
            torch.testing.assert_close(out, expected[:, layer.groups_out[colour], i, j])
            stepper.write(x[:, [colour], i, j], j, colour)


def test_a_stack_refuses_a_layer_that_is_not_causal():
    with pytest.raises(TypeError, match="got Conv2d"):
        CausalSequential(nn.Conv2d(1, 1, 3)).stepper(1, 4)
