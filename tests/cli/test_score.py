"""`genzoo score`: tables, pictures and words about which images a run finds odd."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from run_fakes import CodeRun, RunFake, save_run

from genzoo.files import read_json


class DarkRun(RunFake):
    """The brighter an image, the less likely: log p(x) = −Σ pixels."""

    def log_prob(self, images, given=None):
        return -images.flatten(1).sum(1)


class HalfRun(CodeRun):
    """Rebuilds half of every pixel."""

    def decode(self, latents, given=None):
        return super().decode(latents) / 2


@pytest.fixture
def dark_run(tmp_path, data):
    return save_run(tmp_path / "dark", DarkRun((1, 4, 4), levels=256), data=data)


@pytest.fixture
def white(tmp_path):
    path = tmp_path / "white.npz"
    np.savez(path, images=np.full((20, 4, 4), 255, np.uint8))
    return path


def sums(path):
    """−Σ pixels of every image of a set."""
    return -np.load(path)["images"].reshape(-1, 16).sum(1).astype(float) / 255


def rows_of(path):
    with Path(path).open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_table_has_every_image_once_the_least_likely_first(genzoo, dark_run, data):
    code, out, _ = genzoo("score", dark_run, "--split", "all", "--out", "a.csv")
    assert code == 0
    assert out.endswith("wrote a.csv  (40 scores)\n")
    rows = rows_of("a.csv")
    assert list(rows[0]) == ["data", "index", "file", "label", "score", "bits_per_dim"]
    scores = [float(row["score"]) for row in rows]
    assert scores == sorted(scores)
    assert sorted(int(row["index"]) for row in rows) == list(range(40))
    truth = sums(data)
    for row in rows:
        assert float(row["score"]) == pytest.approx(truth[int(row["index"])], abs=1e-4)
        assert int(row["label"]) == int(row["index"]) % 2
        assert float(row["bits_per_dim"]) == pytest.approx(-float(row["score"]) / (16 * np.log(2)))


def test_what_is_said_has_mean_and_extremes(genzoo, dark_run, data):
    _, out, _ = genzoo("score", dark_run, "--split", "all", "--out", "a.csv")
    truth = sums(data)
    assert "toy all, 256 levels: 40 items" in out
    assert f"{truth.mean():.2f} ± " in out
    assert "nats (exact, " in out
    assert f"least likely: {truth.min():.4g} nats (index {truth.argmin()}, label" in out
    assert f"most likely: {truth.max():.4g} nats (index {truth.argmax()}, label" in out


def test_another_set_is_told_apart_by_its_scores(genzoo, dark_run, data, white):
    code, out, _ = genzoo("score", dark_run, "--against", white, "--split", "all", "--out", "b.json")
    assert code == 0
    assert "AUC 1.0000 ± 0.0000: toy scores higher than white in 100.0% of pairs" in out
    found = read_json("b.json")
    assert found["roc_auc"] == {"value": 1.0, "stderr": 0.0}
    assert [one["summary"]["protocol"] for one in found["sets"]] == [
        "toy all, 256 levels",
        "white all, 256 levels",
    ]
    assert [len(one["items"]) for one in found["sets"]] == [40, 20]
    assert found["sets"][1]["items"][0]["score"] == pytest.approx(-16)


def test_a_set_that_the_model_finds_likelier_is_said_to_be_so(genzoo, dark_run, data, white):
    options = ("--data", white, "--against", data, "--split", "all", "--out", "b.csv")
    _, out, _ = genzoo("score", dark_run, *options)
    assert "AUC 0.0000" in out
    assert "the model finds toy likelier, so its score does not tell that toy is foreign" in out
    assert [row["data"] for row in rows_of("b.csv")][:20] == [
        "white"
    ] * 20  # one list, the least likely of both first


def test_arrays_hold_scores_positions_and_labels(genzoo, dark_run, data, white):
    assert genzoo("score", dark_run, "--against", white, "--split", "all", "--out", "c.npz")[0] == 0
    found = np.load("c.npz")
    assert sorted(found) == ["against_index", "against_scores", "index", "labels", "scores"]
    assert np.allclose(found["scores"], sums(data)[found["index"]], atol=1e-4)
    assert (found["labels"] == found["index"] % 2).all()


def test_the_picture_shows_the_brightest_and_the_darkest(genzoo, dark_run, data):
    code, out, _ = genzoo("score", dark_run, "--split", "all", "-n", 1, "--out", "d.png")
    assert code == 0
    assert "wrote d.png  (the extremes of 40 images)" in out
    with Image.open("d.png") as picture:
        page = np.asarray(picture.convert("L")).astype(int)
    images, truth = np.load(data)["images"], sums(data)
    half = page.shape[1] // 2
    for side, index in ((page[:, :half], truth.argmin()), (page[:, half:], truth.argmax())):
        wanted = np.kron(images[index], np.ones((16, 16))).astype(int)  # 4 pixels enlarged to 64
        windows = np.lib.stride_tricks.sliding_window_view(side, wanted.shape)[:, :, ::16, ::16]
        corners = np.abs(windows - wanted[::16, ::16]).max((2, 3)) == 0
        assert corners.any()


def test_the_picture_of_two_sets_has_a_histogram_below(genzoo, dark_run, white):
    options = ("--split", "all", "-n", 2)
    assert genzoo("score", dark_run, *options, "--out", "one.png")[0] == 0
    assert genzoo("score", dark_run, *options, "--against", white, "--out", "two.png")[0] == 0
    heights = []
    for name in ("one.png", "two.png"):
        with Image.open(name) as page:
            heights.append(page.height)
    assert heights[1] > 2 * heights[0]


def test_without_a_density_the_worst_reconstruction_comes_first(genzoo, tmp_path, data):
    run = save_run(tmp_path / "half", HalfRun((1, 4, 4)), data=data)
    code, out, _ = genzoo("score", run, "--split", "all", "--out", "e.npz")
    assert code == 0
    assert "worst rebuilt: squared error" in out
    found = np.load("e.npz")
    errors = (np.load(data)["images"].reshape(-1, 16) / 510.0) ** 2
    assert np.allclose(found["scores"], -errors.sum(1)[found["index"]], atol=1e-5)
    assert (np.diff(found["scores"]) >= 0).all()


def test_the_same_seed_scores_the_same(genzoo, tmp_path, data):
    class NoisyRun(RunFake):
        def elbo(self, images, given=None):
            from genzoo.random import normal

            return normal((len(images),), images)

    run = save_run(tmp_path / "noisy", NoisyRun((1, 4, 4)), data=data)
    for name, seed, batch in (("a", 1, 64), ("b", 1, 7), ("c", 2, 64)):
        genzoo("score", run, "--seed", seed, "--batch", batch, "--out", f"{name}.npz")
    a, b, c = (torch.tensor(np.load(f"{name}.npz")["scores"]) for name in "abc")
    assert torch.equal(a, b)
    assert not torch.equal(a, c)


def test_what_cannot_be_scored_or_written_is_refused(genzoo, dark_run, tmp_path, data, monkeypatch):
    (tmp_path / "there.csv").write_text("precious")
    for words, says in (
        (("--out", "there.csv"), "--out there.csv: is there already"),
        (("--out", "a.txt"), "expected a name ending in .csv, .png, .json or .npz"),
        (("--out", "a.png", "-n", 0), "-n must be at least 1, got 0"),
        (("--out", "a.csv", "--limit", 0), "--limit must be at least 1"),
        (("--out", "a.csv", "--data", "nowhere.npz"), "nowhere.npz"),
    ):
        code, _, err = genzoo("score", dark_run, *words)
        assert code == 2
        assert says in err
    vectors = save_run(tmp_path / "vectors", DarkRun((6,)))
    points = tmp_path / "points.npy"
    np.save(points, np.zeros((9, 6), np.float32))
    code, _, err = genzoo("score", vectors, "--data", points, "--out", "a.png")
    assert (code, "not images" in err) == (2, True)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    code, _, err = genzoo("score", dark_run, "--against", data, "--out", "b.png")
    assert code == 2
    assert "genzoo[report]" in err


def test_rows_name_the_file_of_each_image(genzoo, dark_run, tmp_path):
    folder = tmp_path / "photos"
    (folder / "a").mkdir(parents=True)
    for i in range(4):
        Image.fromarray(np.full((4, 4), 60 * i, np.uint8)).save(folder / "a" / f"{i}.png")
    assert genzoo("score", dark_run, "--data", folder, "--split", "all", "--out", "f.csv")[0] == 0
    assert [row["file"] for row in rows_of("f.csv")] == [f"a/{i}.png" for i in (3, 2, 1, 0)]
