"""Which files belong together: every file is in one pair, or listed with its reason."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from genzoo.data import View, load
from genzoo.errors import BadInput

FIRST = 100  # the first seed of B's pictures; A's are 0, 1, …


@pytest.fixture
def sides(tmp_path, picture, monkeypatch):
    """Two folders, `a` and `b`, of files named as told: `sides(["1.png"], ["1.jpg"])`."""
    monkeypatch.chdir(tmp_path)

    def write(names_a, names_b):
        for root, names, first in (("a", names_a, 0), ("b", names_b, FIRST)):
            for i, name in enumerate(names):
                path = tmp_path / root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(picture(first + i))
        return tmp_path

    return write


def _reasons(data):
    return {s.path: s.reason for s in data.skipped}


def _seeds(data, picture):
    """(seed of A, seed of B) of each pair, read from the pixels."""

    def pixels(seed):
        return np.asarray(Image.open(io.BytesIO(picture(seed)))).transpose(2, 0, 1).tobytes()

    seed_of = {pixels(seed): seed for seed in (*range(20), *range(FIRST, FIRST + 20))}
    return [(seed_of[a.tobytes()], seed_of[b.tobytes()]) for a, b in zip(data.given, data.items, strict=True)]


def test_one_path_but_for_the_suffix_is_a_pair_and_all_else_is_listed(sides, picture):
    sides(["x/1.png", "x/2.png", "y/1.png", "Z.png", "only.png"], ["y/1.jpg", "x/1.webp", "z.png", "x/3.png"])
    data = load("pairs:a::b")
    assert (data.name, data.names) == ("a-to-b", ("x/1.webp", "y/1.jpg"))
    assert _seeds(data, picture) == [(0, FIRST + 1), (2, FIRST)]
    assert _reasons(data) == {
        "A: Z.png": "no partner of this name in B",
        "A: only.png": "no partner of this name in B",
        "A: x/2.png": "no partner of this name in B",
        "B: x/3.png": "no partner of this name in A",
        "B: z.png": "no partner of this name in A",
    }
    with pytest.raises(BadInput, match=r"--strict, and 5 files can not be used .A: Z.png: no partner"):
        load("pairs:a::b", strict=True)


def test_files_that_can_not_be_used_are_listed_with_their_partners(sides):
    root = sides(["1.png", "2.png"], ["1.png", "2.png", "3.png"])
    (root / "a/1.png").write_text("no image")
    (root / "b/3.txt").write_text("words")
    (root / "a/3.txt").write_text("words")
    assert _reasons(load("pairs:a::b")) == {
        "A: 1.png": "not an image, whatever its name says",
        "A: 3.txt": "not an image file (.txt)",
        "B: 1.png": "its partner in A is missing or can not be used",
        "B: 3.png": "no partner of this name in A",
        "B: 3.txt": "not an image file (.txt)",
    }


def test_folders_that_hold_a_whole_side_do_not_keep_paths_apart(sides, picture, zipped):
    root = sides(["train/1.png", "test/1.png"], ["train/1.png", "test/1.png"])
    zipped(root / "a", "photos.zip", inside="photos/")
    zipped(root / "b", "labels.zip", inside="set/labels/")
    data = load("pairs:photos.zip::labels.zip")
    assert sorted(_seeds(data, picture)) == [(0, FIRST), (1, FIRST + 1)]
    assert data.notes[0] == "matched by their paths below the folders that hold all of A and all of B"


def test_where_no_path_matches_the_file_name_alone_does(sides, picture):
    sides(["train/1.png", "test/2.png"], ["1.png", "2.png"])
    data = load("pairs:a::b")
    assert sorted(_seeds(data, picture)) == [(0, FIRST), (1, FIRST + 1)]
    assert "whatever the folder" in data.notes[0]
    assert data.splits["test"].tolist() == [i for i, name in enumerate(data.names) if name == "2.png"]


def test_two_files_of_one_name_are_refused_if_they_have_a_partner(sides):
    root = sides(["1.png", "1.jpg", "2.png"], ["1.png", "2.png"])
    with pytest.raises(BadInput, match=r"pairs:a::b: 1.jpg and 1.png of A are called the same; rename one"):
        load("pairs:a::b")
    (root / "b/1.png").unlink()
    assert set(_reasons(load("pairs:a::b"))) == {"A: 1.jpg", "A: 1.png"}


def test_no_match_at_all_names_two_files_of_each_side_and_the_remedy(sides):
    sides(["1.png", "2.png", "3.png"], ["x.png"])
    with pytest.raises(BadInput, match=r"A has '1.png', '2.png'; B has 'x.png'.*pairs:A::B::TABLE"):
        load("pairs:a::b")


def test_data_without_names_can_not_be_matched():
    with pytest.raises(BadInput, match="pairs:digits::digits: digits has no named files"):
        load("pairs:digits::digits")


def test_built_in_sets_with_names_can_be_matched(tmp_path):
    view = View(size=(256, 256), channels=1)
    data = load("pairs:photos::photos", view)
    assert (data.items == data.given).all()
    assert len(data) == len(load("photos", view))
    (tmp_path / "t.json").write_text(json.dumps([[name, name] for name in data.names[2:5]]))
    assert load(f"pairs:photos::photos::{tmp_path}/t.json", view).names == data.names[2:5]


def test_a_table_matches_by_path_or_by_file_name_and_the_rest_is_listed(sides, picture):
    root = sides(["x/1.png", "x/2.png", "3.png", "4.png", "x/5.png"], ["one.png", "two.png", "three.png"])
    (root / "b/bad.png").write_text("no image")
    rows = [["x/2.png", "two"], ["1", "one.png"], ["9.png", "three.png"], ["4.png", "bad.png"]]
    (root / "t.json").write_text(json.dumps(rows))
    data = load("pairs:a::b::t.json")
    assert _seeds(data, picture) == [(0, FIRST), (1, FIRST + 1)]
    assert _reasons(data) == {
        "A: 3.png": "no row of t.json names it in A",
        "A: 4.png": "its partner in B is missing or can not be used",
        "A: 9.png": "t.json names it, and it is not there",
        "A: x/5.png": "no row of t.json names it in A",
        "B: bad.png": "not an image, whatever its name says",
        "B: three.png": "its partner in A is missing or can not be used",
    }
    (root / "t.csv").write_text("b,a\none,x/1.png\ntwo.png,2\nthree,9.png\nbad.png,4\n")
    other = load("pairs:a::b::t.csv")
    assert other.names == data.names
    assert other.fingerprint == data.fingerprint


def test_a_name_that_several_files_have_is_no_name_in_a_table(sides):
    root = sides(["x/1.png", "y/1.png", "2.png"], ["1.png", "2.png"])
    (root / "t.csv").write_text("a,b\n1,1\n2,2\n")
    data = load("pairs:a::b::t.csv")
    assert _reasons(data)["A: 1"] == "t.csv names it, and several files are called so"
    assert data.names == ("2.png",)


def test_a_table_that_names_a_file_in_two_ways_is_refused(sides):
    root = sides(["x/1.png", "2.png"], ["1.png", "2.png"])
    (root / "t.csv").write_text("a,b\n1,1\nx/1.png,2\n")
    with pytest.raises(BadInput, match=r"rows 1 and 2 both name 'x/1.png' in A; a file belongs to one pair"):
        load("pairs:a::b::t.csv")


def test_a_table_of_other_files_is_refused_with_an_example(sides):
    root = sides(["1.png"], ["1.png"])
    (root / "t.csv").write_text("a,b\nx,y\n")
    with pytest.raises(
        BadInput, match=r"no row names a file of A and one of B .the first is 'x', 'y'; A has"
    ):
        load("pairs:a::b::t.csv")


def test_a_table_alone_names_files_from_its_own_folder(sides, picture):
    root = sides(["1.png", "2.png"], ["one.png", "two.png"])
    (root / "sets").mkdir()
    (root / "sets/t.json").write_text(
        json.dumps([["../a/2.png", "../b/one.png"], ["../a/1.png", "../b/two.png"], ["no.png", "nil.png"]])
    )
    data = load("pairs:sets/t.json")
    assert data.name == "t-a-to-b"
    assert _seeds(data, picture) == [(0, FIRST + 1), (1, FIRST)]
    assert set(_reasons(data)) == {"A: no.png", "B: nil.png"}
    assert load("swapped:pairs:sets/t.json").name == "t-b-to-a"
    (root / "sets/t.json").write_text('[["1.png", "2.png"]]')
    with pytest.raises(
        BadInput, match=r"none of the files that it names in A is there .the first is '1.png'"
    ):
        load("pairs:sets/t.json")
