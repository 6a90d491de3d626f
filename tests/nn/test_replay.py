"""The interpreter's operations: compiled ones equal torch's, at every number of lanes and maps."""

import numpy as np
import pytest
import torch
from replaying import replayed
from torch.nn import functional as F

from genzoo.nn.places import ALWAYS, Op, When
from genzoo.nn.replay import EagerReplay, draws, replays, tallied
from genzoo.nn.replay.compiled import KINDS, CompiledReplay
from genzoo.nn.replay.eager import ELEMENTWISE
from genzoo.nn.tape import Tape


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("lanes", [1, 2, 16, 33])
@pytest.mark.parametrize("maps", [1, 7, 16, 21, 64, 131])
def test_linear_is_a_matrix_product(dtype, lanes, maps):
    tape = Tape((1, 1), torch.zeros((), dtype=dtype))
    x = tape.pixels(37, 1)
    weight, bias = torch.randn(37, maps, dtype=dtype), torch.randn(maps, dtype=dtype)
    out = tape.buffer(maps)
    tape.linear(out, [(x, weight)], bias)
    tape.raster(x, out)
    values = torch.randn(37, lanes, dtype=dtype)
    for kind in (EagerReplay, CompiledReplay):
        progress = kind(tape, lanes)
        progress.write(0, values)
        expected = weight.T @ values + bias[:, None]
        torch.testing.assert_close(progress.parameters(0), expected)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"linear"}))
def test_compiled_elementwise_functions_are_torchs_to_rounding(kind):
    x = torch.linspace(-30, 30, 5001)
    for dtype, tolerance in ((torch.float32, 4e-7), (torch.float64, 1e-15)):
        a, b = x.to(dtype), x.flip(0).to(dtype)
        two = kind in ("add", "tanh gate", "sigmoid gate")
        tape = Tape((1, 1), a)
        pixels = tape.pixels(2 * len(x), 1)
        out = tape.buffer(len(x))
        refs = [pixels.of(slice(0, len(x))), pixels.of(slice(len(x), 2 * len(x)))]
        tape.section(0).ops.append(Op(kind, out, *refs[: 1 + two]))
        tape.raster(pixels, out)
        progress = CompiledReplay(tape, 1)
        progress.write(0, torch.cat([a, b])[:, None])
        expected = ELEMENTWISE[kind](*([a.double(), b.double()][: 1 + two]))
        found = progress.parameters(0)[:, 0].double()
        assert ((found - expected).abs() <= tolerance * a.double().abs().clamp(min=1)).all()


def test_a_ring_of_rows_remembers_as_many_as_are_looked_at_and_zeros_above_the_top():
    x = torch.randn(2, 3, 6, 4, dtype=torch.float64)

    def record(tape, pixels):
        out = tape.buffer(3)
        weight = torch.eye(3).double()[:, :, None, None]
        tape.convolve(pixels.moved(-3, 1), out, weight, torch.zeros(3).double())
        return out

    expected = F.pad(x, (0, 1, 3, 0))[:, :, :6, 1:]
    for result in replayed(record, x, [slice(0, 3)]):
        assert torch.equal(result, expected)


def test_a_sum_over_the_row_above_is_done_leftwards_when_the_row_starts():
    """s(r, c) = x(r − 1, c) + s(r, c + 1): a running sum from the right, one row late."""
    x = torch.randn(2, 1, 5, 4, dtype=torch.float64)

    def record(tape, pixels):
        with tape.row(leftwards=True):
            total = tape.buffer(1)
            one = torch.ones(1, 1).double()
            runs = [(pixels.moved(-1), one), (total.moved(0, 1), one)]
            tape.linear(total, runs, torch.zeros(1).double())
        return tape.map("copy", total)

    above = F.pad(x, (0, 0, 1, 0))[:, :, :-1]
    for result in replayed(record, x, [slice(0, 1)]):
        torch.testing.assert_close(result, above.flip(3).cumsum(3).flip(3))


def test_operations_run_only_where_they_should_and_coarse_places_stand_for_several_pixels():
    """Every second row and column the pixel is kept, and seen from the other three of its square."""
    x = torch.randn(2, 1, 5, 7, dtype=torch.float64)

    def record(tape, pixels):
        coarse = tape.buffer(1, scale=2)
        with tape.when(When(2, row=0, column=0)):
            tape.map("copy", pixels, out=coarse)
        out = tape.buffer(1)
        tape.linear(out, [(coarse, torch.ones(1, 1).double())], torch.zeros(1).double())
        return out

    expected = x[:, :, ::2, ::2].repeat_interleave(2, 2).repeat_interleave(2, 3)[:, :, :5, :7]
    for result in replayed(record, x, [slice(0, 1)]):
        assert torch.equal(result, expected)


def test_when_says_where():
    assert ALWAYS.here(3, 5)
    assert When(first_row=1).here(1, 0)
    assert not When(first_row=1).here(0, 0)
    assert [c for c in range(6) if When(3, column=1).here(0, c)] == [1, 4]


@pytest.mark.parametrize("spatial", [False, True])
def test_what_is_given_differs_from_lane_to_lane_and_one_row_is_for_all(spatial):
    shape = (3, 2, 4, 5) if spatial else (3, 2)
    x = torch.zeros(3, 2, 4, 5, dtype=torch.float64)
    for values in (torch.randn(shape).double(), torch.randn(1, *shape[1:]).double()):

        def record(tape, pixels, values=values):
            return tape.map("add", pixels, tape.constant(values))

        expected = (values if spatial else values[:, :, None, None]).expand_as(x)
        for result in replayed(record, x, [slice(0, 2)]):
            assert torch.equal(result, expected)


def test_shares_cover_all_images_once_and_each_has_its_own_conditions():
    values = torch.arange(70.0)[:, None]
    tape = Tape((1, 1), torch.zeros(()))
    pixels = tape.pixels(1, 1)
    tape.raster(pixels, tape.map("add", pixels, tape.constant(values)))
    found = torch.full((70,), -1.0)
    for share, progress in replays(tape, 70):
        found[share] = progress.parameters(0)[0]
    assert torch.equal(found, values[:, 0])


def test_the_operations_of_a_walk_are_two_a_weight_and_pixel_that_uses_it():
    tape = Tape((4, 6), torch.zeros(()))
    pixels = tape.pixels(3, 1)
    with tape.row():
        above = tape.buffer(2)
        tape.linear(above, [(pixels.moved(-1), torch.zeros(3, 2))], None)
    out = tape.buffer(5)
    with tape.when(When(2, row=0, column=0)):
        tape.linear(out, [(above, torch.zeros(2, 5))], torch.zeros(5))
    tape.raster(pixels, out)
    assert tape.flops() == 2 * (3 * 2 * 24 + 2 * 5 * 6)
    with tallied() as found:
        replays(tape, 10)
    assert found == [10 * tape.flops()]


def test_compiled_draws_are_those_of_the_cumulative_distribution():
    rng, work = np.random.default_rng(0), np.empty(512)
    for _ in range(200):
        logits, noise = rng.normal(size=9) * 3, rng.random()
        p = np.exp(logits - logits.max())
        expected = int((np.cumsum(p / p.sum()) <= noise).sum())
        assert draws.draw_softmax(logits, noise, 1.0, work) == expected
        assert draws.draw_softmax(logits, noise, 0.0, work) == int(logits.argmax())
        assert draws.draw_binary(logits[0], noise, 0.5) == int(noise < 1 / (1 + np.exp(-2 * logits[0])))
    certain = np.array([-np.inf, 0.0, -np.inf])
    assert all(draws.draw_softmax(certain, u, 1.0, work) == 1 for u in (0.0, 0.5, 1 - 2**-53))
