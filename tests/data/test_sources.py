"""What DATA may be, and what is said when it is nothing."""

import sys
import types

import numpy as np
import pytest

from genzoo.data import View, builtin, load
from genzoo.errors import BadInput


def test_the_default_set_is_five_thousand_digits():
    data = load("mnist5k")
    assert data.shape == (1, 28, 28)
    assert np.bincount(data.labels).tolist() == [500] * 10
    assert data.items.max() == 255
    assert 33 < data.items.mean() < 35  # MNIST's own mean is 33.3


def test_digits_are_scaled_to_bytes():
    data = load("digits")
    assert data.shape == (1, 8, 8)
    first = np.array([0, 0, 5, 13, 9, 1, 0, 0])  # the first row of the first digit, 0 to 16
    assert (data.items[0, 0, 0] == np.round(first * 255 / 16)).all()
    assert (data.items.max(), data.labels[0], len(data)) == (255, 0, 1797)


def test_photos_are_patches_of_the_size_asked_and_overlap_nowhere():
    data = load("photos", View(size=(64, 48), channels=1))
    assert data.shape == (1, 64, 48)
    assert data.classes == ("astronaut", "chelsea", "coffee", "rocket", "retina")
    assert len(set(data.names)) == len(data)
    assert load("photos").shape == (3, 32, 32)
    with pytest.raises(BadInput, match="larger than every photograph"):
        load("photos", View(size=(2000, 2000)))


def test_a_missing_extra_says_what_to_install(monkeypatch):
    monkeypatch.setattr(builtin.importlib.util, "find_spec", lambda name: None)
    for name in ("mnist5k", "digits", "photos"):
        with pytest.raises(BadInput, match=r"pip install 'genzoo\[samples\]'"):
            load(name)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("mnist5", "did you mean 'mnist5k'"),
        ("fashion_mnist", "did you mean 'fashion-mnist'"),
        ("some/where/else", "no such file or folder"),
        ("pictures.zip", "no such file or folder"),
    ],
)
def test_an_unknown_source_names_the_nearest(source, message):
    with pytest.raises(BadInput, match=message):
        load(source)


def test_a_misspelt_path_names_the_nearest_file(folder, tmp_path):
    with pytest.raises(BadInput, match=r"did you mean '.*/pets'"):
        load(tmp_path / "petss")


def test_a_file_of_another_kind_is_refused(tmp_path):
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(BadInput, match=r"expected a folder, a zip .* suffix '\.txt'"):
        load(tmp_path / "a.txt")


def test_a_bad_background_names_the_nearest_colour(folder):
    with pytest.raises(BadInput, match=r"--background 'wite': .*did you mean 'white'"):
        load(folder, View(background="wite"))


def test_an_alias_is_the_local_folder_when_there_is_one(folder, monkeypatch):
    monkeypatch.setenv("GENZOO_DATA", str(folder.parent))
    folder.rename(folder.parent / "cifar10")
    data = load("cifar10")
    assert data.name == "cifar10"
    assert len(data) == 20


def test_a_built_in_name_wins_over_a_folder_and_says_so(folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    folder.rename(folder.parent / "digits")
    assert load("digits").notes == ("digits is the built-in set; for the folder say ./digits",)
    assert len(load("./digits")) == 20


def test_without_the_library_the_hub_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(BadInput, match=r"pip install 'genzoo\[hub\]'"):
        load("hf:ylecun/mnist")
    with pytest.raises(BadInput, match=r"genzoo\[hub\].*GENZOO_DATA/mnist"):
        load("mnist")


class Image:
    def __init__(self, decode=True):
        self.decode = decode


class ClassLabel:
    names = ("cat", "dog")


class _Rows:
    """As much of `datasets.Dataset` as is used."""

    def __init__(self, images, labels, fingerprint):
        self._images, self._labels, self._fingerprint = images, labels, fingerprint
        self.features = {"picture": Image(), "label": ClassLabel()}

    def __len__(self):
        return len(self._images)

    def __getitem__(self, key):
        return self._labels if key == "label" else {"picture": self._images[key]}

    def cast_column(self, name, feature):
        assert name == "picture"
        assert not feature.decode
        return self


@pytest.fixture
def hub(monkeypatch, picture, tmp_path):
    (tmp_path / "9.png").write_bytes(picture(9))
    encoded = [{"bytes": picture(i), "path": None} for i in range(9)]
    encoded += [{"bytes": None, "path": str(tmp_path / "9.png")}]
    splits = {
        "train": _Rows(encoded, [0, 1] * 5, "f1"),
        "test": _Rows([*encoded[:3], None], [1, 1, 0, 0], "f2"),
    }
    asked = []

    def load_dataset(path, configuration):
        asked.append((path, configuration))
        if path == "nobody/nothing":
            raise FileNotFoundError("Dataset 'nobody/nothing' doesn't exist on the Hub")
        return splits

    module = types.SimpleNamespace(load_dataset=load_dataset, Image=Image)
    monkeypatch.setitem(sys.modules, "datasets", module)
    return asked


def test_a_hub_set_has_its_splits_labels_and_classes(hub):
    data = load("hf:ylecun/mnist:plain", View(size=(4, 4)))
    assert hub == [("ylecun/mnist", "plain")]
    assert data.shape == (3, 4, 4)
    assert data.classes == ("cat", "dog")
    assert [data.names[i] for i in data.splits["test"]] == ["test/00000000", "test/00000001", "test/00000002"]
    assert data.labels[data.splits["test"]].tolist() == [1, 1, 0]
    assert [(s.path, s.reason) for s in data.skipped] == [
        ("test/00000003", "can not be read: no image in this row")
    ]
    assert load("hf:ylecun/mnist:plain", View(size=(4, 4))).fingerprint == data.fingerprint


def test_an_alias_is_the_hub_set_when_there_is_no_folder(hub):
    assert load("fashion-mnist").name == "fashion-mnist"
    assert hub == [("zalando-datasets/fashion_mnist", None)]


def test_an_unknown_hub_set_is_one_clear_error(hub):
    with pytest.raises(BadInput, match="'nobody/nothing' can not be loaded"):
        load("hf:nobody/nothing")


def test_a_table_of_labels_needs_named_files(tmp_path):
    (tmp_path / "t.csv").write_text("file,label\n")
    with pytest.raises(BadInput, match="need named files"):
        load("digits", labels=tmp_path / "t.csv")
    with pytest.raises(BadInput, match="no such file"):
        load("digits", labels=tmp_path / "none.csv")
