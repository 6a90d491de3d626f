import json

import numpy as np
import pytest
from PIL import Image
from run_fakes import save_run

from genzoo.data import load
from genzoo.models.variational.vae import VAE


@pytest.fixture
def run(tmp_path):
    """A class-conditional model and its data: 200 images of two classes."""
    labels = np.arange(200) % 2
    images = np.where(labels, 255, 0).astype(np.uint8)[:, None, None] * np.ones((1, 6, 6), np.uint8)
    np.savez(tmp_path / "halves.npz", images=images, labels=labels)
    model = VAE((1, 6, 6), latent=2, hidden=(4,), classes=2)
    return save_run(tmp_path / "run", model, data=tmp_path / "halves.npz", classes=("cat", "a/dog"))


def test_a_labelled_set_is_written_that_data_reads_as_it_is(genzoo, run, tmp_path):
    code, out, err = genzoo("augment", run, "--count", 6, "--out", "more")
    assert (code, err) == (0, "")
    assert out == "wrote more  (12 images in 2 classes, augment.json)\n"
    found = load(tmp_path / "more")
    assert found.classes == ("a_dog", "cat")
    assert np.bincount(found.labels).tolist() == [6, 6]
    assert found.shape == (1, 6, 6)
    said = json.loads((tmp_path / "more" / "augment.json").read_text())
    assert (said["count"], said["classes"], said["seed"]) == (6, ["cat", "a/dog"], 0)


def test_the_same_seed_writes_the_same_images_and_the_mean_is_smooth(genzoo, run, tmp_path):
    for name, words in (("a", ()), ("b", ()), ("c", ("--seed", 1)), ("d", ("--mean",))):
        genzoo("augment", run, "--count", 3, *words, "--out", name)
    a, b, c, d = (np.asarray(Image.open(tmp_path / name / "cat" / "00001.png")) for name in "abcd")
    assert (a == b).all()
    assert (a != c).any()
    assert set(np.unique(a)) <= {0, 255}
    assert len(set(np.unique(d)) - {0, 255}) > 2


@pytest.mark.slow
def test_what_it_adds_is_printed_and_kept(genzoo, run, tmp_path):
    words = ("--measure", "--sizes", 4, 0, "--seeds", 2, "--updates", 3, "--count", 5)
    code, out, err = genzoo("augment", run, *words, "--out", "more")
    assert (code, err) == (0, "")
    assert "real alone" in out
    gains = json.loads((tmp_path / "more" / "augment.json").read_text())["gains"]
    assert [gain["labels"] for gain in gains] == [0, 4, None]
    assert all(0 <= gain["both"] <= 1 for gain in gains)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--count", "0"), "--count must be at least 1"),
        (("--measure", "--seeds", "0"), "--seeds and --updates must be at least 1"),
        (("--measure", "--sizes", "1"), "fewer than the 2 classes"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_written(genzoo, run, tmp_path, words, says):
    code, _, err = genzoo("augment", run, *words, "--out", "more")
    assert code == 2
    assert says in err
    assert not (tmp_path / "more").exists()


def test_a_model_without_classes_is_told_which_models_have_them(genzoo, uniform_run):
    code, _, err = genzoo("augment", uniform_run, "--out", "more")
    assert code == 2
    assert "UniformRun does not draw images of a class" in err
    assert "cvae-mnist" in err
