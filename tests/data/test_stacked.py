"""Stacked digits: three images of a grey set in the colours of one."""

import dataclasses

import numpy as np
import pytest

from genzoo.data import View, load, sheet
from genzoo.data.dataset import Dataset
from genzoo.data.stacked import COUNTS, share_of_modes, stacked
from genzoo.errors import BadInput

SMALL = {"train": 600, "val": 30, "test": 90}


def grey(n=60, classes=3, size=4):
    """Images all of one grey, which says which they are; labels take turns; the splits are disjoint."""
    items = np.repeat(np.arange(n, dtype=np.uint8), size * size).reshape(n, 1, size, size)
    labels = np.arange(n) % classes
    splits = {"train": np.arange(n - 20), "val": np.arange(n - 20, n - 10), "test": np.arange(n - 10, n)}
    names = tuple(str(i) for i in range(classes))
    return Dataset("toy", "images", items, splits, labels=labels, classes=names, fingerprint="abc")


def test_each_colour_is_an_image_of_the_grey_set_and_the_label_says_which_classes():
    data = stacked(grey(), SMALL)
    assert (data.name, data.shape, data.items.dtype) == ("stacked-toy", (3, 4, 4), np.uint8)
    assert (data.items == data.items[:, :, :1, :1]).all()  # no image is mixed up with another
    digits = data.items[:, :, 0, 0] % 3
    assert (data.labels == digits[:, 0] * 9 + digits[:, 1] * 3 + digits[:, 2]).all()
    assert len(data.classes) == 27
    assert data.classes[int("210", 3)] == "210"


def test_a_split_is_made_of_the_same_split_of_the_grey_set():
    source = grey()
    data = stacked(source, SMALL)
    for split, n in SMALL.items():
        used = np.unique(data.items[data.split(split)])
        assert len(data.split(split)) == n
        assert set(used) <= set(source.split(split))
    assert len(np.unique(data.items[data.split("train")])) == 40  # all of them


def test_the_colours_are_independent_and_all_modes_are_there():
    data = stacked(grey(), {"train": 27_000})
    counts = np.bincount(data.labels, minlength=27)
    chi_squared = ((counts - 27_000 * share_of_modes(data)) ** 2 / (27_000 * share_of_modes(data))).sum()
    assert chi_squared < 55  # 26 degrees of freedom: 99.9% of draws stay below 54.1


def test_the_share_of_modes_is_the_product_of_the_classes_shares():
    source = dataclasses.replace(grey(), labels=(np.arange(60) % 4 == 0).astype(np.int64), classes=("0", "1"))
    share = share_of_modes(stacked(source, {"train": 50_000}))
    assert share.sum() == pytest.approx(1)
    assert share[-1] == pytest.approx(1 / 64, rel=0.05)  # (1/4)³; three draws of 50,000: ± 1.5%


def test_the_same_grey_set_gives_the_same_stacks_and_another_another_fingerprint():
    first, again = stacked(grey(), SMALL), stacked(grey(), SMALL)
    assert (first.items == again.items).all()
    assert first.fingerprint == again.fingerprint
    other = stacked(dataclasses.replace(grey(), fingerprint="abd"), SMALL)
    assert other.fingerprint != first.fingerprint
    assert stacked(grey(), {"train": 7}).fingerprint != first.fingerprint


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"labels": None}, "no labels"),
        ({"items": np.zeros((60, 3, 4, 4), np.uint8)}, "only grey images .* 3 channels"),
        ({"classes": tuple(map(str, range(41)))}, "41 classes, at most 40"),
    ],
)
def test_what_cannot_be_stacked_is_refused(change, says):
    with pytest.raises(BadInput, match=says):
        stacked(dataclasses.replace(grey(), **change))


def test_any_labelled_grey_source_is_stacked_by_name(monkeypatch):
    monkeypatch.setitem(COUNTS, "train", 500)
    monkeypatch.setitem(COUNTS, "val", 20)
    monkeypatch.setitem(COUNTS, "test", 20)
    data = load("stacked-digits")
    assert (data.name, data.shape, len(data), len(data.classes)) == ("stacked-digits", (3, 8, 8), 540, 1000)
    assert load("stacked-digits", View(size=(16, 16), channels=3)).shape == (3, 16, 16)
    assert sheet(data).shape == (1, 3, 102, 102)
    with pytest.raises(BadInput, match="stacked-photos: only grey images"):
        load("stacked-photos")


def test_a_folder_of_that_name_is_a_folder(folder):
    folder.rename(folder.parent / "stacked-pets")
    assert load(str(folder.parent / "stacked-pets")).name == "stacked-pets"


def test_an_unknown_source_to_stack_names_the_nearest():
    with pytest.raises(BadInput, match="'mnst'; did you mean 'mnist'"):
        load("stacked-mnst")
