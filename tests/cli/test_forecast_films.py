"""`genzoo forecast` of a run that is given first frames."""

import numpy as np
import pytest
from PIL import Image
from run_fakes import save_run

from genzoo.data import View
from genzoo.models.variational.conditional import ConditionalVAE
from genzoo.random import seeded


@pytest.fixture
def films(tmp_path):
    """Forty films of three frames of 8x8."""
    frames = np.random.default_rng(0).integers(0, 2, (40, 24, 8), dtype=np.uint8) * 255
    np.savez(tmp_path / "films.npz", images=frames)
    return tmp_path / "films.npz", frames


@pytest.fixture
def run(tmp_path, films):
    with seeded(0):
        model = ConditionalVAE((1, 16, 8), picture=(1, 8, 8), latent=2, width=2)
    view = View(degrade="past", size=(16, 8), channels=1, binarize="threshold")
    return save_run(tmp_path / "run", model, view=view, data=films[0])


def test_arrays_hold_the_first_frames_what_came_and_the_futures(genzoo, run, films):
    code, _, err = genzoo("forecast", run, "-k", 3, "-n", 5, "--split", "all", "--out", "f.npz")
    assert (code, err) == (0, "")
    picked = films[1][np.linspace(0, 39, 5).round().astype(int)] / 255
    with np.load("f.npz") as arrays:
        assert arrays["futures"].shape == (5, 3, 1, 16, 8)
        assert set(np.unique(arrays["futures"])) == {0, 1}
        assert (arrays["given"][:, 0] == picked[:, :8]).all()
        assert (arrays["originals"][:, 0] == picked[:, 8:]).all()


def test_a_picture_has_a_row_for_each_film_and_a_gif_a_picture_for_each_frame(genzoo, run):
    for name in ("f.png", "f.gif"):
        code, out, err = genzoo("forecast", run, "-k", 3, "-n", 2, "--split", "all", "--out", name)
        assert (code, err) == (0, "")
        assert "2 films: what came, 3 futures" in out
    with Image.open("f.png") as still, Image.open("f.gif") as film:
        assert still.size[0] == film.size[0]  # four columns
        assert still.size[1] > 2.4 * film.size[1]  # three frames one below the other
        frames = {film.seek(i) or film.convert("L").tobytes() for i in range(film.n_frames)}
        assert len(frames) == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--past", "1"], "--past: run is given the first frame and draws all others; leave it out"),
        (["--frame", "8"], "--frame: run is given the first frame"),
        (["--ahead"], "--ahead: run is given the first frame"),
        (["-n", "0"], "-n must be at least 1, got 0"),
        (["-k", "0"], "-k must be at least 1, got 0"),
        (["--out", "f.csv"], "expected a name ending in .png, .gif, .webp or .npz"),
    ],
)
def test_what_cannot_be_is_one_line(genzoo, run, words, said):
    out = [] if "--out" in words else ["--out", "f.png"]
    code, _, err = genzoo("forecast", "run", "--split", "all", *out, *words)
    assert code == 2
    assert said in " ".join(err.split())
