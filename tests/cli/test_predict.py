import csv
import io
import json

import numpy as np
import pytest
import torch
from PIL import Image
from run_fakes import save_run

from genzoo.images import save_image
from genzoo.models.classifier import Classifier


@pytest.fixture
def halves():
    """Is the left or the right pixel brighter? By a classifier on the pixels that knows."""
    model = Classifier((1, 1, 2), classes=2)
    with torch.no_grad():
        model.head.weight.copy_(torch.tensor([[5.0, -5.0], [-5.0, 5.0]]))
    return model


@pytest.fixture
def run(tmp_path, halves):
    pixels = np.array([[9, 250], [250, 9], [200, 40], [40, 200], [120, 130]], np.uint8)
    labels = np.array([1, 0, 0, 1, 0])  # the last one is told wrong
    np.savez(tmp_path / "pairs.npz", images=pixels[:, None, :], labels=labels)
    return save_run(tmp_path / "run", halves, data=tmp_path / "pairs.npz", classes=("0", "1"))


def read(path):
    return list(csv.DictReader(io.StringIO(path.read_text())))


def test_a_table_has_a_row_for_each_item_with_class_and_probability(genzoo, run, tmp_path):
    code, out, err = genzoo("predict", run, "--split", "all", "--out", "p.csv")
    assert (code, err) == (0, "")
    assert "5 items, accuracy 0.8000 ± 0.1789" in out
    rows = read(tmp_path / "p.csv")
    assert [row["predicted"] for row in rows] == ["1", "0", "0", "1", "1"]
    assert [row["class"] for row in rows] == ["1", "0", "0", "1", "0"]
    assert float(rows[0]["probability"]) == pytest.approx(1 / (1 + np.exp(-10 * 241 / 255)), abs=1e-5)


def test_json_and_arrays_hold_the_same_and_the_confusion(genzoo, run, tmp_path):
    genzoo("predict", run, "--split", "all", "--out", "p.json")
    genzoo("predict", run, "--split", "all", "--limit", 4, "--out", "p.npz")
    said, found = json.loads((tmp_path / "p.json").read_text()), np.load("p.npz")
    assert said["accuracy"] == 0.8
    assert said["confusion"] == [[2, 1], [0, 2]]
    assert [row["predicted"] for row in said["items"]][:4] == [str(k) for k in found["predicted"]]
    np.testing.assert_allclose(found["probabilities"].sum(1), 1)
    assert found["labels"].tolist() == [1, 0, 0, 1]


def test_the_picture_shows_images_under_the_class_they_are_taken_for(genzoo, run, tmp_path):
    assert genzoo("predict", run, "--split", "all", "-n", 2, "--out", "p.png")[0] == 0
    with Image.open(tmp_path / "p.png") as page:
        assert page.mode == "RGB"
        assert page.height > 2 * 64


def test_the_classes_of_a_folder_are_matched_by_name_and_files_are_named(genzoo, halves, tmp_path):
    save_run(tmp_path / "west", halves, classes=("west", "east"))  # a folder has them in the other order
    for name, pixels in (("west", [1.0, 0.2]), ("east", [0.2, 1.0])):
        save_image(torch.tensor([[[pixels]]]), tmp_path / "mine" / name / "0.png")
    code, out, _ = genzoo("predict", "west", "--data", "mine", "--split", "all", "--out", "p.csv")
    assert code == 0
    assert "2 items, accuracy 1.0000" in out
    rows = read(tmp_path / "p.csv")
    assert {row["file"]: row["predicted"] for row in rows} == {"east/0.png": "east", "west/0.png": "west"}


def test_without_known_labels_there_is_no_accuracy(genzoo, run, tmp_path):
    np.save(tmp_path / "plain.npy", np.zeros((30, 1, 2), np.uint8))
    code, out, _ = genzoo("predict", run, "--data", "plain.npy", "--split", "all", "--out", "p.csv")
    assert code == 0
    assert "no labels, so no accuracy; mean probability 0.500" in out
    assert "true class" not in out
    assert "class" not in read(tmp_path / "p.csv")[0]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--out", "p.txt"), "expected a name ending in .csv, .png, .json or .npz"),
        (("--out", "pairs.npz"), "is there already"),
        (("--limit", "0", "--out", "p.csv"), "--limit must be at least 1"),
        (("--split", "tset", "--out", "p.csv"), "did you mean 'test'?"),
    ],
)
def test_bad_input_is_one_line(genzoo, run, words, says):
    code, out, err = genzoo("predict", run, *words)
    assert (code, out) == (2, "")
    assert says in err


def test_a_generative_run_is_told_how_to_become_a_classifier(genzoo, code_run):
    code, _, err = genzoo("predict", code_run, "--out", "p.csv")
    assert code == 2
    assert "CodeRun cannot predict" in err
