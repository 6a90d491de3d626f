import json
from functools import partial

import pytest
from run_fakes import save_images, save_run

from genzoo.cli.catalogue import markdown_table, rows
from genzoo.cli.verbs import VERBS
from genzoo.data.view import View
from genzoo.evaluation import cost
from genzoo.models import capabilities, catalogue

USES = {
    "sample": ("-n", "3", "--out", "sample.png"),
    "reconstruct": ("-n", "3", "--split", "all", "--out", "reconstruct.png"),
    "encode": ("--split", "all", "--out", "encode.npz"),
    "interpolate": ("-n", "2", "--steps", "3", "--out", "interpolate.png"),
    "invert": ("-n", "2", "--steps", "3", "--split", "all", "--out", "invert.png"),
    "traverse": ("--steps", "3", "--out", "traverse.png"),
    "complete": ("-n", "2", "--split", "all", "--out", "complete.png"),
    "score": ("--split", "all", "--out", "score.csv"),
    "cluster": ("--split", "all", "-k", "2", "--seeds", "1", "--out", "cluster.csv"),
    "scatter": ("--split", "all", "--out", "scatter.png"),
    "evaluate": (
        *("--split", "all", "--limit", "4", "--draws", "2", "--iwae", "2", "--samples", "12"),
        *("--features", "random-conv", "--out", "evaluate.json"),
    ),
}


def image_models():
    """Every registered model of images; of its variants those that differ in what a verb can see."""
    for name, entry in catalogue().items():
        seen = set()
        for variant, arguments in entry.tiny.items():
            if len(arguments["shape"]) == 3:
                model = entry.cls(**arguments)
                visible = (capabilities(model), model.requires, model.levels, model.shape[0])
                if visible not in seen:
                    seen.add(visible)
                    yield pytest.param(entry, variant, id=f"{name}-{variant}")


TINY = list(image_models())


def degraded(model):
    """What of an image is given to a model that draws the image from it."""
    if "superres" in capabilities(model):
        return {2: "half", 4: "quarter"}[-(-model.shape[1] // model.condition_shape[1])]
    return "grey" if "colourise" in capabilities(model) else "past"


@pytest.fixture
def _timed_once(monkeypatch):
    """Costs are of one item, timed once: that every model has one is what is asked here."""
    monkeypatch.setattr(cost, "measure", partial(cost.measure, batches=(1,), repeats=1, steps=1))


@pytest.mark.usefixtures("_timed_once")
@pytest.mark.parametrize(("entry", "variant"), TINY)
def test_every_registered_model_is_used_by_every_verb_that_its_capabilities_allow(
    genzoo, tmp_path, entry, variant
):
    model = entry.cls(**entry.tiny[variant])
    channels, *size = model.shape
    options = {"levels": model.levels} if model.levels and model.levels > 2 else {}
    if "images" in model.requires:
        options["degrade"] = degraded(model)
        size[0] += model.condition_shape[1] if options["degrade"] == "past" else 0
    view = View(
        size=tuple(size), channels=channels, binarize="static" if model.levels == 2 else "none", **options
    )
    save_run(tmp_path / "run", model, view=view, data=save_images(tmp_path / "toy.npz", 12, tuple(size)))
    for verb, words in USES.items():
        if verb == "complete" and "complete" not in capabilities(model):
            words = (*words, "--steps", "3")  # of a search
        if verb in ("interpolate", "traverse") and "encode" in capabilities(model):
            words = (*words, "--split", "all")
        code, _, err = genzoo(verb, "run", *words)
        written = (tmp_path / words[words.index("--out") + 1]).is_file()
        if verb == "cluster" and model.requires and "encode" in capabilities(model):
            assert (code, written) == (2, False)
            assert "together with its" in err
        elif VERBS[verb].possible(capabilities(model)):
            assert (code, err, written) == (0, "", True), (verb, err)
        else:
            assert code == 2, verb
            assert f"cannot {verb}" in err
            assert not written
    assert genzoo("info", "run")[0] == 0


def test_the_tree_shows_every_model_with_its_formula(genzoo, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    code, out, _ = genzoo("models")
    assert code == 0
    for name, entry in catalogue().items():
        assert f"{name}  {entry.title}" in out
        assert entry.formula in out
        assert entry.reference in out


def test_the_markdown_table_has_a_row_for_every_model(genzoo):
    code, out, _ = genzoo("models", "--markdown")
    assert code == 0
    assert out == markdown_table() + "\n"
    lines = out.splitlines()
    assert len(lines) == 2 + len(catalogue())
    assert {line.replace("\\|", "").count("|") for line in lines} == {6}


def test_the_json_of_the_models_lists_their_capabilities(genzoo):
    said = json.loads(genzoo("models", "--json")[1])
    assert said == rows()
    assert [row["name"] for row in said] == list(catalogue())
