import pytest
import torch
from torch import Tensor

from genzoo.nn.causal import CausalLayer
from genzoo.nn.diagonal_bilstm import DiagonalBiLSTMLayer, diagonals
from genzoo.nn.line_lstm import line_lstm
from genzoo.nn.row_lstm import RowLSTMLayer, rows

SIZES = [(4, 3), (3, 5), (1, 4), (4, 1), (1, 1)]


def step_by_step(z: Tensor, weight: Tensor, taps: list[tuple[int, int]], carry: int) -> Tensor:
    """h of every pixel from the definition, one pixel at a time: z is (b, 4m, h, w), weight (taps, m, 4m)."""
    b, m, (height, width) = len(z), weight.shape[1], z.shape[2:]
    hidden, cell, zero = {}, {}, z.new_zeros(b, m)
    for row in range(height):
        for column in range(width):
            seen = [(row + down, column + along) for down, along in taps]
            gates = z[:, :, row, column]
            for tap, pixel in zip(weight, seen, strict=True):
                gates = gates + hidden.get(pixel, zero) @ tap
            o, f, i, g = gates.chunk(4, 1)
            c = f.sigmoid() * cell.get(seen[carry], zero) + i.sigmoid() * g.tanh()
            cell[row, column], hidden[row, column] = c, o.sigmoid() * c.tanh()
    pixels = [torch.stack([hidden[row, column] for column in range(width)], 2) for row in range(height)]
    return torch.stack(pixels, 2)


def plain_row_lstm(layer: RowLSTMLayer, x: Tensor) -> Tensor:
    return step_by_step(layer.from_input(x), layer.from_state[0], [(-1, -1), (-1, 0), (-1, 1)], 1)


def plain_diagonal_bilstm(layer: DiagonalBiLSTMLayer, x: Tensor) -> Tensor:
    taps = [(-1, 0), (0, -1)]
    right = step_by_step(layer.rightwards(x), layer.from_state[0], taps, 1)
    left = step_by_step(layer.leftwards(x).flip(3), layer.from_state[1], taps, 1).flip(3)
    shifted = torch.cat([torch.zeros_like(left[:, :, :1]), left[:, :, :-1]], 2)
    return right + shifted


PLAIN = {RowLSTMLayer: plain_row_lstm, DiagonalBiLSTMLayer: plain_diagonal_bilstm}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("order", [rows, diagonals])
def test_ordering_by_line_is_a_permutation_of_the_pixels_and_the_lines_cover_it(order, size):
    lines = order(*size)
    assert sorted(lines.slots.tolist()) == list(range(size[0] * size[1]))
    ends = [first + count for first, count, _ in lines.steps]
    assert [first for first, _, _ in lines.steps] == [0, *ends[:-1]]
    assert ends[-1] == size[0] * size[1]


@pytest.mark.parametrize("size", SIZES)
def test_a_diagonal_is_a_column_of_the_image_whose_rows_are_skewed_by_one_each(size):
    height, width = size
    lines = diagonals(height, width)
    skewed = torch.full((height, height + width - 1), -1)
    for row in range(height):
        skewed[row, row : row + width] = lines.slots.view(height, width)[row]
    for column, (first, count, _) in zip(skewed.T, lines.steps, strict=True):
        assert column[column >= 0].tolist() == list(range(first, first + count))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("colours", [1, 3])
@pytest.mark.parametrize("kind", PLAIN)
def test_values_and_gradients_are_those_of_the_definition_pixel_by_pixel(kind, colours, size):
    layer = kind(6, 4, colours=colours).double()
    x = torch.randn(2, 6, *size, dtype=torch.float64, requires_grad=True)
    fast, plain = layer(x), PLAIN[kind](layer, x)
    torch.testing.assert_close(fast, plain, rtol=0, atol=1e-14)
    inputs, above = [x, *layer.parameters()], torch.randn_like(fast)
    found, expected = (torch.autograd.grad(y, inputs, above) for y in (fast, plain))
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-13)
    assert min(size) == 1 or all(g.any() for g in found)


@pytest.mark.parametrize("lines", [rows(3, 2), diagonals(2, 3)])
def test_the_backward_pass_written_by_hand_is_the_derivative(lines):
    size = (3, 2) if len(lines.steps) == 3 else (2, 3)
    taps = len(lines.steps[0][2])
    inputs = [torch.randn(2, 4, *size, dtype=torch.float64, requires_grad=True) for _ in range(2)]
    weight = torch.randn(2, taps, 1, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda w, *x: tuple(line_lstm(x, w, lines)), (weight, *inputs))


@pytest.mark.parametrize("kind", PLAIN)
def test_a_channels_last_batch_and_a_plain_one_give_the_same(kind):
    layer, x = kind(6, 4).double(), torch.randn(3, 6, 4, 5, dtype=torch.float64)
    last = layer(x.contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(last, layer(x), rtol=0, atol=1e-14)


@pytest.mark.parametrize("kind", PLAIN)
def test_under_autocast_the_recurrence_is_float32_and_trains(kind):
    layer, x = kind(6, 4), torch.randn(2, 6, 4, 3)
    with torch.autocast("cpu", torch.bfloat16):
        hidden = layer(x)
    assert hidden.dtype == torch.float32
    torch.testing.assert_close(hidden, layer(x), rtol=0, atol=0.02)  # bfloat16 has 8 bits
    hidden.sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in layer.parameters())


def seen_from(layer: CausalLayer, size: tuple[int, int], pixel: tuple[int, int]) -> Tensor:
    """Which pixels a state depends on, by autograd: bool, (h, w)."""
    x = torch.randn(1, 6, *size, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(layer.double()(x)[:, :, pixel[0], pixel[1]].sum(), x)
    return (gradient != 0).any(1)[0]


def test_a_row_lstm_sees_its_left_neighbour_and_the_triangle_above():
    # One more column to each side for each row up, and one more to the left by the 3×1 of the input.
    row, column, size = 3, 4, (5, 9)
    expected = torch.zeros(size, dtype=torch.bool)
    for up in range(row + 1):
        expected[row - up, max(0, column - up - 1) : column + up + 1] = True
    assert torch.equal(seen_from(RowLSTMLayer(6, 4), size, (row, column)), expected)


@pytest.mark.parametrize("pixel", [(3, 0), (3, 2), (3, 5), (0, 3), (4, 5)])
def test_a_diagonal_bilstm_sees_all_that_comes_before_and_itself(pixel):
    size, (row, column) = (5, 6), pixel
    expected = torch.zeros(size, dtype=torch.bool)
    expected[:row], expected[row, : column + 1] = True, True
    assert torch.equal(seen_from(DiagonalBiLSTMLayer(6, 4), size, pixel), expected)


def test_an_order_is_made_once_for_a_size():
    assert rows(4, 3) is rows(4, 3)
    assert diagonals(4, 3) is not diagonals(3, 4)
