"""Poisson blending: what it is known to be for simple holes, and what it leaves alone."""

import pytest
import torch

import genzoo.apply.blend as blending
from genzoo.apply.blend import blended, carried
from genzoo.errors import BadInput


def hole(size=(24, 30), rows=slice(6, 15), columns=slice(8, 20)):
    known = torch.ones(1, 1, *size, dtype=torch.bool)
    known[:, :, rows, columns] = False
    return known


def smooth(size=(24, 30)):
    """A plane of brightness: harmonic."""
    y, x = torch.meshgrid(torch.linspace(0.2, 0.5, size[0]), torch.linspace(0.1, 0.4, size[1]), indexing="ij")
    return (y + x)[None, None].double()


def test_a_completion_that_is_off_by_a_shade_is_put_right():
    images = 0.5 * torch.rand(2, 3, 24, 30).double() + 0.2
    made = images + torch.tensor([0.1, -0.15]).view(2, 1, 1, 1)
    torch.testing.assert_close(blended(images, made, hole()), images, rtol=0, atol=1e-4)


def test_a_flat_completion_becomes_the_smoothest_that_fits_around():
    images = smooth()
    torch.testing.assert_close(blended(images, torch.zeros_like(images), hole()), images, rtol=0, atol=1e-4)


def test_known_pixels_are_untouched():
    images, known = 0.3 + 0.4 * torch.rand(1, 1, 24, 30), hole()
    made = 0.3 + 0.4 * torch.rand(1, 1, 24, 30)
    found = blended(images, made, known)
    assert torch.equal(found[known], images[known])


def test_a_hole_without_surroundings_stays_as_it_was_made_and_no_hole_changes_nothing():
    images, made = torch.rand(2, 3, 8, 8), torch.rand(2, 3, 8, 8)
    assert torch.equal(blended(images, made, torch.zeros(1, 1, 8, 8, dtype=torch.bool)), made)
    assert torch.equal(blended(images, made, torch.ones(1, 1, 8, 8, dtype=torch.bool)), images)


def test_the_equation_holds_at_every_hidden_pixel():
    images, made, known = (
        torch.rand(1, 1, 16, 16).double(),
        torch.rand(1, 1, 16, 16).double(),
        hole((16, 16), columns=slice(4, 12)),
    )
    images, made = 0.4 + 0.2 * images, 0.4 + 0.2 * made  # far enough from 0 and 1 not to be clipped
    f = blended(images, made, known)

    def curvature(x):
        return (
            4 * x[..., 1:-1, 1:-1]
            - x[..., :-2, 1:-1]
            - x[..., 2:, 1:-1]
            - x[..., 1:-1, :-2]
            - x[..., 1:-1, 2:]
        )

    hidden = ~known[..., 1:-1, 1:-1]
    away = (curvature(f) - curvature(made))[hidden].abs()
    assert away.max() < 1e-4


def test_a_completion_whose_known_pixels_are_its_own_is_put_right_from_its_border():
    images, known = smooth().expand(2, 3, -1, -1), hole()
    shade = torch.tensor([0.1, -0.15]).view(2, 1, 1, 1).double()
    completed = torch.where(known, images, images + shade)
    found = blended(images, carried(completed, known), known)
    hidden = (~known).expand_as(images)
    assert (found - images)[hidden].abs().max() < 0.25 * (completed - images)[hidden].abs().max()
    assert torch.equal(found[~hidden], images[~hidden])


def test_only_the_pixels_around_a_hole_are_carried_over_and_are_means_of_their_neighbours_in_it():
    made = torch.arange(25.0).view(1, 1, 5, 5) / 25
    known = torch.ones(1, 1, 5, 5, dtype=torch.bool)
    known[:, :, 2, 1:3] = known[:, :, 1, 1] = False
    found = carried(made, known)
    changed = (found != made)[0, 0].nonzero().tolist()
    assert changed == [[0, 1], [1, 0], [1, 2], [2, 0], [2, 3], [3, 1], [3, 2]]
    assert found[0, 0, 1, 2] == (made[0, 0, 1, 1] + made[0, 0, 2, 2]) / 2


def test_an_image_is_blended_alone_as_among_others():
    images, made = torch.rand(3, 1, 24, 30), torch.rand(3, 1, 24, 30)
    known = torch.cat([hole(), hole(rows=slice(1, 23)), hole(columns=slice(9, 10))])
    whole = blended(images, made, known)
    alone = torch.cat([blended(*(t[i : i + 1] for t in (images, made, known))) for i in range(3)])
    assert torch.equal(whole, alone)


def somewhere():
    """Holes of several sizes: inside, in a corner, along borders, in two places, everywhere, nowhere."""
    known = torch.ones(8, 1, 40, 53, dtype=torch.bool)
    known[0, :, 20:31, 9:14] = known[1, :, :5, :7] = known[2, :, 31:, 17:] = known[3, :, 12, :] = False
    known[4, :, :, 40:] = known[5, :, 3:9, 3:9] = known[5, :, 18:30, 5:30] = known[6] = False
    return known


def test_a_part_around_the_hole_is_blended_as_the_whole_image_is(monkeypatch):
    images, made = (0.3 + 0.4 * torch.rand(8, 3, 40, 53).double() for _ in range(2))
    known, sizes, solve = somewhere(), [], blending._solved

    def noted(hole, right):
        sizes.append(hole.shape)
        return solve(hole, right)

    monkeypatch.setattr(blending, "_solved", noted)
    found = blended(images, made, known)
    assert sum(n for n, *_ in sizes) == 7  # nothing to solve without a hole
    assert min(h * w for _, _, h, w in sizes) == 16 * 16
    one_mask = torch.cat([blended(images[i : i + 1], made[i : i + 1], known[i : i + 1]) for i in range(8)])
    assert torch.equal(found, one_mask)
    shared = blended(images, made, known[:1])
    monkeypatch.setattr(blending, "_RASTER", 64)
    torch.testing.assert_close(blended(images, made, known), found, rtol=0, atol=1e-5)
    torch.testing.assert_close(blended(images, made, known[:1]), shared, rtol=0, atol=1e-5)
    assert torch.equal(found[0], shared[0])


def test_an_equation_that_is_not_solved_is_no_result(monkeypatch):
    monkeypatch.setattr(blending, "_STEPS", 3)
    monkeypatch.setattr(blending, "_STEPS_A_SIDE", 0)
    with pytest.raises(BadInput, match="--blend: a part of 16x16 is not solved after 3 steps; leave it out"):
        blended(torch.rand(1, 1, 24, 30), torch.rand(1, 1, 24, 30), hole())
