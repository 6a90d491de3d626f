"""`genzoo scatter`: points of the codes, run beside run."""

import numpy as np
import pytest
import torch
from PIL import Image
from run_fakes import CodeRun, UniformRun, save_images, save_run

from genzoo.models.variational.vae import VAE

pytest.importorskip("matplotlib")


class TwoRun(CodeRun):
    """The code is the first two pixels."""

    def encode(self, images, given=None):
        return images.flatten(1)[:, :2]


class OneRun(CodeRun):
    """The code is one pixel."""

    def encode(self, images, given=None):
        return images.flatten(1)[:, :1]


@pytest.fixture
def two_run(tmp_path, data):
    return save_run(tmp_path / "two", TwoRun((1, 4, 4)), data=data)


def test_codes_of_two_numbers_are_the_points_and_longer_ones_their_principal_components(
    genzoo, two_run, code_run, data
):
    code, out, err = genzoo("scatter", two_run, code_run, "--split", "all", "--out", "p.npz")
    assert (code, err) == (0, "")
    assert out.startswith("wrote p.npz")
    found = np.load("p.npz")
    pixels = (np.load(data)["images"].reshape(40, -1) / 255)[found["index"]]
    assert sorted(found["index"]) == list(range(40))
    assert found["labels"].tolist() == (found["index"] % 2).tolist()
    assert found["names"].tolist() == ["two", "code"]
    np.testing.assert_allclose(found["points"][0], pixels[:, :2], atol=1e-6)
    _, axes = np.linalg.eigh(np.cov(pixels.T))
    expected = np.abs((pixels - pixels.mean(0)) @ axes[:, ::-1][:, :2])
    np.testing.assert_allclose(np.abs(found["points"][1]), expected, atol=1e-5)


def test_the_panel_of_pixels_is_their_principal_components_without_binarization(genzoo, code_run, data):
    assert genzoo("scatter", code_run, "--pca", "--split", "all", "--out", "p.npz")[0] == 0
    found = np.load("p.npz")
    assert found["names"].tolist() == ["code", "pixels"]
    np.testing.assert_allclose(found["points"][0], found["points"][1], atol=1e-6)  # here codes are pixels


def test_the_picture_has_a_panel_for_each_run(genzoo, two_run, code_run):
    widths = []
    for runs in ([two_run], [two_run, code_run]):
        name = f"{len(runs)}.png"
        code, out, _ = genzoo("scatter", *runs, "--split", "all", "--same-axes", "--out", name)
        assert code == 0
        assert f"40 codes, {len(runs)} panel" in out
        with Image.open(name) as image:
            widths.append(image.width)
    assert widths[1] - widths[0] == pytest.approx(4.2 * 150, abs=2)


def test_items_without_labels_are_drawn_too(genzoo, tmp_path):
    np.savez(tmp_path / "bare.npz", images=np.random.default_rng(0).integers(0, 256, (20, 4, 4), np.uint8))
    save_run(tmp_path / "run", TwoRun((1, 4, 4)), data=tmp_path / "bare.npz")
    assert genzoo("scatter", "run", "--split", "all", "--out", "p.png")[0] == 0
    assert genzoo("scatter", "run", "--split", "all", "--out", "p.npz")[0] == 0
    assert "labels" not in np.load("p.npz")


def test_a_posteriors_mean_is_what_is_scattered(genzoo, tmp_path, data):
    model = VAE((1, 4, 4), latent=2, hidden=(5,), likelihood="gaussian")
    save_run(tmp_path / "vae", model, data=data)
    assert genzoo("scatter", "vae", "--split", "all", "--out", "p.npz")[0] == 0
    found = np.load("p.npz")
    images = torch.from_numpy(np.load(data)["images"][found["index"], None] / 255).float()
    np.testing.assert_allclose(found["points"][0], model.eval().encode(images).detach(), atol=1e-6)


def test_what_cannot_be_scattered_is_refused_and_nothing_is_written(genzoo, tmp_path, two_run, data):
    other = save_images(tmp_path / "other.npz")
    save_run(tmp_path / "elsewhere", TwoRun((1, 4, 4)), data=other)
    save_run(tmp_path / "one", OneRun((1, 4, 4)), data=data)
    save_run(tmp_path / "uniform", UniformRun((1, 4, 4), levels=256), data=data)
    for words, says in (
        (("two", "elsewhere"), "say which with --data DATA"),
        (("one",), "codes of 2 numbers or more, got 40 of 1"),
        (("uniform",), "cannot scatter"),
        (("two", "-n", 2), "-n must be at least 3"),
    ):
        code, _, err = genzoo("scatter", *words, "--split", "all", "--out", "p.png")
        assert code == 2
        assert says in err
        assert not (tmp_path / "p.png").exists()
    assert genzoo("scatter", "two", "elsewhere", "--data", data, "--split", "all", "--out", "p.npz")[0] == 0


def test_a_picture_is_not_overwritten(genzoo, tmp_path, two_run):
    (tmp_path / "p.png").write_text("precious")
    assert "is there already" in genzoo("scatter", two_run, "--split", "all", "--out", "p.png")[2]
    assert (tmp_path / "p.png").read_text() == "precious"
