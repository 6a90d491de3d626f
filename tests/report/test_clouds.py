"""Codes in the plane: principal components, neighbours, and the picture of several clouds."""

import io
import math

import numpy as np
import pytest
import torch
from PIL import Image

from genzoo.report.clouds import cloud, clouds_figure, neighbour_accuracy, principal_plane
from genzoo.report.plots import colours_of


def test_principal_components_are_uncorrelated_and_have_the_largest_variances():
    rows = torch.randn(500, 6, dtype=torch.float64) @ torch.randn(6, 6, dtype=torch.float64) + 3
    points, share = principal_plane(rows)
    values = torch.linalg.eigvalsh(rows.T.cov()).flip(0)
    assert torch.allclose(points.T.cov(), torch.diag(values[:2]), atol=1e-9)
    assert share == pytest.approx(float(values[:2].sum() / values.sum()), abs=1e-12)


def test_a_plane_turned_into_more_dimensions_is_found_again():
    angle = torch.rand(100, dtype=torch.float64) * math.tau
    flat = torch.stack([3 * angle.cos(), angle.sin()], 1)
    basis = torch.linalg.qr(torch.randn(5, 5, dtype=torch.float64)).Q[:, :2]
    points, share = principal_plane(flat @ basis.T)
    assert share == pytest.approx(1, abs=1e-12)
    assert torch.allclose(torch.cdist(points, points), torch.cdist(flat, flat), atol=1e-6)


def test_neighbours_tell_separate_classes_always_and_mixed_ones_by_chance():
    labels = torch.arange(400) // 2 % 2  # both halves have both classes
    apart = torch.randn(400, 2, dtype=torch.float64) + 50 * labels[:, None]
    assert neighbour_accuracy(apart, labels) == 1.0
    mixed = torch.randn(400, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert neighbour_accuracy(mixed, labels) == pytest.approx(0.5, abs=5 * 0.5 / 400**0.5)


def test_an_item_is_never_its_own_neighbour():
    labels = torch.tensor([0, 1] * 20)  # the even half is all of class 0, the odd half of class 1
    assert neighbour_accuracy(torch.randn(40, 2, dtype=torch.float64), labels) == 0.0


def test_two_dimensions_stay_as_they_are_and_the_title_says_what_is_seen():
    codes, labels = torch.randn(20, 2), torch.arange(20) // 2 % 2
    assert torch.equal(cloud("a", codes, labels).points, codes.double())
    assert cloud("a", codes, None, prior=True).says == "2 dimensions"
    assert cloud("a", codes, None, prior=True).prior
    wide = cloud("b", torch.randn(20, 7), labels, prior=True)
    assert wide.says.startswith("PCA of 7 dimensions, ")
    assert "5-NN" in wide.says
    assert wide.says.endswith(" in all 7")
    assert not wide.prior  # circles of N(0, I) belong to the model's own plane


def test_panels_show_one_range_when_asked_to_and_every_class_is_in_the_legend():
    labels = np.arange(60) % 12
    names = [f"class {i}" for i in range(12)]
    clouds = [cloud(name, scale * torch.randn(60, 2), None) for name, scale in (("a", 1.0), ("b", 10.0))]
    for same in (False, True):
        figure = clouds_figure(clouds, labels, names, same_axes=same)
        one, two = (axes.get_xlim() for axes in figure.axes)
        assert (one == two) is same
        assert [text.get_text() for text in figure.legends[0].get_texts()] == names
    assert not clouds_figure(clouds, None, ()).legends


def test_no_title_is_cut_off_at_the_first_drawing():
    labels = torch.arange(60) // 2 % 10
    clouds = [cloud(name, torch.randn(60, size), labels) for name, size in (("a", 2), ("b", 2), ("c", 30))]
    file = io.BytesIO()
    clouds_figure(clouds, labels.numpy(), list("0123456789")).savefig(file, dpi=150)
    dark = (np.asarray(Image.open(file).convert("L")) < 100).any(1)
    assert dark[:60].any()
    assert not dark[:3].any()


@pytest.mark.parametrize("classes", [2, 10, 11, 100])
def test_no_two_classes_have_one_colour(classes):
    assert len({tuple(c) if not isinstance(c, str) else c for c in colours_of(classes)}) == classes
