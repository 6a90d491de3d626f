import itertools

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from genzoo.nn.conditions import Conditioned, PictureMap
from genzoo.nn.gated import GatedLayer, gate
from genzoo.nn.shifted import shifted_conv2d
from genzoo.nn.tape import Tape


def looks_at(output: Tensor, x: Tensor) -> Tensor:
    """Where one number's gradient is not zero: bool, (h, w)."""
    return (torch.autograd.grad(output, x, retain_graph=True)[0] != 0).any(1)[0]


@pytest.mark.parametrize(
    ("rows", "columns", "top", "left", "stride"),
    [
        (2, 3, 1, 1, 1),
        (2, 3, 2, 1, 1),
        (2, 2, 1, 1, 1),
        (2, 1, 1, 1, 1),
        (1, 3, 1, 1, 1),
        (2, 2, 1, 1, 2),
        (2, 3, 1, 1, 2),
    ],
)
@pytest.mark.parametrize("size", [(5, 7), (1, 4), (6, 1)])
def test_a_shifted_convolution_sees_exactly_its_taps(rows, columns, top, left, stride, size):
    x = torch.randn(1, 2, *size, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(3, 2, rows, columns, dtype=torch.float64)
    y = shifted_conv2d(x, weight, None, top=top, left=left, stride=stride)
    assert y.shape == (1, 3, *(-(-n // stride) for n in size))
    for i, j in itertools.product(*map(range, y.shape[2:])):
        expected = torch.zeros(size, dtype=torch.bool)
        for a, b in itertools.product(range(rows), range(columns)):
            place = (stride * i + a - top, stride * j + b - left)
            if 0 <= place[0] < size[0] and 0 <= place[1] < size[1]:
                expected[place] = True
        if not expected.any():
            assert not y[0, :, i, j].any()
        else:
            assert torch.equal(looks_at(y[0, 0, i, j], x), expected)


def test_the_first_vertical_layer_sees_the_rows_above_and_the_horizontal_the_row_so_far_too():
    layer = GatedLayer(2, 4, 5, first=True).double()
    x = torch.randn(1, 2, 6, 9, dtype=torch.float64, requires_grad=True)
    v, h = layer(x, x)
    above = torch.zeros(6, 9, dtype=torch.bool)
    above[1:3, 2:7] = True
    assert torch.equal(looks_at(v[0, 0, 3, 4], x), above)
    above[3, 2:4] = True
    assert torch.equal(looks_at(h[0, 0, 3, 4], x), above)


def test_the_vertical_stack_knows_nothing_of_the_horizontal_one():
    layer = GatedLayer(4, 4, 3).double()
    v, h = (torch.randn(1, 4, 4, 4, dtype=torch.float64, requires_grad=True) for _ in range(2))
    up, along = layer(v, h)
    assert torch.autograd.grad(up.sum(), h, allow_unused=True, retain_graph=True)[0] is None
    assert looks_at(along[0, 0, 2, 2], h).sum() == 2  # the pixel and the one to its left
    assert looks_at(along[0, 0, 2, 2], v).sum() == 6  # two rows of three


def test_a_gated_layer_is_the_papers_formula_with_masked_whole_kernels():
    layer = GatedLayer(4, 4, 3).double()
    v, h = (torch.randn(2, 4, 5, 6, dtype=torch.float64) for _ in range(2))
    up, along = layer(v, h)
    whole = torch.zeros(8, 4, 3, 3, dtype=torch.float64)
    whole[:, :, :2] = layer.vertical.weight
    a = F.conv2d(v, whole, layer.vertical.bias, padding=1)
    torch.testing.assert_close(up, a[:, :4].tanh() * a[:, 4:].sigmoid())
    b = layer.horizontal(h) + layer.link(a)
    torch.testing.assert_close(along, h + layer.out(b[:, :4].tanh() * b[:, 4:].sigmoid()))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_the_gate_is_tanh_times_sigma_to_the_precision_of_its_type(dtype):
    sums = torch.randn(2, 6, 3, 4).mul(3).to(dtype)
    a, b = sums.double().chunk(2, 1)
    error = (gate(sums).double() - a.tanh() * b.sigmoid()).abs().max().item()
    assert error <= 4 * torch.finfo(dtype).eps


def test_the_gradient_of_the_gate_is_that_of_finite_differences():
    sums = torch.randn(2, 4, 2, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(gate, sums)


@pytest.mark.parametrize("side", [(1, 1), (3, 4)])
def test_a_condition_starts_the_sums_as_it_adds_to_them(side):
    conditioned, bias = Conditioned(2, 6).double(), torch.randn(6, dtype=torch.float64)
    condition = torch.randn(3, 2, *side, dtype=torch.float64)
    sums = conditioned(torch.zeros(3, 6, 3, 4, dtype=torch.float64) + bias[:, None, None], condition)
    tape = Tape((3, 4), bias)
    refs = conditioned.record(tape, bias, condition, 2)
    assert [len(ref) for ref in refs] == [3, 3]
    given = torch.cat([values.view(3, 3, *side).expand(3, 3, 3, 4) for _, values in tape.fixed], 1)
    torch.testing.assert_close(given, sums.detach())
    assert torch.equal(torch.cat(Conditioned(0, 6).record(tape, bias, None, 2)), bias)


def test_a_picture_is_enlarged_by_whole_factors_and_stays_in_place():
    net = PictureMap((2, 2, 3), (8, 6), width=5).double()
    picture = torch.randn(1, 2, 2, 3, dtype=torch.float64, requires_grad=True)
    maps = net(picture)
    assert maps.shape == (1, 5, 8, 6)
    seen = torch.autograd.grad(maps[:, :, 7, 5].sum(), picture)[0]
    assert not seen[0, :, :, 0].any()  # far away
    with pytest.raises(ValueError, match=r"a picture of 3x3 .* must divide the image's, 8x6"):
        PictureMap((1, 3, 3), (8, 6), width=5)


@pytest.mark.parametrize("kernel", [1, 4])
def test_a_kernel_without_a_row_above_or_a_centre_is_refused(kernel):
    with pytest.raises(ValueError, match=f"odd and at least 3, got {kernel}"):
        GatedLayer(1, 4, kernel)
