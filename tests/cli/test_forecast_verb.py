from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from run_fakes import UniformRun, save_images, save_run

from genzoo.data import View, load
from genzoo.models import save_model
from genzoo.models.autoregressive.pixelcnn import PixelCNN
from genzoo.training.config import Config
from genzoo.training.settings import Settings
from genzoo.training.trainer import describe


def width_and_height(path):
    with Image.open(path) as image:
        return image.size


@pytest.fixture
def waves(tmp_path):
    """A series of two variables in units of hundreds."""
    t = np.arange(300)
    rows = [f"{500 + 100 * np.sin(t / 3):.2f},{-20 + np.cos(t / 5):.3f}" for t in t]
    (tmp_path / "waves.csv").write_text("\n".join(["load,wind", *rows]))
    return tmp_path / "waves.csv"


@pytest.fixture
def run(tmp_path, waves):
    view = View(size=(12, 2), levels=8)
    model = PixelCNN((1, 12, 2), levels=8, width=4, blocks=1, kernel=5, head=6)
    folder = save_run(tmp_path / "run", model, view=view, data=waves)
    config = Config("toy", str(waves), view, model.spec, {}, {}, Settings(images=1))
    save_model(model, folder, about=describe(config, load(str(waves), view)))
    return folder


def test_futures_are_written_in_units_with_the_names_of_the_variables(genzoo, run):
    code, out, err = genzoo("forecast", run, "--past", 8, "-k", 3, "-n", 5, "--out", "f.csv")
    assert (code, err) == (0, "")
    lines = Path("f.csv").read_text().splitlines()
    assert lines[0] == "window,future,step,load,wind"
    assert len(lines) == 1 + 5 * 3 * 4
    values = np.array([line.split(",") for line in lines[1:]], float)
    assert 400 <= values[:, 3].min() <= values[:, 3].max() <= 600
    assert -21 <= values[:, 4].min() <= values[:, 4].max() <= -19
    assert "naive nats" in out


def test_arrays_hold_the_past_as_it_was_and_k_futures(genzoo, run):
    code, _, err = genzoo("forecast", run, "--past", 8, "-k", 3, "-n", 5, "--out", "f.npz")
    assert (code, err) == (0, "")
    with np.load("f.npz") as arrays:
        assert arrays["futures"].shape == (5, 3, 12, 2)
        past = arrays["originals"][:, None, :8]
        np.testing.assert_allclose(arrays["futures"][:, :, :8], np.broadcast_to(past, (5, 3, 8, 2)))


def test_a_chart_is_drawn(genzoo, run):
    code, out, err = genzoo("forecast", run, "-k", 3, "-n", 2, "--out", "f.png")
    assert (code, err) == (0, "")
    assert width_and_height("f.png")[0] > 400
    assert "wrote f.png" in out


def test_ahead_begins_at_the_end_of_the_series_and_measures_nothing(genzoo, run, waves):
    code, out, err = genzoo("forecast", run, "--past", 6, "-k", 2, "--ahead", "--out", "f.npz")
    assert (code, err) == (0, "")
    assert "naive" not in out
    with np.load("f.npz") as arrays:
        assert set(arrays) == {"futures"}
        last = np.loadtxt(waves, delimiter=",", skiprows=1)[-6:]
        step = np.array([200, 2]) / 7  # of the range, with 8 levels
        assert (np.abs(arrays["futures"][0, 0, :6] - last) <= step / 2 + step / 255).all()


def test_another_series_is_seen_in_the_units_of_training(genzoo, run, tmp_path):
    rows = [f"{500 + i % 3},{-20 + i % 2 / 10}" for i in range(200)]  # a narrow range
    (tmp_path / "calm.csv").write_text("\n".join(["load,wind", *rows]))
    code, _, err = genzoo("forecast", run, "--data", tmp_path / "calm.csv", "-n", 3, "--out", "f.npz")
    assert (code, err) == (0, "")
    with np.load("f.npz") as arrays:
        originals = arrays["originals"]
    assert np.ptp(originals[..., 0]) <= 200 / 7 + 1e-6  # next to one another among the 8 levels of 400 … 600


def test_an_image_sequence_is_a_strip_of_frames(genzoo, tmp_path):
    data = save_images(tmp_path / "film.npz", size=(12, 4))
    model = UniformRun((1, 12, 4), levels=256)
    run = save_run(tmp_path / "film", model, data=data)
    code, out, err = genzoo("forecast", run, "--frame", 4, "--past", 1, "-k", 2, "-n", 1, "--split", "all",
                            "--out", "f.png")  # fmt: skip
    assert (code, err) == (0, "")
    assert "1 sequences: what came, 2 futures" in out
    width, height = width_and_height("f.png")
    assert height == width  # 3 frames in 3 rows


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--past", "12"], "--past 12: the model's sequences have 12 rows, so from 1 to 11"),
        (["--frame", "5"], "--frame 5: items of 12 rows are no whole frames of it"),
        (["--out", "f.txt"], "expected a name ending in .png, .csv or .npz"),
        (["-n", "0"], "-n must be at least 1, got 0"),
    ],
)
def test_what_cannot_be_is_one_line(genzoo, run, words, said):
    code, _, err = genzoo("forecast", run, *([] if "--out" in words else ["--out", "f.csv"]), *words)
    assert code == 2
    assert said in " ".join(err.split())


def test_images_need_to_say_what_a_frame_is(genzoo, uniform_run):
    code, _, err = genzoo("forecast", uniform_run, "--out", "f.png")
    assert code == 2
    assert "is no series: --frame N says how many rows a frame has" in err
