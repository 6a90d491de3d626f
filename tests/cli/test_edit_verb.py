"""`genzoo edit` on a run whose codes are the pixels, so that an edit is a sum of images."""

import numpy as np
import pytest
from PIL import Image
from run_fakes import CodeRun, UniformRun, save_run


@pytest.fixture
def folder(tmp_path):
    """Forty images 4×4 in two classes, `bar` with a white first row; files bar/00.png … plain/19.png."""
    rng = np.random.default_rng(0)
    for name in ("bar", "plain"):
        (tmp_path / "faces" / name).mkdir(parents=True)
        for i in range(20):
            pixels = rng.integers(0, 100, (4, 4), dtype=np.uint8)
            pixels[0] += 100 * (name == "bar")
            Image.fromarray(pixels).save(tmp_path / "faces" / name / f"{name}{i:02d}.png")
    return tmp_path / "faces"


@pytest.fixture
def run(tmp_path, folder):
    return save_run(tmp_path / "run", CodeRun((1, 4, 4)), data=folder, classes=("bar", "plain"))


def edited(genzoo, run, *words):
    code, out, err = genzoo("edit", run, *words, "--split", "all", "-n", 3, "--out", "e.npz")
    assert (code, err) == (0, "")
    return np.load("e.npz"), out


def pixels(folder, name):
    return np.stack([np.array(Image.open(p)) for p in sorted((folder / name).iterdir())]) / 255


def test_two_folders_differ_by_their_mean_images(genzoo, run, folder):
    words = ("--add", folder / "bar", "--without", folder / "plain", "--amount", 3, "--steps", 2)
    found, out = edited(genzoo, run, *words)
    assert out.startswith("direction of 20 minus 20 images, length ")
    assert found["amounts"].tolist() == [1.5, 3.0]
    step = pixels(folder, "bar").mean(0) - pixels(folder, "plain").mean(0)
    moved = found["edited"][:, :, 0] - found["originals"]
    for k, amount in enumerate((1.5, 3.0)):
        np.testing.assert_allclose(moved[:, k], np.broadcast_to(amount * step, (3, 4, 4)), atol=1e-5)


def test_a_class_is_its_training_images_by_name_or_number_and_the_rest_is_without(genzoo, run):
    by_name, out = edited(genzoo, run, "--add", "label:bar")
    by_number, _ = edited(genzoo, run, "--add", "label:0", "--overwrite")
    both, _ = edited(genzoo, run, "--add", "label:bar", "--without", "label:plain", "--overwrite")
    assert "minus" in out
    for other in (by_number, both):
        assert (by_name["edited"] == other["edited"]).all()
    assert (by_name["edited"][:, -1, 0, 0] > by_name["originals"][:, 0, 0]).all()


def test_a_list_names_images_by_path_by_file_or_by_stem(genzoo, run, folder, tmp_path):
    lists = {
        "paths.txt": [f"bar/bar{i:02d}.png" for i in range(20)],
        "files.txt": [f"bar{i:02d}.png" for i in range(20)],
        "stems.txt": [f"bar{i:02d}" for i in range(20)] + ["", "  "],
    }
    words = ("--add", folder / "bar", "--without", folder / "plain")
    expected, _ = edited(genzoo, run, *words)
    for name, lines in lists.items():
        (tmp_path / name).write_text("\n".join(lines), encoding="utf-8")
        found, _ = edited(genzoo, run, "--add", name, "--without", folder / "plain", "--overwrite")
        np.testing.assert_array_equal(found["edited"], expected["edited"])


def test_a_picture_has_a_row_for_each_image(genzoo, run):
    words = ("--add", "label:bar", "--split", "all", "-n", 2, "--steps", 3, "--amount", 1.5)
    code, out, _ = genzoo("edit", run, *words, "--out", "e.png")
    assert code == 0
    assert "wrote e.png  (2 originals, rebuilt, moved by 0.5, 1, 1.5)" in out
    with Image.open("e.png") as picture:
        assert picture.size == ((2 + 5 * 6) * 16, (2 + 2 * 6) * 16)


def test_a_direction_is_saved_and_used_again(genzoo, run):
    first, _ = edited(genzoo, run, "--add", "label:bar", "--save", "d.safetensors")
    again, out = edited(genzoo, run, "--direction", "d.safetensors", "--overwrite")
    assert "direction of" not in out
    assert (first["edited"] == again["edited"]).all()


def bad_inputs():
    return [
        (["--add", "names.txt"], "no one image 'bar/bra07.png'; the nearest name is 'bar/bar07.png'"),
        (["--add", "missing.txt"], "--add missing.txt: expected a text file of names"),
        (["--add", "empty.txt"], "--add empty.txt: no images in this set"),
        (["--add", "label:bra"], "--add label:bra: faces has no such class; did you mean 'bar'?"),
        (["--add", "label:7"], "no such class"),
        (["--add", "label:bar", "--without", "label:0"], "are the same images"),
        (["--add", "nowhere"], "nowhere"),
        (["--add", "label:bar", "--direction", "d.safetensors"], "give either --add"),
        ([], "give either --add"),
        (["--direction", "x", "--save", "y.safetensors"], "--save: a direction that is given"),
        (["--direction", "x", "--without", "label:0"], "--without: a direction that is given"),
        (["--direction", "empty.txt"], "empty.txt: not a direction"),
        (["--add", "label:bar", "--save", "y.png"], "--save y.png: expected a name ending in .safetensors"),
        (["--add", "label:bar", "--amount", "0"], "--amount must be a number other than 0"),
        (["--add", "label:bar", "--steps", "0"], "--steps must be at least 1"),
        (["--add", "label:bar", "-n", "0"], "-n must be at least 1"),
        (["--add", "faces", "--split", "all"], "no training images are left"),
    ]


@pytest.mark.parametrize(("words", "says"), bad_inputs())
def test_bad_input_is_one_line_and_writes_nothing(genzoo, run, words, says, tmp_path):
    (tmp_path / "names.txt").write_text("bar/bar01.png\nbar/bra07.png\n")
    (tmp_path / "empty.txt").write_text("\n")
    code, _, err = genzoo("edit", run, *words, "--out", "e.png")
    assert code == 2
    assert err.startswith("genzoo: error: ")
    assert err.count("\n") == 1
    assert says in err
    assert not (tmp_path / "e.png").exists()


def test_data_without_labels_or_names_say_what_else_to_name(genzoo, tmp_path):
    np.save("plain.npy", np.zeros((40, 4, 4), np.uint8))
    run = save_run(tmp_path / "bare", CodeRun((1, 4, 4)), data="plain.npy")
    (tmp_path / "names.txt").write_text("0\n")
    for named, says in (("label:1", "has no labels"), ("names.txt", "have no names to list")):
        code, _, err = genzoo("edit", run, "--add", named, "--out", "e.png")
        assert code == 2
        assert says in err


def test_a_model_that_does_not_decode_is_refused_with_those_that_do(genzoo, tmp_path, folder):
    run = save_run(tmp_path / "uniform", UniformRun((1, 4, 4), levels=256), data=folder)
    code, _, err = genzoo("edit", run, "--add", "label:0", "--out", "e.png")
    assert code == 2
    assert (
        "UniformRun cannot edit (that takes decode and encode, or decode and sample); models that can: "
        in err
    )
    assert "vae-gan" in err
