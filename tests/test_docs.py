"""What README and docs say is so: links lead somewhere, commands and flags exist, Python runs."""

import functools
import importlib
import inspect
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from genzoo.cli.parse import spelt
from genzoo.cli.train import _FIXED, options_of, switched_on
from genzoo.cli.verbs import VERBS
from genzoo.recipes import names

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
OTHERS = {
    "--check",
    "--record",
    "--runs",
    "--report",
    "--nproc-per-node",
    "--index-url",
    "--threads",
    "--help",
}


def parametrised(test):
    return pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)(test)


def prose(page):
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def slug(heading):
    words = re.sub(r"[^\w\s-]", "", re.sub(r"[`*]", "", heading).lower())
    return re.sub(r"[\s]+", "-", words.strip())


@parametrised
def test_every_relative_link_and_picture_exists(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.exists(), f"{page.name}: {target}"
        if anchor:
            headings = re.findall(r"^#+ (.*)", path.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in map(slug, headings), f"{page.name}: {target}"


@parametrised
def test_pages_of_the_site_link_only_inside_it(page):
    """The site is built from docs/: a link out of it would be dead there."""
    if page.parent.name == "docs":
        assert "](../" not in page.read_text(encoding="utf-8")


def commands(page):
    """Every genzoo command of a page's code: words after `genzoo`."""
    text = page.read_text(encoding="utf-8")
    shell = "\n".join(body for kind, body in FENCE.findall(text) if kind in ("bash", "console"))
    shell = re.sub(r"\\\n\s*", "", shell)
    lines = [line.removeprefix("$ ") for line in shell.split("\n")]
    lines += re.findall(r"`(genzoo [^`]+)`", FENCE.sub("", text))
    for line in lines:
        if found := re.match(r"(?:\S+=\S+ )?(?:torchrun \S+ \S+ -m )?genzoo (.*)", line):
            words = shlex.split(found[1], comments=True)
            yield words[: words.index("|")] if "|" in words else words


def flags(verb, what):
    """The flags of a verb; of train, those of a recipe or model."""
    if verb == "train":
        known = (
            options_of(what, []) if what and what.islower() and not what.endswith(".toml") else every_option()
        )
        return {"--" + name.replace("_", "-") for name in {*_FIXED, *known}}
    module = importlib.import_module(VERBS[verb].module)
    given = inspect.signature(module.command).parameters.values()
    return {flag for p in given for flag in spelt(p) if flag.startswith("--")}


@functools.cache
def every_option():
    every = [options_of(recipe, []) for recipe in (*names(), "linear-vae")]
    return {name for known in every for name in (*known, *switched_on(known))}


UNKNOWN = {"vae-mnits", "independent"}  # shown for its error message; the worked example itself


@parametrised
def test_every_command_and_flag_that_is_shown_exists(page):
    for words in commands(page):
        verb, rest = words[0], words[1:]
        if verb in ("--help", "--version", "VERB", "…"):
            continue
        assert verb in VERBS, f"{page.name}: genzoo {verb}"
        what = next((w for w in rest[:1] if not w.startswith("-")), None)
        if what in UNKNOWN:
            continue
        known = flags(verb, what) | {"--help"}
        for word in rest:
            flag = word.partition("=")[0]
            assert not flag.startswith("--") or flag in known, f"{page.name}: genzoo {verb}: {flag}"


@parametrised
def test_every_flag_in_the_prose_is_a_flag_of_some_command(page):
    known = OTHERS.union({"--" + n.replace("_", "-") for n in {*_FIXED, *every_option()}})
    known |= {flag for verb in VERBS if verb != "train" for flag in flags(verb, None)}
    spans = re.findall(r"`([^`]+)`", prose(page))
    code = " ".join(span for span in spans if not span.startswith("python -m benchmarks"))  # flags of its own
    for flag in re.findall(r"(?<![\w-])--[a-z][\w-]*", code):
        assert flag in known, f"{page.name}: {flag}"


def test_the_tour_has_every_command():
    shown = {words[0] for words in commands(ROOT / "docs" / "tour.md")}
    assert set(VERBS) <= shown


def python_of(page, heading=""):
    text = page.read_text(encoding="utf-8")
    return [body for kind, body in FENCE.findall(text[text.index(heading) :]) if kind == "python"]


def execute(code, folder):
    """Runs code in a process of its own, so that what it registers stays there."""
    script = folder / "snippets.py"
    script.write_text(code, encoding="utf-8")
    environment = os.environ | {"GENZOO_CACHE": str(folder / "cache"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_page_on_python_runs(tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    rng = np.random.default_rng(0)
    for i in range(400):
        pixels = np.kron(rng.integers(0, 256, (4, 5, 3), dtype=np.uint8), np.ones((6, 6, 1), np.uint8))
        Image.fromarray(pixels).save(photos / f"{i:03}.png")
    said = execute("\n".join(python_of(ROOT / "docs" / "python.md")), tmp_path)
    assert "did you mean 'latent'" in said
    assert "elbo ≥" in said


@pytest.mark.slow
def test_the_worked_example_of_a_model_trains_samples_and_scores(tmp_path):
    """The model of CONTRIBUTING.md learns how dark each pixel is: log p approaches minus the entropy."""
    example = python_of(ROOT / "CONTRIBUTING.md", "## How to add a model")[0]
    (tmp_path / "independent.py").write_text(example, encoding="utf-8")
    play = """
import numpy as np, torch
from independent import Independent
import genzoo
from genzoo.data import load
from genzoo.models import capabilities

items = (255 * (np.random.default_rng(0).random((400, 6, 6)) < 0.9)).astype(np.uint8)
options = {"binarize": "threshold", "images": 20_000, "lr": 0.05, "out": "run", "quiet": True}
run = genzoo.train("independent", data=load(items), **options)
assert capabilities(run.model) == ("sample", "log_prob")
assert run.model.sample(500).shape == (500, 1, 6, 6)
found = float(run.model.log_prob(torch.tensor(items / 255.0, dtype=torch.float32)[:, None]).mean())
entropy = -36 * (0.9 * np.log(0.9) + 0.1 * np.log(0.1))
assert abs(found + entropy) < 0.5, (found, entropy)
assert type(genzoo.load("run")) is Independent
"""
    execute(play, tmp_path)
