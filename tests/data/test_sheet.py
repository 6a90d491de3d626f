"""The contact sheet: rows of one class, always the same picture."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from genzoo.data import Dataset, load, sheet
from genzoo.data.sheet import _by_class
from genzoo.data.sizes import parse_size
from genzoo.errors import BadInput


def _labelled(labels):
    items = np.repeat(np.asarray(labels, np.uint8), 4).reshape(-1, 1, 2, 2)
    return Dataset("a", "images", items, {}, labels=np.asarray(labels, np.int64))


def test_ten_classes_of_a_hundred_make_ten_rows_of_one_class():
    picture = sheet(_labelled([i % 10 for i in range(500)]))
    assert picture.shape == (1, 1, 42, 42)
    cells = (picture[0, 0, 2::4, 2::4][:10, :10] * 255).round()
    assert torch.equal(cells, torch.arange(10.0)[:, None].expand(10, 10))


def test_the_sheet_is_the_same_every_time():
    data = load("digits")
    assert torch.equal(sheet(data, 50), sheet(data, 50))


@given(st.lists(st.integers(0, 30), min_size=1, max_size=60), st.integers(1, 120))
def test_no_image_is_shown_twice_and_no_more_than_asked(labels, n):
    rows, columns = _by_class(np.array(labels), n)
    shown = rows[rows >= 0]
    assert len(set(shown.tolist())) == len(shown) <= n
    assert columns >= 1


def test_a_pair_is_shown_side_by_side_in_the_larger_size_and_the_more_channels():
    items = np.full((8, 3, 4, 4), 51, np.uint8)
    given = np.full((8, 1, 2, 2), 204, np.uint8)
    picture = sheet(Dataset("a", "images", items, {}, given=given))
    assert picture.shape == (1, 3, 2 + 4 * (4 + 2), 2 + 2 * (8 + 2))  # two columns of four pairs
    assert (picture[0, :, 2:6, 2:6] == 0.8).all()
    assert (picture[0, :, 2:6, 6:10] == 0.2).all()


def test_of_two_sets_a_is_above_b():
    a = _labelled([0] * 70)
    b = Dataset("b", "images", np.full((5, 1, 2, 2), 51, np.uint8), {})
    cells = sheet(replace(b, other=a))[0, 0, 2::4, 2::4]
    assert cells.shape == (6, 10)
    assert (cells[:5] == 0).all()
    assert torch.equal(cells[5], torch.tensor([0.2] * 5 + [1.0] * 5))


def test_vectors_have_no_sheet():
    with pytest.raises(BadInput, match="these are vectors"):
        sheet(load(np.zeros((4, 2))))


@pytest.mark.parametrize("text", ["", "x", "0", "64x0", "12,12", "-3", "3.5", "1x2x3"])
def test_sizes_that_are_none_are_refused(text):
    with pytest.raises(BadInput, match="expected N or HxW"):
        parse_size(text)
