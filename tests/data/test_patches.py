import numpy as np
import pytest
from PIL import Image

from genzoo.data import View, load
from genzoo.errors import BadInput

VIEW = View(size=(8, 8), channels=3, fit="patches")


@pytest.fixture
def photos(tmp_path):
    """Two classes; 20×12, 8×8 and 4×4 pixels, of which the last is too small for a patch."""
    rng = np.random.default_rng(0)
    for name, (h, w) in {"a/wide.png": (12, 20), "a/one.png": (8, 8), "b/small.png": (4, 4)}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (h, w, 3), dtype=np.uint8)).save(tmp_path / name)
    return tmp_path


def test_patches_cover_every_pixel_at_its_own_resolution(photos):
    data = load(photos, VIEW)
    whole = np.asarray(Image.open(photos / "a/wide.png")).transpose(2, 0, 1)
    own = [p for p, name in zip(data.items, data.names, strict=True) if name == "a/wide.png"]
    corners = [(top, left) for top in (0, 4) for left in (0, 6, 12)]
    assert len(own) == len(corners)
    for patch, (top, left) in zip(own, corners, strict=True):
        np.testing.assert_array_equal(patch, whole[:, top : top + 8, left : left + 8])
    assert len(data) == 6 + 1 + 1


def test_patches_have_the_label_and_the_split_of_their_photograph(photos):
    data = load(photos, VIEW)
    assert [data.classes[k] for k in data.labels] == [name.split("/")[0] for name in data.names]
    where = {
        name: {s for s, at in data.splits.items() for i in at if data.names[i] == name} for name in data.names
    }
    assert all(len(splits) == 1 for splits in where.values())


def test_an_image_smaller_than_a_patch_is_enlarged_to_one(photos):
    data = load(photos, VIEW)
    assert list(data.names).count("b/small.png") == 1
    assert any("enlarged" in note for note in data.notes)


def test_large_photographs_are_not_made_smaller_by_their_decoder(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.jpg", quality=95)
    assert len(load(tmp_path, VIEW)) == 64


def test_the_size_of_a_patch_must_be_given():
    with pytest.raises(BadInput, match="--fit patches needs the size"):
        View(fit="patches")
