"""Mixtures of Gaussians as data sets: geometry, scale, balance, splits."""

import numpy as np
import pytest
import torch

from genzoo.data import in_order, load
from genzoo.data.mixtures import COUNTS, MIXTURES, mixture_points
from genzoo.evaluation.modes import mixture_coverage


def test_the_ring_has_the_published_geometry():
    ring = MIXTURES["ring8"]
    assert np.allclose(np.linalg.norm(ring.centres, axis=1), 1)
    neighbours = np.linalg.norm(ring.centres - np.roll(ring.centres, 1, axis=0), axis=1)
    assert np.allclose(neighbours, 2 * np.sin(np.pi / 8))
    assert (len(ring), ring.scale) == (8, 0.01)


def test_the_grid_has_the_published_geometry():
    grid = MIXTURES["grid25"]
    wanted = {(x, y) for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)}
    assert {tuple(centre) for centre in grid.centres} == wanted
    assert (len(grid), grid.scale) == (25, 0.05)


@pytest.mark.parametrize("name", MIXTURES)
def test_points_scatter_about_the_centre_of_their_label_with_the_stated_deviation(name):
    data, mixture = load(name), MIXTURES[name]
    assert (data.kind, data.items.dtype, data.shape) == ("vectors", np.float32, (2,))
    offsets = data.items.astype(np.float64) - mixture.centres[data.labels]
    n = offsets.size
    assert abs(offsets.mean()) < 5 * mixture.scale / np.sqrt(n)  # five standard errors
    assert abs(offsets.std() / mixture.scale - 1) < 5 / np.sqrt(2 * n)


@pytest.mark.parametrize("name", MIXTURES)
def test_every_mode_has_as_many_points_and_every_split_has_its_count(name):
    data = load(name)
    counts = np.bincount(data.labels)
    assert len(counts) == len(MIXTURES[name])
    assert np.ptp(counts) == 0
    assert {split: len(data.split(split)) for split in COUNTS} == COUNTS
    assert len(np.unique(np.concatenate([data.split(s) for s in COUNTS]))) == len(data)


def test_the_points_are_always_the_same():
    torch.manual_seed(1)
    first, again = mixture_points("ring8"), mixture_points("ring8")
    assert first.fingerprint == again.fingerprint
    assert (first.items == again.items).all()
    assert first.fingerprint != mixture_points("grid25").fingerprint


@pytest.mark.parametrize("name", MIXTURES)
def test_the_data_find_all_their_modes_and_have_the_gaussian_mass_within_three_deviations(name):
    data = load(name)
    points = torch.cat([batch.images for batch in in_order(data, "train", size=8192)])
    found = mixture_coverage(points, MIXTURES[name])
    assert found.modes() == len(MIXTURES[name])
    share, error = found.high_quality
    assert share == pytest.approx(1 - np.exp(-4.5), abs=5 * error)
    assert found.reverse_kl[0] < 1e-4  # modes take turns, so only the 1.1% outside make it uneven
