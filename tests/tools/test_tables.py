"""README and docs say what the registry, the recipes and the recorded figures say."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def tables():
    spec = importlib.util.spec_from_file_location("tables", ROOT / "tools" / "tables.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_readme_and_docs_have_the_tables_that_the_code_gives(tables):
    stale = [path.name for path in tables.stale()]
    assert not stale, f"run `make readme`: {stale}"


def test_a_stale_part_is_found_and_the_text_around_it_kept(tables):
    text = "before\n<!-- commands -->\nold\n<!-- /commands -->\nafter\n"
    new = tables.filled(text)
    assert new.startswith("before\n<!-- commands -->\n")
    assert new.endswith("<!-- /commands -->\nafter\n")
    assert "old" not in new
    assert "`sample`" in new
    assert tables.filled(new) == new


def test_parts_of_other_tools_are_left_alone(tables):
    text = "<!-- tour stop=3 -->\nold\n<!-- /tour -->\n"
    assert tables.filled(text) == text


def test_a_recorded_run_stands_beside_its_published_figure(tables, tmp_path, monkeypatch):
    figure = {
        "name": "elbo",
        "value": -98.76543,
        "stderr": 0.4321,
        "n": 10_000,
        "unit": "nats",
        "kind": "bound",
        "protocol": "mnist test, dynamic binarization, 16 draws an item",
        "seed": 0,
        "samples": 16,
    }
    run = {
        "recipe": "vae-mnist",
        "command": "genzoo train vae-mnist",
        "data": "mnist",
        "protocol": "",
        "published": "-100 nats",
        "machine": {"cpu": "A processor", "threads": 1, "cuda": None, "torch": "2.11"},
        "parameters": 1_234,
        "images_seen": 5_000,
        "minutes": 20.0,
        "figures": [figure],
    }
    monkeypatch.setattr(tables, "RESULTS", tmp_path)
    tables.write_json(tmp_path / "vae-mnist.json", run)
    written = tables.result_table("")
    for part in (
        "elbo ≥ -98.77 ± 0.43 nats",
        "-100 nats",
        "10,000 items",
        "20 min",
        "A processor, 1 thread",
    ):
        assert part in written


def test_a_command_is_recorded_without_the_folders_of_its_machine(tables):
    words = ["genzoo", "train", "vae-mnist", "--data", "/data/mnist", "--out", "/somewhere/runs/vae"]
    assert tables.generic(words) == "genzoo train vae-mnist --data mnist"
