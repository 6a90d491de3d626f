"""From images and few labels to predictions: M2, and M2 on the codes of a VAE."""

import json

import numpy as np
import pytest
from run_fakes import save_run

from genzoo.data import load
from genzoo.data.few import labelled
from genzoo.models.variational.vae import VAE

SMALL = ("--classes", 2, "--latent", 2, "--hidden", 8, "--batch", 20, "--quiet")


@pytest.fixture
def bars(tmp_path):
    """Binary images of two classes in a mixed order: the upper or the lower half is bright."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 200)
    images = (rng.random((200, 4, 4)) < 0.05).astype(np.uint8)
    for half in (0, 1):
        images[labels == half, 2 * half : 2 * half + 2] = 1
    path = tmp_path / "bars.npz"
    np.savez(path, images=255 * images, labels=labels)
    return path


def train(genzoo, data, *more, model="m2", images=400):
    words = ("train", model, "--data", data, "--images", images, "--labelled", 4, "--out", "run", *SMALL)
    return genzoo(*words, *more)


def test_few_labels_train_a_run_that_predicts_samples_and_says_what_it_was_told(genzoo, tmp_path, bars):
    code, _, err = train(genzoo, bars, "--binarize", "threshold", "--lr", 0.05, images=1200)
    assert (code, err) == (0, "")
    assert genzoo("predict", "run", "--split", "all", "--out", "told.json")[0] == 0
    assert json.loads((tmp_path / "told.json").read_text())["accuracy"] > 0.95
    assert genzoo("sample", "run", "-n", 4, "--out", "drawn.png")[0] == 0
    assert genzoo("reconstruct", "run", "--out", "again.png")[0] == 0
    assert "labelled=4" in genzoo("info", "run")[1].replace("\n", " ")


def test_resuming_goes_on_with_the_labels_it_began_with(genzoo, bars):
    assert train(genzoo, bars, "--binarize", "threshold")[0] == 0
    again = ("train", "--resume", "--out", "run", "--images", 600, "--quiet")
    assert genzoo(*again)[0] == 0
    code, _, err = genzoo(*again, "--labelled", 6)
    assert code == 2
    assert "--resume cannot change labelled: the run has 4, got 6" in err


def test_labels_that_are_not_there_are_refused_and_nothing_is_written(genzoo, tmp_path, bars):
    np.save(tmp_path / "plain.npy", np.load(bars)["images"])
    for data, more, says in (
        (tmp_path / "plain.npy", (), "no labels; give class folders"),
        (bars, ("--labelled", 1), "1 labels: fewer than the 2 classes"),
    ):
        code, _, err = train(genzoo, data, "--binarize", "threshold", *more)
        assert code == 2
        assert says in err
        assert not (tmp_path / "run").exists()


def test_codes_keep_labels_and_splits_so_that_the_same_items_are_told(genzoo, tmp_path, bars):
    save_run(tmp_path / "m1", VAE((1, 4, 4), latent=3, hidden=(8,)), data=bars, classes=("0", "1"))
    assert genzoo("encode", "m1", "--split", "all", "--scales", "--out", "codes.npz")[0] == 0
    images, codes = load(bars), load(tmp_path / "codes.npz")
    assert codes.shape == (3,)
    assert codes.scales.min() > 0
    for name, members in images.splits.items():
        assert (codes.splits[name] == members).all()
    assert (labelled(codes, 4, 7) == labelled(images, 4, 7)).all()
    assert (codes.labels == images.labels).all()
    assert train(genzoo, "codes.npz", model="m1m2-mnist")[0] == 0
    assert genzoo("predict", "run", "--out", "told.csv")[0] == 0
    assert genzoo("evaluate", "run", "--measure", "likelihood")[0] == 0


def test_deviations_of_what_has_none_are_refused(genzoo, tmp_path, bars, code_run):
    code, _, err = genzoo("encode", code_run, "--scales", "--out", "codes.npz")
    assert code == 2
    assert "no posterior's mean" in err
    save_run(tmp_path / "m1", VAE((1, 4, 4), latent=3, hidden=(8,)), data=bars)
    code, _, err = genzoo("encode", "m1", "--scales", "--out", "codes.parquet")
    assert code == 2
    assert "must be a name ending in .npz" in err
    flow = VAE((1, 4, 4), latent=3, hidden=(8,), posterior="planar")
    save_run(tmp_path / "flow", flow, data=bars)
    code, _, err = genzoo("encode", "flow", "--scales", "--out", "codes.npz")
    assert code == 2
    assert "no diagonal Gaussian" in err
    assert not (tmp_path / "codes.npz").exists()
