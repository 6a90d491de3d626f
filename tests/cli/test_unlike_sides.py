"""Grey maps to colour, small to large: the sides of pairs differ, and every verb takes both."""

import json

import numpy as np
import pytest
from PIL import Image

NET = ("--images", "8", "--batch", "8", "--width", "2", "--critic-width", "2", "--quiet")


@pytest.fixture
def sides(tmp_path):
    rng = np.random.default_rng(0)
    for i in range(60):
        for name, shape in (("maps", (16, 16)), ("colour", (16, 16, 3)), ("small", (8, 8, 3))):
            (tmp_path / name).mkdir(exist_ok=True)
            Image.fromarray(rng.integers(0, 256, shape, np.uint8)).save(tmp_path / name / f"{i}.png")


def ran(genzoo, *words):
    code, _, err = genzoo(*words)
    assert code == 0, err


@pytest.mark.parametrize(
    ("data", "size"), [("pairs:maps::colour", ("--size", "16")), ("pairs:maps::colour", ())]
)
def test_grey_pictures_become_colour_ones_and_both_are_loaded_as_they_are(
    genzoo, sides, tmp_path, data, size
):
    ran(genzoo, "train", "pix2pix", "--data", data, *size, *NET, "--out", "run")
    assert json.loads((tmp_path / "run/spec.json").read_text())["view"]["channels"] is None
    ran(genzoo, "sample", "run", "-n", "2", "--out", "s.png")
    ran(genzoo, "translate", "run", "-n", "2", "--out", "own.png")
    ran(genzoo, "evaluate", "run", "--measure", "translation")
    ran(genzoo, "translate", "run", "--data", "maps", "--out", "done")
    with Image.open(tmp_path / "done/3.png") as made:
        assert made.mode == "RGB"


def test_two_sets_of_other_channels_go_both_ways(genzoo, sides):
    words = ("--identity", "0", "--blocks", "1")
    ran(genzoo, "train", "cyclegan", "--data", "maps::colour", "--size", "16", *NET, *words, "--out", "run")
    for to in "AB":
        ran(genzoo, "translate", "run", "--to", to, "-n", "2", "--out", f"to-{to}.png")
    ran(genzoo, "evaluate", "run", "--measure", "translation")


def test_small_pictures_become_large_ones_at_the_size_that_each_has(genzoo, sides):
    ran(genzoo, "train", "pix2pix", "--data", "pairs:small::colour", *NET, "--out", "run")
    ran(genzoo, "sample", "run", "-n", "2", "--out", "s.png")
    ran(genzoo, "superres", "run", "--out", "large.png")


def test_a_run_says_at_its_end_what_it_is_for(genzoo, sides, tmp_path):
    for kind, verb in (("grey", "colourise"), ("half", "superres"), ("edges", "translate")):
        _, out, _ = genzoo("train", "pix2pix", "--data", "colour", "--degrade", kind, *NET, "--out", kind)
        assert out == f"next: genzoo {verb} {kind} --out {verb}.png\n"
        ran(genzoo, verb, kind, "--out", f"{verb}.png")
    code, _, err = genzoo("translate", "half", "--out", "t.png")
    assert code == 2
    assert "this run was not trained to translate; genzoo superres half is what it can" in err
