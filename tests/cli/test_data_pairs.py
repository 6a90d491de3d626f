"""`genzoo data` and `genzoo train` where the data have two sides."""

import numpy as np
import pytest
from PIL import Image

from genzoo import api
from genzoo.data import load
from genzoo.errors import BadInput
from genzoo.models.autoregressive.gated_pixelcnn import GatedPixelCNN
from genzoo.models.variational.conditional import ConditionalVAE
from genzoo.training.folder import RunFolder


@pytest.fixture
def folders(tmp_path):
    """30 photographs in colour, 29 grey drawings, 28 of one name with one; `wide` has both side by side."""
    rng = np.random.default_rng(0)
    for i in range(80):
        photograph, drawing = (rng.integers(0, 256, (8, 8, 3), np.uint8) for _ in range(2))
        files = {"shots": Image.fromarray(photograph), "drawings": Image.fromarray(drawing).convert("L")}
        files["wide"] = Image.fromarray(np.concatenate([photograph, drawing], 1))
        for name in ["wide"] + ["shots"] * (i < 30) + ["drawings"] * (1 < i < 31):
            (tmp_path / name).mkdir(exist_ok=True)
            files[name].save(tmp_path / name / f"{i:02}.png")
    return tmp_path


def test_pairs_are_counted_and_what_has_no_partner_is_listed_for_each_side(genzoo, folders):
    code, out, err = genzoo("data", "pairs:shots::drawings")
    said = " ".join(out.split())
    assert (code, err) == (0, "")
    for words in (
        "data shots-to-drawings",
        "given 8x8, channels: 3",
        "drawn 8x8, channels: 1",
        "items 28 pairs",
        "2 no partner of this name in B A: 00.png A: 01.png",
        "1 no partner of this name in A B: 30.png",
    ):
        assert words in said
    with Image.open(folders / "shots-to-drawings-sheet.png") as sheet:
        assert sheet.mode == "RGB"
        assert sheet.width // sheet.height == 1


def test_two_sets_are_counted_each_and_shown_one_above_the_other(genzoo, folders):
    code, out, err = genzoo("data", "shots::drawings", "--size", 4)
    said = " ".join(out.split())
    assert (code, err) == (0, "")
    for words in ("shots-and-drawings", "items 29 of B, and 30 of A", "data shots", "items 30"):
        assert words in said
    assert (folders / "shots-and-drawings-sheet.png").is_file()


def test_a_strict_look_at_pairs_refuses_those_without_a_partner(genzoo, folders):
    code, _, err = genzoo("data", "pairs:shots::drawings", "--strict")
    assert code == 2
    assert "--strict, and 3 files can not be used (A: 00.png: no partner of this name in B" in err


@pytest.mark.slow
def test_a_model_trains_on_halves_and_the_run_remembers_them_as_one_string(genzoo, folders):
    words = ("--data", "swapped:halves:wide", "--likelihood", "logistic", "--width", 4, "--batch", 8)
    code, _, err = genzoo(
        "train", "conditional-vae", *words, "--images", 16, "--device", "cpu", "--out", "run"
    )
    assert code == 0, err
    config = RunFolder("run").config()
    assert config.data == "swapped:halves:wide"
    assert config.model["picture"] == [3, 8, 8]
    loaded = load(config.data)
    assert (loaded.given == load("halves:wide").items).all()


@pytest.mark.parametrize("source", ["pairs:shots::drawings", "swapped:pairs:shots::drawings"])
def test_what_a_model_is_given_has_the_shape_of_what_comes_with_the_data(source, folders):
    data = load(source)
    config, _ = api.prepare("gated-pixelcnn", source)
    assert config.model["picture"] == list(data.given.shape[1:])
    assert config.model["shape"] == list(data.shape)


def test_a_model_that_takes_no_picture_learns_what_is_drawn_alone(folders):
    config, dataset = api.prepare("vae", "pairs:shots::drawings", options={"binarize": "dynamic"})
    assert config.model["shape"] == list(dataset.shape) == [1, 8, 8]
    assert "picture" not in config.model


@pytest.mark.parametrize(
    ("what", "source", "options", "says"),
    [
        ("conditional-vae", "shots", {}, "add --degrade grey, .* or .*pairs:A::B or halves:SOURCE"),
        ("conditional-vae", "shots::drawings", {}, "shots-and-drawings has two sets that are not paired"),
        ("gated-pixelcnn", "halves:wide", {"degrade": "half"}, "has two sides already"),
        (
            GatedPixelCNN((3, 8, 8), picture=(1, 8, 8), levels=256, width=6, layers=2, head=6),
            "halves:wide",
            {},
            r"comes with pictures of \[3, 8, 8\], the model takes \[1, 8, 8\]",
        ),
    ],
)
def test_a_model_and_data_that_do_not_go_together_are_refused(what, source, options, says, folders):
    with pytest.raises(BadInput, match=says):
        api.prepare(what, source, options=options)


def test_pictures_that_came_with_a_data_set_are_not_degraded_too(folders):
    with pytest.raises(
        BadInput, match="--degrade half: wide-left-to-right comes with pictures; leave out one"
    ):
        api.prepare("gated-pixelcnn", load("halves:wide"), options={"degrade": "half"})


@pytest.mark.parametrize("how", ["edges", "masked"])
def test_a_model_is_given_what_is_left_of_images(how, folders):
    config, _ = api.prepare("conditional-vae", "shots", options={"degrade": how, "likelihood": "logistic"})
    assert config.model["picture"] == [1 if how == "edges" else 3, 8, 8]
    assert config.model["class"] == ConditionalVAE.__name__
