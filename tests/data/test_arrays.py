"""Arrays, .npy, .npz: layouts, kinds, names; what can not be meant is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genzoo.data import View, load
from genzoo.errors import BadInput

GREY = np.arange(40 * 6 * 5, dtype=np.uint8).reshape(40, 6, 5)
COLOUR = np.random.default_rng(0).integers(0, 256, (40, 6, 5, 3), np.uint8)


def test_all_layouts_of_the_same_images_are_the_same_data(tmp_path):
    channels_first = load(np.ascontiguousarray(COLOUR.transpose(0, 3, 1, 2)))
    assert load(COLOUR).fingerprint == channels_first.fingerprint
    assert channels_first.shape == (3, 6, 5)
    np.save(tmp_path / "a.npy", COLOUR)
    assert load(tmp_path / "a.npy").fingerprint == channels_first.fingerprint
    assert load(GREY).shape == (1, 6, 5)
    assert load(GREY[..., None]).fingerprint == load(GREY).fingerprint


@pytest.mark.parametrize(
    ("images", "top"),
    [
        (GREY / np.float32(255), None),
        (GREY.astype(np.uint16) * np.uint16(257), None),
        (GREY.astype(np.int64), None),
        ((GREY > 99), 1),
    ],
)
def test_other_types_are_scaled_to_bytes(images, top):
    expected = GREY if top is None else (GREY > 99) * np.uint8(255)
    assert (load(images, kind="images").items[:, 0] == expected).all()


def test_floats_are_vectors_and_series_and_pass_untouched():
    vectors = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    data = load(vectors, View(size=(9, 9)))
    assert data.kind == "vectors"
    assert (data.items == vectors).all()
    series = load(np.zeros((5, 7, 2)))
    assert series.kind == "series"
    assert series.items.dtype == np.float32


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((5, 784), np.uint8), "expected uint8 images"),
        (np.zeros((5, 2, 4, 7), np.uint8), "c 1, 3 or 4"),
        (np.full((5, 1, 4, 4), 2.0), "float64 pixels from 2 to 2, expected 0 to 1"),
        (np.full((5, 4, 4), np.nan), "item 0 has a value that is not finite"),
        (np.zeros((0, 4, 4), np.uint8), "no items"),
        (np.array(3), "expected uint8 images"),
        (np.array(["a"]), "expected uint8 images"),
        (np.full((5, 4, 4), 999), "int64 pixels from 999 to 999, expected 0 to 255"),
        (np.zeros((5, 0, 4), np.uint8), "expected images"),
    ],
)
def test_arrays_that_mean_nothing_are_refused(array, message):
    with pytest.raises(BadInput, match=message):
        load(array)


def test_pickled_objects_are_never_loaded(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{"a": 1}], object), allow_pickle=True)
    with pytest.raises(BadInput, match="not a readable"):
        load(tmp_path / "a.npy")


@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
@pytest.mark.parametrize("content", [b"", b"no array", b"\x93NUMPY\x01\x00"])
def test_a_broken_file_is_one_clear_error(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput, match=name):
        load(tmp_path / name)


def test_npz_names_say_the_role_and_the_split(tmp_path):
    labels = np.arange(40)[:, None] % 3  # a column, as some sets have it
    parts = {"x_train": GREY[:30], "y_train": labels[:30], "x_test": GREY[30:], "y_test": labels[30:]}
    np.savez(tmp_path / "a.npz", **parts)
    data = load(tmp_path / "a.npz")
    assert data.splits["test"].tolist() == list(range(30, 40))
    assert len(data.splits["val"]) > 0
    assert data.classes == ("0", "1", "2")
    assert data.labels[:4].tolist() == [0, 1, 2, 0]


def test_npz_takes_words_as_labels_and_a_target(tmp_path):
    np.savez(tmp_path / "a.npz", images=COLOUR, labels=np.array(["b", "a"] * 20), target=GREY)
    data = load(tmp_path / "a.npz", View(size=(3, 3)))
    assert data.classes == ("a", "b")
    assert data.labels[:2].tolist() == [1, 0]
    assert data.target.shape == (40, 1, 3, 3)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"imges": GREY}, "unknown array 'imges'; did you mean 'images'"),
        ({"images": GREY, "x": GREY}, "two arrays for the items"),
        ({"labels": np.zeros(3)}, "no array of items"),
        ({"x": GREY, "y": np.zeros(3)}, "40 items but labels has shape"),
        ({"x": GREY, "y": np.full(40, 0.5)}, "expected class numbers"),
        ({"x": GREY, "y": np.full(40, -1)}, "labels run from -1 to -1"),
        ({"x_train": GREY, "x_test": COLOUR}, "differ in shape"),
        ({"x_train": GREY, "y_train": np.zeros(40), "x_test": GREY}, "for some splits only"),
        ({"x_val": GREY, "x_test": GREY}, "no train"),
        ({"x": GREY, "x_test": GREY}, "some do not"),
    ],
)
def test_arrays_that_do_not_fit_together_are_refused(tmp_path, arrays, message):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(BadInput, match=message):
        load(tmp_path / "a.npz")


@given(st.sampled_from([1, 3, 4, None]), st.tuples(st.integers(1, 9), st.integers(1, 9)))
def test_arrays_are_fitted_to_any_view(channels, size):
    data = load(COLOUR[:3], View(size=size, channels=channels))
    assert data.shape == (channels or 3, *size)


def test_a_data_set_is_refitted_or_itself():
    data = load(COLOUR)
    assert load(data) is data
    small = load(data, View(size=(3, 3), channels=1))
    assert small.shape == (1, 3, 3)
    assert small.fingerprint != data.fingerprint
    assert (small.splits["train"] == data.splits["train"]).all()


def test_equal_bytes_of_another_shape_have_another_fingerprint():
    assert load(GREY).fingerprint != load(GREY.reshape(40, 5, 6)).fingerprint
