import csv

import numpy as np
import pytest
import torch
from PIL import Image
from run_fakes import CodeRun, save_run

from genzoo.data import View, load
from genzoo.models.autoregressive.gated_pixelcnn import GatedPixelCNN
from genzoo.models.autoregressive.pixelcnn import PixelCNN

TINY = {"width": 4, "blocks": 1, "head": 8, "kernel": 3}


@pytest.fixture
def photos(tmp_path):
    """A folder with colour images of two classes."""
    return save_photos(tmp_path / "photos", "RGB", ["cat/a.png", "cat/b.PNG", "dog/a.png", "dog/deep/c.bmp"])


def save_photos(folder, mode, names, size=(5, 4), seed=0):
    random = np.random.default_rng(seed)
    channels = {"L": (), "RGB": (3,), "RGBA": (4,), "LA": (2,)}[mode]
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        pixels = random.integers(0, 256, (*size, *channels), dtype=np.uint8)
        Image.fromarray(pixels, mode).save(folder / name)
    return folder


@pytest.fixture
def colour_run(tmp_path, photos):
    model = PixelCNN((3, 5, 4), levels=256, output="mixture", components=2, **TINY)
    return save_run(tmp_path / "colour", model, data=photos)


@pytest.fixture
def grey_run(tmp_path):
    return save_run(tmp_path / "grey", PixelCNN((1, 5, 4), levels=256, **TINY))


@pytest.fixture
def binary_run(tmp_path):
    view = View(size=(5, 4), channels=1, binarize="dynamic")
    return save_run(tmp_path / "binary", PixelCNN((1, 5, 4), levels=2, output="binary", **TINY), view=view)


def pixels(path):
    return np.asarray(Image.open(path).convert("RGB"))


def test_a_folder_comes_back_with_its_names_pixels_and_class_folders(genzoo, photos, colour_run, tmp_path):
    code, out, err = genzoo("compress", "colour", "--out", "photos.gzi")
    assert (code, err) == (0, "")
    assert out.startswith("wrote photos.gzi  (4 images in ")
    assert genzoo("decompress", "colour", "photos.gzi", "--out", "back") == (
        *(0, "wrote back  (4 images)\n"),
        "",
    )
    expected = {"cat/a.png": "cat/a.png", "cat/b.PNG": "cat/b.png"}
    expected |= {"dog/a.png": "dog/a.png", "dog/deep/c.bmp": "dog/deep/c.png"}
    written = {p.relative_to(tmp_path / "back").as_posix() for p in (tmp_path / "back").rglob("*.*")}
    assert written == set(expected.values())
    for before, after in expected.items():
        np.testing.assert_array_equal(pixels(photos / before), pixels(tmp_path / "back" / after))
    assert load("back").classes == ("cat", "dog")


def test_arrays_come_back_numbered_with_their_labels(genzoo, grey_run, tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (12, 5, 4), dtype=np.uint8)
    np.savez(tmp_path / "toy.npz", images=images, labels=np.arange(12) % 3)
    assert genzoo("compress", "grey", "--data", "toy.npz", "--out", "toy.gzi", "--batch", "5")[0] == 0
    assert genzoo("decompress", "grey", "toy.gzi", "--out", "back")[0] == 0
    for i in range(12):
        np.testing.assert_array_equal(np.asarray(Image.open(f"back/{i:06d}.png")), images[i])
    rows = [*csv.reader((tmp_path / "back" / "labels.csv").read_text().splitlines())]
    assert rows == [["file", "label"], *[[f"{i:06d}.png", str(i % 3)] for i in range(12)]]
    again = load("back")
    np.testing.assert_array_equal(again.items[:, 0], images)
    np.testing.assert_array_equal(again.labels, np.arange(12) % 3)


def test_a_class_conditional_model_codes_each_image_under_its_label(genzoo, tmp_path):
    images = np.random.default_rng(0).integers(0, 3, (7, 5, 4)) * 127.5
    np.savez(tmp_path / "toy.npz", images=images.round().astype(np.uint8), labels=np.arange(7) % 3)
    model = GatedPixelCNN((1, 5, 4), levels=3, width=4, layers=2, head=8, classes=3)
    save_run(tmp_path / "classes", model, view=View(levels=3))
    assert genzoo("compress", "classes", "--data", "toy.npz", "--out", "toy.gzi")[0] == 0
    assert genzoo("decompress", "classes", "toy.gzi", "--out", "back")[0] == 0
    np.testing.assert_array_equal(load("back").items[:, 0], images.round().astype(np.uint8))


def test_images_that_are_black_and_white_are_stored_exactly_by_a_binary_model(genzoo, binary_run, tmp_path):
    images = np.random.default_rng(0).integers(0, 2, (9, 5, 4), dtype=np.uint8) * 255
    np.save(tmp_path / "toy.npy", images)
    assert genzoo("compress", "binary", "--data", "toy.npy", "--out", "toy.gzi")[0] == 0
    assert genzoo("decompress", "binary", "toy.gzi", "--out", "back")[0] == 0
    np.testing.assert_array_equal(load("back").items[:, 0], images)


def test_seen_stores_what_the_run_sees(genzoo, binary_run, photos, tmp_path):
    words = ("--data", photos, "--out", "seen.gzi", "--seed", "3")
    assert genzoo("compress", "binary", *words, "--seen")[0] == 0
    code, out, _ = genzoo("decompress", "binary", "seen.gzi", "--out", "back")
    assert code == 0
    assert out == "wrote back  (4 images, as the run saw them: dynamic binarization, seed 3)\n"
    view = View(size=(5, 4), channels=1, binarize="dynamic")
    from genzoo.data.batches import gather

    expected = gather(load(photos, view), np.arange(4), view, 3) * 255
    assert torch.equal(torch.from_numpy(load("back").items).float(), expected)


@pytest.mark.parametrize(
    ("run", "mode", "name", "size", "says"),
    [
        ("grey", "L", "a.png", (6, 4), "a.png is 6x4, the model takes 5x4"),
        ("grey", "RGB", "a.png", (5, 4), "a.png has colours, the model takes grey images"),
        ("grey", "LA", "a.png", (5, 4), "a.png has transparent pixels, the model takes none"),
        ("colour", "RGBA", "a.png", (5, 4), "a.png has transparent pixels, the model takes none"),
        ("binary", "L", "a.png", (5, 4), "which is none of the model's 2 levels"),
    ],
)
def test_files_that_the_model_can_not_represent_are_refused(
    genzoo, tmp_path, grey_run, colour_run, binary_run, run, mode, name, size, says
):
    save_photos(tmp_path / "others", mode, [name, "b.png"], size)
    code, _, err = genzoo("compress", run, "--data", "others", "--out", "x.gzi")
    assert code == 2
    assert says in err
    assert "--seen stores the images as the run sees them" in err
    assert err.count("\n") == 1
    assert not (tmp_path / "x.gzi").exists()
    code, _, err = genzoo("compress", run, "--data", "others", "--out", "x.gzi", "--seen")
    assert (code, err) == (0, "")


def test_pixels_deeper_than_8_bits_are_refused(genzoo, grey_run, tmp_path):
    (tmp_path / "deep").mkdir()
    Image.fromarray(np.full((5, 4), 300, np.uint16)).save(tmp_path / "deep" / "a.png")
    code, _, err = genzoo("compress", "grey", "--data", "deep", "--out", "x.gzi")
    assert code == 2
    assert "a.png has pixels that are more than 8 bits deep" in err
    np.save(tmp_path / "reals.npy", np.full((2, 1, 5, 4), 0.3))
    code, _, err = genzoo("compress", "grey", "--data", "reals.npy", "--out", "x.gzi")
    assert code == 2
    assert "its pixels are float64, not 8 bits deep" in err


def test_an_array_of_another_size_is_refused(genzoo, grey_run, data):
    code, _, err = genzoo("compress", "grey", "--data", data, "--out", "x.gzi")
    assert code == 2
    assert "its images are 1x4x4, the model takes 1x5x4" in err


def test_another_run_and_a_damaged_file_are_refused_and_leave_nothing(genzoo, colour_run, tmp_path):
    model = PixelCNN((3, 5, 4), levels=256, output="mixture", components=2, **TINY)
    save_run(tmp_path / "other", model)
    assert genzoo("compress", "colour", "--out", "x.gzi")[0] == 0
    before = set(tmp_path.iterdir())
    code, _, err = genzoo("decompress", "other", "x.gzi", "--out", "back")
    assert (code, err.count("\n")) == (2, 1)
    assert "compressed by another model" in err
    data = (tmp_path / "x.gzi").read_bytes()
    (tmp_path / "x.gzi").write_bytes(data[:-3])
    code, _, err = genzoo("decompress", "colour", "x.gzi", "--out", "back")
    assert (code, err.count("\n")) == (2, 1)
    assert "truncated or damaged" in err
    assert set(tmp_path.iterdir()) == before


def test_other_arithmetic_is_found_out_after_files_were_decoded_and_leaves_nothing(
    genzoo, colour_run, tmp_path, monkeypatch
):
    from genzoo.apply.codec import coder

    assert genzoo("compress", "colour", "--out", "x.gzi", "--batch", "1")[0] == 0
    before, calls, own = set(tmp_path.iterdir()), [], coder.counts_of

    def drifting(probabilities):
        calls.append(0)
        return own(probabilities if len(calls) < 150 else probabilities.flip(1))

    monkeypatch.setattr(coder, "counts_of", drifting)
    code, _, err = genzoo("decompress", "colour", "x.gzi", "--out", "back")
    assert code == 2
    assert "this machine's arithmetic" in err
    assert set(tmp_path.iterdir()) == before


def test_nothing_is_overwritten_unasked(genzoo, colour_run, tmp_path):
    assert genzoo("compress", "colour", "--out", "x.gzi")[0] == 0
    for words in (("compress", "colour"), ("decompress", "colour", "x.gzi")):
        out = "x.gzi" if words[0] == "compress" else "back"
        (tmp_path / "back" / "cat").mkdir(parents=True, exist_ok=True)
        (tmp_path / "back" / "mine.txt").write_text("precious")
        code, _, err = genzoo(*words, "--out", out)
        assert code == 2
        assert "is there already" in err
        assert genzoo(*words, "--out", out, "--overwrite")[0] == 0
    assert (tmp_path / "back" / "mine.txt").read_text() == "precious"
    assert (tmp_path / "back" / "cat" / "a.png").is_file()


def test_an_empty_folder_may_be_written_to(genzoo, colour_run, tmp_path):
    assert genzoo("compress", "colour", "--out", "x.gzi")[0] == 0
    (tmp_path / "back").mkdir()
    assert genzoo("decompress", "colour", "x.gzi", "--out", "back")[0] == 0
    assert len(list((tmp_path / "back").rglob("*.png"))) == 4


@pytest.mark.parametrize("verb", ["compress", "decompress"])
def test_runs_that_can_not_are_refused_with_those_that_can(genzoo, tmp_path, data, verb):
    save_run(tmp_path / "code", CodeRun((1, 4, 4)), data=data)
    words = ("code", "x.gzi") if verb == "decompress" else ("code",)
    code, _, err = genzoo(verb, *words, "--out", "y")
    assert code == 2
    assert f"CodeRun cannot {verb}" in err
    assert "pixelcnn" in err


def test_a_file_that_is_not_there_or_of_another_kind_is_refused(genzoo, colour_run, data):
    for file, says in (("none.gzi", "no such file"), (data, "not a file that `genzoo compress` wrote")):
        code, _, err = genzoo("decompress", "colour", file, "--out", "back")
        assert code == 2
        assert says in err
