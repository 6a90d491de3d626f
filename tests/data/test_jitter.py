"""Jitter: pictures that belong together stay in register, and each row's change is its own."""

import numpy as np
import pytest
import torch

from genzoo.data.batches import Batches
from genzoo.data.dataset import Dataset
from genzoo.data.jitter import Jitter
from genzoo.errors import BadInput

ROWS = np.arange(6)


def ramp(n=6, side=16):
    """x-coordinates of pixel centres, from 0 to 1."""
    return ((torch.arange(side) + 0.5) / side).expand(n, 1, side, side)


def test_a_picture_and_one_of_half_its_size_show_the_same_window():
    large, small = Jitter(0.3)([ramp(side=32), ramp(side=16)], 1, ROWS)
    assert not torch.allclose(large, ramp(side=32))
    inside = slice(2, -2)  # bilinear sampling repeats what is beyond a border
    halved = torch.nn.functional.avg_pool2d(large, 2)
    torch.testing.assert_close(halved[..., inside], small[..., inside], rtol=0, atol=1e-5)


def test_a_window_is_enlarged_by_so_much_and_lies_inside():
    for enlarge in (0.1, 0.5):
        (seen,) = Jitter(enlarge, mirror=False)([ramp(side=64)], 2, ROWS)
        slope = (seen[..., 2:-2].diff(dim=3) * 64).flatten()
        torch.testing.assert_close(slope, torch.full_like(slope, 1 / (1 + enlarge)), rtol=1e-3, atol=0)
        assert len(seen[:, 0, 0, 32].unique()) == len(ROWS)  # each at a place of its own


def test_without_enlarging_half_of_the_rows_are_mirrored_and_the_others_as_they_were():
    pictures = torch.rand(200, 2, 5, 7)
    (seen,) = Jitter(0.0)([pictures], 0, np.arange(200))
    same = (seen - pictures).abs().amax((1, 2, 3)) < 1e-5
    mirrored = (seen - pictures.flip(3)).abs().amax((1, 2, 3)) < 1e-5
    assert (same ^ mirrored).all()
    assert 60 < same.sum() < 140  # of 200 at 1/2: 5.6 standard deviations


def test_what_comes_of_a_row_depends_on_its_number_and_the_seed_alone():
    pictures = torch.rand(6, 1, 8, 8)
    (whole,) = Jitter()([pictures], 3, ROWS)
    (part,) = Jitter()([pictures[4:]], 3, ROWS[4:])
    assert torch.equal(whole[4:], part)
    (other,) = Jitter()([pictures], 4, ROWS)
    assert not torch.equal(whole, other)


def test_no_jitter_is_none_and_too_much_is_refused():
    pictures = torch.rand(2, 1, 4, 4)
    assert Jitter(0.0, mirror=False)([pictures], 0, ROWS[:2])[0] is pictures
    with pytest.raises(BadInput, match="from 0 to 1, got -1"):
        Jitter(-1)


def pairs(n=20):
    items = np.random.default_rng(0).integers(0, 256, (n, 1, 8, 8)).astype(np.uint8)
    splits = {"train": np.arange(n - 4), "val": np.arange(n - 4, n - 2), "test": np.arange(n - 2, n)}
    return Dataset("pairs", "images", items, splits, given=items.copy())


def test_both_images_of_a_pair_are_jittered_alike_and_processes_share_a_batch():
    batches = Batches(pairs(), size=4, requires={"images"}, jitter=Jitter())
    whole = batches.at(5)
    assert torch.equal(whole.images, whole.given.images)
    assert not torch.equal(whole.images, Batches(pairs(), size=4, requires={"images"}).at(5).images)
    halves = [batches.at(5, rank, 2) for rank in range(2)]
    assert torch.equal(torch.cat([h.images for h in halves]), whole.images)


def test_items_beside_come_in_an_order_of_their_own_and_each_as_often():
    data = pairs()
    batches = Batches(data, size=4, beside=data)
    moves = [batches.at(move) for move in range(4)]  # one pass over 16 items
    first, second = (torch.cat(x) for x in zip(*((m.images, m.target) for m in moves), strict=True))
    assert not torch.equal(first, second)
    assert torch.equal(first.flatten(1).sum(1).sort()[0], second.flatten(1).sum(1).sort()[0])
    halves = [batches.at(1, rank, 2).target for rank in range(2)]
    assert torch.equal(torch.cat(halves), batches.at(1).target)
