"""Tiles: what is cut and joined is whole again, and between tiles one fades into the other."""

from itertools import pairwise

import pytest
import torch

from genzoo.apply.tiles import OVERLAP, Tiling

SIZES = [(64, 64), (65, 64), (100, 37), (16, 200), (15, 3), (1, 1), (1, 50), (33, 49)]


@pytest.mark.parametrize("size", SIZES)
def test_cut_and_joined_a_picture_is_itself(size):
    picture, tiling = torch.rand(1, 3, *size).double(), Tiling(size, (16, 16))
    tiles = tiling.cut(picture)
    assert tiles.shape[1:] == (3, 16, 16)
    torch.testing.assert_close(tiling.joined(tiles), picture, rtol=1e-12, atol=1e-12)


def test_what_is_done_pixel_by_pixel_is_the_same_in_tiles():
    picture, tiling = torch.rand(1, 1, 70, 45).double(), Tiling((70, 45), (16, 24))
    torch.testing.assert_close(
        tiling.joined(tiling.cut(picture).sin()), picture.sin(), rtol=1e-12, atol=1e-12
    )


def test_tiles_that_differ_by_a_step_fade_into_each_other():
    tiling = Tiling((40, 200), (40, 40))
    tiles = torch.zeros(len(tiling.corners), 1, 40, 40).double()
    tiles[1::2] = 1  # black and white in turn: the hardest seam there is
    jumps = tiling.joined(tiles).diff(dim=3).abs().max()
    assert jumps <= 1.3 / (OVERLAP * 40)  # a ramp over the overlap; without blending it were 1


def test_tiles_overlap_enough_and_cover_all():
    for length in range(20, 90):
        starts = [left for _, left in Tiling((20, length), (20, 20)).corners]
        assert starts[0] == 0
        assert starts[-1] + 20 == length
        gaps = [b - a for a, b in pairwise(starts)]
        assert all(0 < gap <= 15 for gap in gaps)
