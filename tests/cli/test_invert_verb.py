"""A generator put to use from the command line: inversion, arithmetic, edits and walks of given images."""

import numpy as np
import pytest
import torch
from PIL import Image
from run_fakes import RunFake, save_images, save_run
from torch import nn

from genzoo.evaluation.features import Extractor
from genzoo.random import normal


class GeneratorRun(RunFake):
    """The pixels are z, z ~ N(0, I): every image has its latent, and no encoder says which."""

    def draw_latents(self, n):
        return normal((n, 16), self.like)

    def decode(self, latents, given=None):
        return latents.view(-1, *self.shape)

    def sample(self, n, given=None, *, temperature=1.0):
        return self.decode(self.draw_latents(n))


class LabelledGeneratorRun(GeneratorRun):
    """The pixels are the label."""

    requires = frozenset({"labels"})

    def __init__(self, shape, *, classes=2):
        super().__init__(shape)

    def decode(self, latents, given=None):
        self.check_given(given)
        return given.labels.float().view(-1, 1, 1, 1).expand(-1, *self.shape)

    def sample(self, n, given=None, *, temperature=1.0):
        return self.decode(self.draw_latents(n), given)


@pytest.fixture
def data(tmp_path):
    return save_images(tmp_path / "toy.npz", 12)


@pytest.fixture
def gan(tmp_path, data):
    return save_run(tmp_path / "gan", GeneratorRun((1, 4, 4)), data=data)


@pytest.fixture
def labelled(tmp_path, data):
    return save_run(tmp_path / "labelled", LabelledGeneratorRun((1, 4, 4)), data=data)


@pytest.fixture
def classifier(monkeypatch):
    """Reads class 1 where the first pixel is above one half, class 0 below."""
    head, first = nn.Linear(1, 2), nn.Conv2d(1, 1, 4)
    with torch.no_grad():
        first.weight.zero_()[0, 0, 0, 0] = 1
        first.bias.fill_(-0.5)
        head.weight.copy_(torch.tensor([[-1000.0], [1000.0]]))
        head.bias.zero_()

    def chosen(dataset, spec, **options):
        assert spec == "classifier"
        return Extractor("first-pixel", first, head)

    monkeypatch.setattr("genzoo.evaluation.features.extractor_for", chosen)


def size_of(path):
    with Image.open(path) as image:
        return image.size


def test_images_are_found_and_compared_with_the_nearest_samples(genzoo, gan):
    words = ("--split", "all", "-n", 3, "--steps", 150, "--restarts", 1)
    code, out, err = genzoo("invert", gan, *words, "--out", "i.npz")
    assert (code, err) == (0, "")
    assert "nearest of 150 samples" in out
    assert "mean" in out
    found = np.load("i.npz")
    assert set(found) == {"codes", "index", "originals", "images", "errors"}
    np.testing.assert_allclose(found["codes"], found["originals"].reshape(3, 16), atol=2e-2)
    errors = np.square(found["originals"] - found["images"]).mean((1, 2, 3))
    np.testing.assert_allclose(found["errors"], errors, rtol=1e-4)
    assert genzoo("invert", gan, *words, "--out", "i.png")[0] == 0
    assert size_of("i.png") == ((2 + 4 * 6) * 16, (2 + 3 * 6) * 16)


def test_images_of_a_run_without_an_encoder_are_edited_by_inversion(genzoo, gan):
    words = ("--add", "label:1", "--without", "label:0", "--split", "all", "-n", 2, "--steps", 1)
    code, out, err = genzoo("edit", gan, *words, "--amount", 1, "--out", "e.npz")
    assert (code, err) == (0, "")
    assert "GeneratorRun does not encode: codes found by inversion, mean squared error 0.0" in out
    found = np.load("e.npz")
    np.testing.assert_allclose(found["reconstructions"], found["originals"], atol=5e-2)
    step = found["edited"][:, 0] - found["reconstructions"]
    np.testing.assert_allclose(step[0], step[1], atol=1e-5)  # one direction for all
    assert genzoo("edit", gan, *words, "--out", "e.png")[1].endswith(
        "wrote e.png  (2 originals, inverted, moved by 2)\n"
    )


def test_walks_between_given_images_pass_from_the_one_to_the_other(genzoo, gan):
    words = ("--data", "toy.npz", "--split", "all", "-n", 1, "--steps", 3)
    code, _, err = genzoo("interpolate", gan, *words, "--out", "w.npz")
    assert (code, err) == (0, "")
    pixels = np.load("toy.npz")["images"][:, None] / 255
    for end in np.load("w.npz")["images"][0, [0, 2]]:
        assert np.abs(pixels - end).max((1, 2, 3)).min() < 0.05  # it is one of the images
    out = genzoo("interpolate", gan, *words, "--out", "w.png")[1]
    assert out == "wrote w.png  (1 spherical walks between images, found by inversion)\n"


def test_a_tour_goes_through_all_points_and_ends_where_it_began(genzoo, gan):
    words = ("-n", 3, "--steps", 4, "--tour")
    assert genzoo("interpolate", gan, *words, "--out", "t.npz")[0] == 0
    walks = np.load("t.npz")["images"]
    np.testing.assert_allclose(walks[:, -1], np.roll(walks[:, 0], -1, 0), atol=1e-6)
    code, out, _ = genzoo("interpolate", gan, *words, "--out", "t.webp")
    assert (code, out) == (
        0,
        "wrote t.webp  (3 spherical walks between draws from the prior, one after the other and back)\n",
    )
    with Image.open("t.webp") as film:
        assert (film.n_frames, film.size) == (9, (64, 64))
    assert genzoo("interpolate", gan, "-n", 4, "--steps", 5, "--out", "f.webp")[0] == 0
    with Image.open("f.webp") as film:
        assert (film.n_frames, film.size) == (5, ((2 + 2 * 6) * 16,) * 2)


def test_walks_of_a_conditional_run_keep_to_a_class_each_and_the_classes_take_turns(genzoo, labelled):
    assert genzoo("interpolate", labelled, "-n", 3, "--steps", 2, "--out", "w.npz")[0] == 0
    walks = np.load("w.npz")["images"]
    assert walks[:, :, 0, 0, 0].tolist() == [[0, 0], [1, 1], [0, 0]]
    assert genzoo("interpolate", labelled, "--label", 1, "--tour", "--out", "l.npz")[0] == 0
    assert (np.load("l.npz")["images"] == 1).all()


def test_numbered_samples_are_added_and_taken_away(genzoo, gan):
    words = ("--add", "samples:0,1,2", "--without", "samples:0,1,2", "--base", "samples:5")
    code, out, err = genzoo("arithmetic", gan, *words, "--out", "a.png")
    assert (code, err) == (0, "")
    assert out == "wrote a.png  (concepts of 3, 3, 1 samples, and nine of the result)\n"
    assert size_of("a.png") == ((2 + 4 * 6) * 16, (2 + 6 * 6) * 16)


@pytest.mark.usefixtures("classifier")
def test_what_classes_of_samples_differ_in_lands_in_the_class(genzoo, gan):
    words = ("--add", "label:1", "--without", "label:0", "--each", 20, "--out", "a.png")
    code, out, err = genzoo("arithmetic", gan, *words)
    assert (code, err) == (0, "")
    assert "of 100 other samples of label:0, 0% are read as label:1 and " in out
    assert int(out.split(" and ")[-1].split("%")[0]) > 70
    code, out, _ = genzoo("arithmetic", gan, *words, "--base", "samples:1,2,3", "--overwrite")
    assert (code, "other samples" in out) == (0, False)


SETS = ("--without", "samples:1", "--add")


def bad_inputs():
    return [
        (["invert", "code"], "CodeRun cannot invert (that takes decode and sample); models that can: "),
        (["invert", "gan", "--steps", "0"], "--steps must be at least 1, got 0"),
        (["invert", "gan", "--restarts", "0"], "--restarts must be at least 1, got 0"),
        (["invert", "gan", "--features-weight", "1"], "--features-weight: GeneratorRun has no critic"),
        (["invert", "gan", "-n", "0"], "-n must be at least 1, got 0"),
        (["interpolate", "gan", "--tour", "-n", "1"], "--tour goes through at least 2 points, got -n 1"),
        (["interpolate", "gan", "--data", "toy.npz", "-n", "0"], "-n must be at least 1, got 0"),
        (["interpolate", "gan", "--data", "toy.npz", "--prior"], "--prior and --data exclude each other"),
        (["interpolate", "labelled", "--tour"], "--tour keeps to one class"),
        (["interpolate", "labelled", "--data", "toy.npz"], "walk between two images has no one condition"),
        (["interpolate", "labelled", "--label", "0,1"], "--label 0,1: "),
        (["arithmetic", "gan", *SETS, "3,4"], "--add 3,4: expected samples:N,N,N or label:CLASS"),
        (["arithmetic", "gan", *SETS, "samples:1;2"], "--add samples:1;2: expected samples:N,N,N"),
        (["arithmetic", "gan", *SETS, "label:7"], "--add label:7: the data have no such class; known: 0, 1"),
        (["arithmetic", "gan", *SETS, "label:1", "--data", "bare.npy"], "has no labels to read samples by"),
        (["arithmetic", "gan", *SETS, "samples:1", "--each", "0"], "--each must be at least 1"),
        (["arithmetic", "labelled", *SETS, "samples:1"], "is conditional on labels"),
    ]


@pytest.mark.parametrize(("words", "says"), bad_inputs())
@pytest.mark.usefixtures("gan", "labelled", "code_run", "classifier")
def test_bad_input_is_one_line_and_writes_nothing(genzoo, words, says, tmp_path):
    np.save("bare.npy", np.zeros((40, 4, 4), np.uint8))
    split = () if words[0] == "arithmetic" else ("--split", "all")
    code, out, err = genzoo(*words, *split, "--out", "x.png")
    assert (code, out) == (2, "")
    assert err.startswith("genzoo: error: ")
    assert err.count("\n") == 1
    assert says in err
    assert not (tmp_path / "x.png").exists()
