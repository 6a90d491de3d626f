import math

import pytest
import torch
from latent_fakes import Flat, FlatGaussian, Generator

from genzoo.apply import decode, interpolate, linear, manifold, plane, spherical, spread, traverse
from genzoo.apply.interpolate import walk_frames
from genzoo.errors import BadInput
from genzoo.types import Given


def double(*shape):
    return torch.randn(*shape, dtype=torch.float64)


@pytest.mark.parametrize("path", ["linear", "spherical"])
def test_a_walk_begins_and_ends_at_its_decoded_ends(path):
    model = Generator().double()
    start, end = double(3, 4), double(3, 4)
    walk = interpolate(model, start, end, steps=5, path=path)
    assert walk.shape == (3, 5, 1, 2, 2)
    torch.testing.assert_close(walk[:, 0], decode(model, start), rtol=0, atol=1e-14)
    torch.testing.assert_close(walk[:, -1], decode(model, end), rtol=0, atol=1e-14)


def test_a_linear_walk_takes_equal_steps():
    walk = interpolate(Generator().double(), double(1, 4), double(1, 4), steps=4)[0].flatten(1)
    torch.testing.assert_close(walk.diff(dim=0), (walk[3] - walk[0]).expand(3, 4) / 3)


def test_the_arc_between_vectors_of_one_length_keeps_that_length():
    a, b = double(50, 6), double(50, 6)
    b = b * (a.norm(dim=1) / b.norm(dim=1))[:, None]
    for t in (0.1, 0.5, 0.8):
        torch.testing.assert_close(spherical(a, b, t).norm(dim=1), a.norm(dim=1), rtol=1e-12, atol=0)


def test_the_arc_turns_at_a_constant_rate_and_lengths_change_linearly():
    a = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    b = torch.tensor([[0.0, 3.0]], dtype=torch.float64)
    third = spherical(a, b, 1 / 3)
    expected = (1 + 2 / 3) * torch.tensor([[math.cos(math.pi / 6), math.sin(math.pi / 6)]]).double()
    torch.testing.assert_close(third, expected, rtol=1e-6, atol=0)  # the constants are single precision


def test_the_arc_between_equal_opposite_or_zero_vectors_is_the_straight_line():
    a = double(1, 4)
    for b in (a, -a, torch.zeros_like(a)):
        middle = spherical(a, b, 0.25)
        assert bool(middle.isfinite().all())
    torch.testing.assert_close(spherical(a, a, 0.25), a)
    torch.testing.assert_close(spherical(a, -a, 0.25), linear(a, -a, 0.25))


def test_a_walk_keeps_its_own_conditions():
    class Shift(Generator):
        def decode(self, latents, given=None):
            return super().decode(latents + given.labels[:, None])

    labels = torch.tensor([3, 0, 5])
    walk = interpolate(Shift(), torch.zeros(3, 4), torch.zeros(3, 4), Given(labels=labels), steps=2)
    assert (walk == labels.view(3, 1, 1, 1, 1)).all()
    one = interpolate(Shift(), torch.zeros(3, 4), torch.zeros(3, 4), Given(labels=labels[:1]), steps=2)
    assert (one == 3).all()


def test_a_film_of_a_tour_ends_where_it_begins_and_shows_no_point_twice():
    points = double(3, 4)
    walks = interpolate(Generator().double(), points, points.roll(-1, 0), steps=4)
    frames = walk_frames(walks, tour=True)
    assert len(frames) == 9
    at_points = torch.cat([frames[i] for i in (8, 2, 5)]).flatten(1)
    torch.testing.assert_close(at_points, points)
    assert len({tuple(frame.flatten().tolist()) for frame in frames}) == 9
    together = walk_frames(walks)
    assert len(together) == 4
    assert together[0].shape == (1, 1, 2 + 2 * 4, 2 + 2 * 4)


def test_a_walk_has_both_ends():
    with pytest.raises(BadInput, match="--steps"):
        interpolate(Generator(), torch.rand(1, 4), torch.rand(1, 4), steps=1)


def test_a_manifolds_images_are_equal_in_prior_mass():
    shown = []

    class Remembers(FlatGaussian):
        def decode(self, latents, given=None):
            shown.append(latents)
            return super().decode(latents)

    picture = manifold(Remembers(), 4)
    assert picture.shape == (1, 1, 4 * 2, 4 * 1)
    z = shown[0].view(4, 4, 2)
    mass = torch.special.ndtr(z)
    across = torch.tensor([0.125, 0.375, 0.625, 0.875])
    torch.testing.assert_close(mass[0, :, 0], across)  # z1 grows rightwards
    torch.testing.assert_close(mass[:, 0, 1], across.flip(0))  # z2 grows upwards


def test_a_manifold_needs_two_latents_and_a_prior():
    with pytest.raises(BadInput, match="this model has 4"):
        manifold(Generator(), 3)
    with pytest.raises(BadInput, match="no prior"):
        manifold(Flat(), 3)


def test_the_plane_is_indexed_by_row_and_column():
    images = plane(Flat(), torch.tensor([1.0, 2.0, 3.0]), torch.tensor([10.0, 20.0]))
    assert images.shape == (2, 3, 1, 2, 1)
    assert images[0, 2, 0, :, 0].tolist() == [3.0, 20.0]
    assert images[1, 0, 0, :, 0].tolist() == [1.0, 10.0]


def test_a_traversal_changes_one_dimension_a_row():
    origin = torch.tensor([[5.0, 6.0, 7.0, 8.0]])
    values = torch.tensor([[0.0, 1.0], [2.0, 3.0]])
    rows = traverse(Generator(), origin, values).flatten(2)
    assert rows.tolist() == [
        [[0, 6, 7, 8], [1, 6, 7, 8]],
        [[5, 2, 7, 8], [5, 3, 7, 8]],
    ]


def test_spread_runs_from_the_first_to_the_last_percentile():
    pool = torch.linspace(0, 1, 101, dtype=torch.float64)[:, None] * torch.tensor([1.0, 10.0]).double()
    values = spread(pool, 3)
    torch.testing.assert_close(values, torch.tensor([[0.01, 0.5, 0.99], [0.1, 5.0, 9.9]]).double())
