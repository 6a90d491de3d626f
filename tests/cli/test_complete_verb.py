"""`genzoo complete` by a net for any size: files keep their sizes, names and known pixels."""

import numpy as np
import pytest
from PIL import Image
from run_fakes import save_run

from genzoo.data.view import View
from genzoo.models.adversarial.completion import ContextCompletion

SIZES = {"a/one.png": (16, 16), "two.png": (40, 23)}


@pytest.fixture
def filler(tmp_path):
    model = ContextCompletion((3, 16, 16), window=8, width=2)
    return save_run(tmp_path / "filler", model, view=View(size=(16, 16), channels=3), data="photos/")


@pytest.fixture
def photos(tmp_path):
    for seed, (name, size) in enumerate(SIZES.items()):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path)
    (tmp_path / "photos/broken.png").write_bytes(b"nothing")
    return tmp_path / "photos"


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


@pytest.mark.parametrize("blend", [False, True])
def test_every_file_comes_back_at_its_size_with_what_was_known_untouched(
    genzoo, filler, photos, tmp_path, blend
):
    words = ("--blend",) if blend else ()
    code, out, err = genzoo("complete", filler, "--data", photos, "--mask", "left", *words, "--out", "done")
    assert (code, err) == (0, "")
    assert "2 images" in out
    assert "left out: broken.png" in out
    for name, (height, width) in SIZES.items():
        done, was = pixels(tmp_path / "done" / name), pixels(photos / name)
        assert done.shape == (height, width, 3)
        assert (done[:, width // 2 :] == was[:, width // 2 :]).all()
        assert (done[:, : width // 2] != was[:, : width // 2]).any()


def test_a_run_of_one_size_and_a_folder_of_nothing_are_refused(genzoo, filler, uniform_run, photos):
    code, _, err = genzoo("complete", uniform_run, "--data", photos, "--out", "done")
    assert code == 2
    assert "completes images of its own size; give NAME.png or NAME.npz" in err
    code, _, err = genzoo("complete", filler, "--out", "done")
    assert code == 2
    assert "a folder is for the images of --data DATA" in err
