"""MNIST's own format: pairs, splits, and every way a file can be wrong."""

import gzip
import struct

import numpy as np
import pytest

from genzoo.data import View, load
from genzoo.errors import BadInput


def _idx(array):
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return header + array.astype(np.uint8).tobytes()


@pytest.fixture
def mnist(tmp_path):
    root = tmp_path / "mnist"
    root.mkdir()
    for split, n in (("train", 60), ("t10k", 10)):
        images = np.random.default_rng(n).integers(0, 256, (n, 6, 5))
        (root / f"{split}-images-idx3-ubyte.gz").write_bytes(gzip.compress(_idx(images)))
        (root / f"{split}-labels-idx1-ubyte").write_bytes(_idx(np.arange(n) % 10))
    return root


def test_a_folder_of_idx_pairs_has_its_own_splits_in_their_order(mnist):
    data = load(mnist)
    assert data.shape == (1, 6, 5)
    assert (data.items[:60, 0] == np.random.default_rng(60).integers(0, 256, (60, 6, 5))).all()
    assert data.splits["test"].tolist() == list(range(60, 70))
    assert data.labels.tolist() == [*(i % 10 for i in range(60)), *range(10)]


def test_a_zip_of_the_pairs_is_the_same(mnist, zipped):
    assert load(zipped(mnist, "m.zip")).fingerprint == load(mnist).fingerprint


def test_one_file_brings_its_labels_and_is_split_by_hash(mnist):
    data = load(mnist / "train-images-idx3-ubyte.gz")
    assert len(data) == 60
    assert data.labels is not None
    assert len(data.splits["test"]) > 0
    (mnist / "train-labels-idx1-ubyte").unlink()
    assert load(mnist / "train-images-idx3-ubyte.gz").labels is None


def test_other_files_are_listed_and_sizes_apply(mnist):
    (mnist / "readme.txt").write_text("x")
    data = load(mnist, View(size=(8, 8), channels=3))
    assert data.shape == (3, 8, 8)
    assert [s.path for s in data.skipped] == ["readme.txt"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\0\0\x08\x03" + b"\0" * 5, "truncated in its header"),
        (_idx(np.zeros((2, 3, 3)))[:-4], r"18 bytes expected for \(2, 3, 3\), got 14"),
        (b"\0\0\x0d\x03" + b"\0" * 50, "not an idx file of bytes"),
        (b"", "not an idx file"),
    ],
)
def test_a_broken_file_is_one_clear_error(tmp_path, content, message):
    (tmp_path / "train-images-idx3-ubyte").write_bytes(content)
    with pytest.raises(BadInput, match=message):
        load(tmp_path)


def test_broken_gzip_and_unequal_labels_are_clear_errors(mnist):
    (mnist / "t10k-labels-idx1-ubyte").write_bytes(_idx(np.arange(9)))
    with pytest.raises(BadInput, match="10 items but labels has shape"):
        load(mnist)
    (mnist / "t10k-images-idx3-ubyte.gz").write_bytes(b"\x1f\x8bxx")
    with pytest.raises(BadInput, match="can not be read"):
        load(mnist)
