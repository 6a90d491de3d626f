"""`genzoo colourise`, `superres` and `sample --film`: what they are given, draw and write."""

import numpy as np
import pytest
import torch
from PIL import Image
from run_fakes import UniformRun, save_run

from genzoo import api
from genzoo.data import load
from genzoo.data.view import View
from genzoo.errors import BadInput
from genzoo.models.autoregressive.gated_pixelcnn import GatedPixelCNN
from genzoo.models.autoregressive.pixelcnn import PixelCNN

SMALL = {"levels": 4, "width": 6, "layers": 2, "head": 6}


def photographs(folder, n=3, size=(8, 8), *, channels=3):
    """Random images as files in two folders, all of them in one split or another."""
    pixels = np.random.default_rng(1).integers(0, 256, (n, *size, 3), dtype=np.uint8)
    for i in range(n):
        path = folder / "ab"[i % 2] / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels[i] if channels == 3 else pixels[i, :, :, 0]).save(path)
    return pixels


@pytest.fixture
def coloured(tmp_path):
    path = tmp_path / "coloured.npz"
    np.savez(path, images=np.random.default_rng(0).integers(0, 256, (60, 8, 8, 3), dtype=np.uint8))
    return path


@pytest.fixture
def painter(tmp_path, coloured):
    view = View(size=(8, 8), channels=3, levels=4, degrade="grey")
    model = GatedPixelCNN((3, 8, 8), picture=(1, 8, 8), **SMALL)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)  # so that what is given bears on what is drawn
    return save_run(tmp_path / "painter", model, view=view, data=coloured)


@pytest.fixture
def enlarger(tmp_path, coloured):
    view = View(size=(8, 8), channels=3, levels=4, degrade="half")
    model = GatedPixelCNN((3, 8, 8), picture=(3, 4, 4), **SMALL)
    return save_run(tmp_path / "enlarger", model, view=view, data=coloured)


def test_colours_are_drawn_for_grey_files_as_they_are(genzoo, painter, tmp_path):
    pixels = photographs(tmp_path / "grey", channels=1)
    code, _, err = genzoo("colourise", painter, "--data", "grey", "-k", 2, "--out", "c.npz")
    assert (code, err) == (0, "")
    found = np.load("c.npz")
    assert found["drawn"].shape == (3, 2, 3, 8, 8)
    assert set(found.files) == {"given", "drawn"}
    ordered = pixels[[0, 2, 1], :, :, 0]  # a/0.png, a/2.png, b/1.png
    assert (found["given"][:, 0] == np.float32(np.round(ordered / 255 * 3) / 3)).all()


def test_coloured_files_are_made_grey_and_shown_beside(genzoo, painter, tmp_path):
    photographs(tmp_path / "mine")
    words = ("--data", "mine", "-k", 2, "--out")
    assert genzoo("colourise", painter, *words, "c.npz")[0] == 0
    found = np.load("c.npz")
    luma = np.tensordot([0.299, 0.587, 0.114], found["originals"], (0, 1))
    assert np.abs(found["given"][:, 0] - luma).max() <= 1 / 6 + 1e-3
    code, out, _ = genzoo("colourise", painter, *words, "c.png")
    assert (code, out) == (0, "wrote c.png  (3 rows: given, 2 draws, original)\n")
    with Image.open("c.png") as picture:
        assert picture.size == ((2 + 4 * 10) * 8, (2 + 3 * 10) * 8)


def test_files_keep_their_names(genzoo, painter, tmp_path):
    photographs(tmp_path / "mine")
    assert genzoo("colourise", painter, "--data", "mine", "-k", 1, "--out", "one")[0] == 0
    assert genzoo("colourise", painter, "--data", "mine", "-k", 2, "-n", 1, "--out", "two")[0] == 0
    names = lambda folder: sorted(str(p.relative_to(folder)) for p in folder.rglob("*.png"))  # noqa: E731
    assert names(tmp_path / "one") == ["a/0.png", "a/2.png", "b/1.png"]
    first, second = names(tmp_path / "two")
    assert (first[3:], second[3:]) == ("-1.png", "-2.png")
    assert first[:3] == second[:3]


@pytest.mark.parametrize(
    ("verb", "run", "size", "channels"),
    [
        ("colourise", "painter", (8, 8), 1),
        ("superres", "enlarger", (4, 4), 3),
        ("superres", "enlarger", (9, 9), 3),
    ],
)
def test_files_that_cannot_be_read_are_listed_beside_the_others(
    genzoo, request, tmp_path, verb, run, size, channels
):
    photographs(tmp_path / "mine", size=size, channels=channels)
    (tmp_path / "mine/a/broken.png").write_bytes(b"nothing")
    words = (verb, request.getfixturevalue(run), "--data", "mine", "-k", 1)
    code, out, err = genzoo(*words, "--out", "all")
    assert (code, err) == (0, "")
    assert out.startswith("wrote all  (3 images)\nleft out: a/broken.png: not an image")
    assert (tmp_path / "all/skipped.csv").read_text().startswith("file,reason\na/broken.png,")
    code, out, _ = genzoo(*words, "-n", 2, "--out", "two")
    assert (code, out) == (0, "wrote two  (2 images)\n")
    assert not (tmp_path / "two/skipped.csv").exists()


def test_small_images_are_enlarged_as_they_are_and_larger_ones_made_small(genzoo, enlarger, tmp_path):
    small = photographs(tmp_path / "small", size=(4, 4))
    photographs(tmp_path / "large", size=(16, 16))
    assert genzoo("superres", enlarger, "--data", "small", "--out", "s.npz")[0] == 0
    found = np.load("s.npz")
    assert found["drawn"].shape == (3, 4, 3, 8, 8)
    ordered = small[[0, 2, 1]].transpose(0, 3, 1, 2)
    assert (found["given"] == np.float32(np.round(ordered / 255 * 3) / 3)).all()
    assert "originals" not in found
    assert genzoo("superres", enlarger, "--data", "large", "--out", "l.npz")[0] == 0
    assert np.load("l.npz")["originals"].shape == (3, 3, 8, 8)
    photographs(tmp_path / "mixed" / "x", n=1, size=(4, 4))
    photographs(tmp_path / "mixed" / "y", n=1, size=(6, 9))
    assert genzoo("superres", enlarger, "--data", "mixed", "--out", "m.npz")[0] == 0
    assert np.load("m.npz")["originals"].shape == (2, 3, 8, 8)


def test_samples_of_a_run_of_small_images_can_be_enlarged_by_another(genzoo, enlarger, tmp_path):
    save_run(tmp_path / "small", UniformRun((3, 4, 4), levels=4), view=View(levels=4))
    assert genzoo("sample", "small", "-n", 5, "--out", "drafts")[0] == 0
    code, out, _ = genzoo("superres", enlarger, "--data", "drafts", "-k", 1, "--out", "large")
    assert (code, out) == (0, "wrote large  (5 images)\n")
    with Image.open(tmp_path / "large" / "0004.png") as image:
        assert image.size == (8, 8)


def test_without_data_the_test_images_of_the_runs_own_are_taken(genzoo, enlarger, coloured):
    assert genzoo("superres", enlarger, "-k", 1, "--split", "train", "-n", 2, "--out", "t.npz")[0] == 0
    assert genzoo("superres", enlarger, "-k", 1, "--out", "o.npz")[0] == 0
    assert len(np.load("t.npz")["originals"]) == 2
    found = np.load("o.npz")
    assert len(found["originals"]) == len(load(coloured).split("test"))
    boxes = found["originals"].reshape(-1, 3, 4, 2, 4, 2).mean((3, 5))
    assert np.abs(found["given"] - boxes).max() <= 1 / 6 + 1e-3


@pytest.mark.parametrize(
    ("verb", "run", "says"),
    [
        ("colourise", "enlarger", "this run was not trained to colourise; genzoo superres"),
        ("superres", "painter", "this run was not trained to superres; genzoo colourise"),
        ("superres", "uniform_run", "cannot superres; `genzoo train gated-pixelcnn --degrade half`"),
    ],
)
def test_a_run_that_cannot_says_what_makes_one_that_can(genzoo, request, tmp_path, verb, run, says):
    code, _, err = genzoo(verb, request.getfixturevalue(run), "--out", "x.png")
    assert code == 2
    assert says in err
    assert not (tmp_path / "x.png").exists()


def test_every_other_use_takes_its_pictures_from_the_data(genzoo, painter):
    everything = ("--split", "all")
    assert genzoo("sample", painter, "-n", 70, "--out", "s.png")[0] == 0
    assert genzoo("complete", painter, *everything, "-n", 2, "-k", 2, "--out", "c.png")[0] == 0
    assert genzoo("score", painter, *everything, "--out", "score.csv")[0] == 0
    measure = ("--limit", 4, "--measure")
    code, out, _ = genzoo("evaluate", painter, *everything, *measure, "likelihood", "--out", "e.json")
    assert code == 0
    assert "given their grey versions" in " ".join(out.split())
    code, _, err = genzoo("evaluate", painter, *everything, *measure, "quality", "--out", "q.json")
    assert code == 2
    assert "draws no samples without more than a label" in err
    code, _, err = genzoo("compress", painter, "--out", "c.gz")
    assert code == 2
    assert "conditional on images" in err
    code, out, _ = genzoo("info", painter)
    assert code == 0
    assert "degrade=grey" in out
    assert "colourise" in out


def test_samples_may_be_given_pictures_of_other_data(genzoo, painter, uniform_run, coloured, tmp_path):
    photographs(tmp_path / "mine", n=60)
    for name, words in (("own", ()), ("same", ("--data", coloured)), ("other", ("--data", "mine"))):
        assert genzoo("sample", painter, "-n", 2, *words, "--out", f"{name}.npz")[0] == 0
    own, same, other = (np.load(f"{name}.npz")["images"] for name in ("own", "same", "other"))
    assert (own == same).all()
    assert (own != other).any()
    code, _, err = genzoo("sample", uniform_run, "--data", coloured, "--out", "x.png")
    assert code == 2
    assert "UniformRun is not given pictures" in err


def test_the_last_frame_of_a_film_is_the_picture_of_the_samples(genzoo, tmp_path):
    run = save_run(tmp_path / "net", PixelCNN((1, 4, 4), levels=4, width=4, blocks=1, head=6))
    words = ("-n", 5, "--seed", 3, "--out")
    assert genzoo("sample", run, *words, "s.png")[0] == 0
    code, out, _ = genzoo("sample", run, "--film", *words, "s.gif")
    assert (code, out) == (0, "wrote s.gif  (5 images growing in 17 frames)\n")
    with Image.open("s.png") as picture, Image.open("s.gif") as film:
        assert film.n_frames == 17
        film.seek(16)
        assert film.convert("L").tobytes() == picture.convert("L").tobytes()


def test_what_cannot_be_filmed_names_what_can(genzoo, uniform_run, painter):
    code, _, err = genzoo("sample", uniform_run, "--film", "--out", "s.gif")
    assert code == 2
    assert "models that do: " in err
    assert "gated-pixelcnn" in err
    code, _, err = genzoo("sample", painter, "--film", "--out", "s.jpg")
    assert code == 2
    assert "--out s.jpg: expected a name ending in .gif, .webp or .png" in err


def test_training_finds_the_picture_in_the_view_and_the_data(coloured):
    config, _ = api.prepare("gated-pixelcnn", coloured, options={"degrade": "half", "levels": 4})
    assert config.model["picture"] == [3, 4, 4]
    assert config.view.degrade == "half"


@pytest.mark.parametrize(
    ("what", "options", "says"),
    [
        ("vae", {"degrade": "grey"}, "vae is not given a picture; models that can be: .*gated-pixelcnn"),
        ("gated-pixelcnn", {"degrade": "grey", "channels": 1}, "--channels 3"),
        ("gated-pixelcnn", {"degrade": "half", "size": (7, 8)}, "7x8 does not divide by 2"),
        ("gated-pixelcnn", {"degrade": "half", "classes": 2}, "one condition"),
        (GatedPixelCNN((3, 8, 8), picture=(1, 8, 8)), {}, "add --degrade"),
        (GatedPixelCNN((3, 8, 8), picture=(1, 8, 8)), {"degrade": "half"}, r"\[3, 4, 4\].*\[1, 8, 8\]"),
    ],
)
def test_a_model_and_a_degradation_that_do_not_go_together_are_refused(coloured, what, options, says):
    with pytest.raises(BadInput, match=says):
        api.prepare(what, coloured, options=options)


@pytest.mark.slow
def test_a_run_trained_on_the_command_line_colourises(genzoo, coloured):
    words = ("--data", coloured, "--degrade", "grey", "--levels", 4, "--width", 6, "--layers", 2, "--head", 6)
    budget = ("--images", 64, "--batch", 16, "--quiet", "--device", "cpu", "--out", "run")
    assert genzoo("train", "gated-pixelcnn", *words, *budget)[0] == 0
    assert genzoo("colourise", "run", "-n", 2, "-k", 2, "--out", "c.png")[0] == 0
