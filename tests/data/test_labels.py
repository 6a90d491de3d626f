"""Labels from class folders and CSVs; splits as the source says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genzoo.data import load
from genzoo.data.labels import numbered, of_table, read_table
from genzoo.errors import BadInput


def test_class_folders_are_labels(folder):
    data = load(folder)
    assert data.classes == ("cat", "dog")
    assert [data.classes[n] for n in data.labels] == [name.split("/")[0] for name in data.names]


def test_images_beside_class_folders_mean_no_labels_and_a_note(folder, picture):
    (folder / "loose.png").write_bytes(picture(77))
    data = load(folder)
    assert data.labels is None
    assert data.notes[0] == "no labels: 1 of 21 images lie in no class folder"


def test_a_csv_labels_the_files_it_names_and_the_others_are_listed(tmp_path, picture):
    for i in range(4):
        (tmp_path / f"{i}.png").write_bytes(picture(i))
    (tmp_path / "labels.csv").write_text("file,label\n0.png,b\n1.png,a\n2,b\n7.png,a\n")
    data = load(tmp_path)
    assert data.names == ("0.png", "1.png", "2.png")
    assert [data.classes[n] for n in data.labels] == ["b", "a", "b"]
    assert [(s.path, s.reason) for s in data.skipped] == [("3.png", "no row in labels.csv")]
    assert data.notes[0] == "labels.csv: 1 of its 4 rows name no image of the source"


def test_any_single_csv_with_the_columns_counts_and_another_is_listed(tmp_path, picture, zipped):
    root = tmp_path / "set"
    root.mkdir()
    (root / "a.png").write_bytes(picture(0))
    (root / "b.png").write_bytes(picture(1))
    (root / "info.csv").write_text("x,y\n1,2\n")
    assert load(root).labels is None
    (root / "info.csv").write_text("\ufefffilename;class\na.png;5\nb.png;10\n", encoding="utf-8")
    assert load(root).classes == ("5", "10")
    assert load(zipped(root, "a.zip", inside="wrap/")).classes == ("5", "10")


def test_a_csv_outside_can_be_given_and_its_change_is_seen(folder, tmp_path):
    table = tmp_path / "t.csv"
    rows = [f"{kind}/{i}.png,{i % 3}" for kind in ("cat", "dog") for i in range(10)]
    table.write_text("file,label\n" + "\n".join(rows))
    assert load(folder, labels=table).classes == ("0", "1", "2")
    table.write_text("file,label\n" + "\n".join(rows).replace(",2", ",9999"))
    assert load(folder, labels=table).classes == ("0", "1", "9999")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,size\na,1\n", "expected the columns file,label"),
        ("file,label\na.png\n", "line 2 has no label"),
        ("file,label\na.png,1\na.png,2\n", "line 3 gives 'a.png' the label '2', earlier '1'"),
        ("file,label\nzzz.png,1\n", "names none of the 20 images"),
        ("", "labels.csv: empty file"),
        ("\n", "expected the columns"),
    ],
)
def test_a_bad_table_is_one_clear_error(folder, text, message):
    (folder / "labels.csv").write_text(text)
    with pytest.raises(BadInput, match=message):
        load(folder)


def test_a_name_that_two_files_have_labels_neither():
    labels, unmatched = of_table(["a/1.png", "b/1.png"], {"1.png": "x", "b/1.png": "y"})
    assert labels == [None, "y"]
    assert unmatched == 1


@given(st.lists(st.text(min_size=1, max_size=4), min_size=1, max_size=30))
def test_numbering_classes_is_invertible_and_ordered(names):
    numbers, classes = numbered(names)
    assert [classes[n] for n in numbers] == names
    assert len(set(classes)) == len(classes)
    assert numbered(names[::-1])[1] == classes


def test_numbers_as_classes_are_ordered_as_numbers():
    assert numbered(["10", "2", "1"])[1] == ("1", "2", "10")


@given(
    st.dictionaries(st.from_regex(r"[a-z]{1,5}\.png", fullmatch=True), st.sampled_from(["a", "b,c", 'd"']))
)
def test_what_csv_writes_is_read_back(rows):
    import csv
    import io

    stream = io.StringIO()
    csv.writer(stream).writerows([("file", "label"), *rows.items()])
    assert read_table(stream.getvalue().encode(), "t") == rows


@pytest.fixture
def said(tmp_path, picture):
    """Folders named after splits, of class folders."""
    root = tmp_path / "said"
    for split, count in (("train", 60), ("test", 4)):
        for kind in ("cat", "dog"):
            (root / split / kind).mkdir(parents=True)
            for i in range(count):
                (root / split / kind / f"{i}.png").write_bytes(picture(i + count, (4, 4)))
    return root


def _names(data, split):
    return {data.names[i] for i in data.splits[split]}


def test_folders_named_after_splits_are_splits_and_val_comes_from_train(said):
    data = load(said)
    assert data.classes == ("cat", "dog")
    assert _names(data, "test") == {n for n in data.names if n.startswith("test/")}
    assert all(name.startswith("train/") for name in _names(data, "val") | _names(data, "train"))
    assert 0 < len(data.splits["val"]) < 20
    assert sum(map(len, data.splits.values())) == len(data) == 128


def test_archives_named_after_splits_are_splits(said, zipped, tmp_path):
    root = tmp_path / "packed"
    root.mkdir()
    for split in ("train", "test"):
        zipped(said / split, f"{split}.zip").rename(root / f"{split}.zip")
    data = load(root)
    assert data.classes == ("cat", "dog")
    assert len(data.splits["test"]) == 8
    assert data.names[0] == "test.zip/cat/0.png"
    assert load(root).fingerprint == data.fingerprint


def test_a_source_that_says_val_and_no_test_keeps_its_val(said):
    (said / "test").rename(said / "valid")
    data = load(said)
    assert _names(data, "val") == {n for n in data.names if n.startswith("valid/")}
    assert len(data.splits["test"]) > 0


def test_files_outside_the_split_folders_are_listed(said, picture):
    (said / "extra.png").write_bytes(picture(0, (4, 4)))
    [skipped] = load(said).skipped
    assert skipped.path == "extra.png"
    assert skipped.reason.startswith("outside the folders named train")


def test_a_lone_train_folder_only_wraps(said):
    import shutil

    shutil.rmtree(said / "test")
    data = load(said)
    assert all(len(data.splits[s]) for s in ("train", "val", "test"))
    assert data.classes == ("cat", "dog")
