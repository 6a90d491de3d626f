import json

import numpy as np
import pytest
from run_fakes import CodeRun, save_run

from genzoo.data.view import View
from genzoo.evaluation.finetune import Rule
from genzoo.models import load_model
from genzoo.models.autoencoding.autoencoder import Autoencoder
from genzoo.models.variational.vae import VAE

SETTINGS = Rule.settings


@pytest.fixture
def bars(tmp_path):
    """Images of two classes: the upper or the lower half is bright."""
    rng = np.random.default_rng(0)
    labels = np.arange(200) % 2
    images = rng.integers(0, 60, (200, 4, 4), dtype=np.uint8)
    for half in (0, 1):
        images[labels == half, 2 * half : 2 * half + 2] += 150
    path = tmp_path / "bars.npz"
    np.savez(path, images=images, labels=labels)
    return path


@pytest.fixture
def run(tmp_path, bars):
    return save_run(
        tmp_path / "ae", Autoencoder((1, 4, 4), code=3, hidden=(8,)), data=bars, classes=("0", "1")
    )


@pytest.mark.parametrize("mode", ["probe", "finetune", "scratch"])
def test_every_mode_saves_a_run_that_says_how_good_it_is_and_what_it_beats(
    genzoo, run, tmp_path, mode, monkeypatch
):
    short = Rule(updates=20)
    monkeypatch.setattr(Rule, "settings", lambda rule, n, seed: SETTINGS(short, n, seed))
    code, out, err = genzoo("classify", run, "--labels", 8, "--mode", mode, "--out", "c")
    assert (code, err) == (0, "")
    said = json.loads((tmp_path / "c" / "spec.json").read_text())
    about = said["classifier"]
    assert (about["labels"], about["mode"], about["layer"]) == (8, mode, "hidden")
    assert f"accuracy {about['accuracy']:.4f} ±" in out
    assert f"beside {about['pixels']:.4f} ±" in out
    assert about["pixels"] == 1.0  # bars are told by their pixels
    assert (said["data"], said["classes"], about["from"]) == (
        str(run.parent / "bars.npz"),
        ["0", "1"],
        str(run),
    )
    assert View.from_json(said["view"]) == View()
    assert load_model(tmp_path / "c").layer == "hidden"
    assert genzoo("info", "c")[0] == 0


def test_all_labels_and_a_net_without_hidden_layers(genzoo, tmp_path, bars):
    save_run(tmp_path / "code", CodeRun((1, 4, 4)), data=bars)
    code, out, _ = genzoo("classify", "code", "--out", "c")
    assert code == 0
    assert "accuracy 1.0000 ± 0.0000" in out
    assert "probe on the code features" in out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--labels", "few"), "--labels few: expected a whole number of labelled items, or all"),
        (("--labels", "1"), "fewer than the 2 classes"),
        (("--labels", "5000"), "training items; say all"),
        (("--mode", "prob"), "prob"),
        (("--data", "nowhere"), "nowhere"),
    ],
)
@pytest.mark.usefixtures("run")
def test_bad_input_is_one_line_and_nothing_is_written(genzoo, tmp_path, words, says):
    code, out, err = genzoo("classify", "ae", *words, "--out", "c")
    assert (code, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1
    assert not (tmp_path / "c").exists()


def test_a_run_that_is_told_the_class_cannot_tell_it(genzoo, tmp_path, bars):
    model = VAE((1, 4, 4), latent=2, hidden=(4,), likelihood="gaussian", classes=2)
    save_run(tmp_path / "told", model, data=bars)
    code, _, err = genzoo("classify", "told", "--out", "c")
    assert code == 2
    assert "together with its labels" in err


def test_data_without_labels_is_refused(genzoo, run, tmp_path):
    np.save(tmp_path / "plain.npy", np.zeros((40, 4, 4), np.uint8))
    code, _, err = genzoo("classify", run, "--data", "plain.npy", "--out", "c")
    assert code == 2
    assert "no labels" in err
