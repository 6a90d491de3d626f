import csv
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("sklearn")


def test_a_table_stands_beside_pixels_and_components(genzoo, code_run):
    code, out, err = genzoo("cluster", code_run, "--split", "all", "--seeds", "2")
    assert (code, err) == (0, "")
    assert "2 clusters of 40 items; mean ± sd of 2 beginnings" in out
    for words in ("code", "pixels", "pca", "k-means", "mixture", "NMI", "ARI"):
        assert words in out


def test_every_item_is_assigned_in_a_csv(genzoo, code_run):
    assert genzoo("cluster", code_run, "--split", "all", "-k", "3", "--out", "c.csv")[0] == 0
    with Path("c.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["index"]) for row in rows] == list(range(40))
    assert [row["class"] for row in rows] == ["0", "1"] * 20
    assert {row["cluster"] for row in rows} == {"0", "1", "2"}


def test_json_has_the_scores_and_the_items(genzoo, code_run):
    words = ("--split", "all", "--method", "mixture", "--seeds", "1", "--out", "c.json")
    assert genzoo("cluster", code_run, *words)[0] == 0
    found = json.loads(Path("c.json").read_text())
    assert len(found["items"]) == 40
    assert {one["features"] for one in found["agreement"]} == {"", "pixels", "pca"}
    assert all(0 <= one["nmi"] <= 1 for one in found["agreement"])


def test_a_picture_has_a_row_for_each_cluster(genzoo, code_run):
    words = ("--split", "all", "-k", "3", "-n", "5", "--out", "c.png")
    assert genzoo("cluster", code_run, *words)[0] == 0
    with Image.open("c.png") as picture:
        assert picture.size == (16 * (2 + 5 * 6), 16 * (2 + 3 * 6))


def test_without_labels_the_number_must_be_said(genzoo, code_run):
    np.savez("bare.npz", images=np.random.default_rng(0).integers(0, 256, (20, 4, 4), dtype=np.uint8))
    words = (code_run, "--data", "bare.npz", "--split", "all", "--out", "c.csv")
    code, _, err = genzoo("cluster", *words)
    assert code == 2
    assert "say how many clusters with -k" in err
    assert genzoo("cluster", *words, "-k", "2")[0] == 0
    assert {line.split(",")[2] for line in Path("c.csv").read_text().splitlines()[1:]} == {""}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("-k", "0"), "-k must be at least 1"),
        (("-k", "41", "--out", "c.csv"), "expected from 1 to 40"),
        (("--out", "c.txt"), "expected a name ending in .png, .csv or .json"),
        (("--seeds", "0"), "--seeds must be at least 1"),
        (("-n", "0", "--out", "c.png"), "-n must be at least 1"),
    ],
)
def test_bad_input_is_one_sentence(genzoo, code_run, words, says):
    code, _, err = genzoo("cluster", code_run, "--split", "all", *words)
    assert code == 2
    assert says in err


def test_without_scikit_learn_the_remedy_is_named(genzoo, code_run, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.cluster", None)
    code, _, err = genzoo("cluster", code_run, "--split", "all")
    assert code == 2
    assert "pip install 'genzoo[samples]'" in err
