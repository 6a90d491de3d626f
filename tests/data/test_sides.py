"""DATA of two sides says which they are, and everything else is told what was expected."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genzoo.data.sides import Sides, sides_of
from genzoo.errors import BadInput


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("pairs:a::b", {"how": "matched", "a": "a", "b": "b"}),
        ("pairs:a::b::t.JSON", {"how": "matched", "a": "a", "b": "b", "table": "t.JSON"}),
        ("pairs:x/t.csv", {"how": "listed", "table": "x/t.csv"}),
        ("halves:f.zip", {"how": "halves", "a": "f.zip"}),
        ("hf:me/one:plain::hf:me/two", {"how": "unpaired", "a": "hf:me/one:plain", "b": "hf:me/two"}),
        ("stacked-mnist::mnist", {"how": "unpaired", "a": "stacked-mnist", "b": "mnist"}),
        ("pairs:./pairs:x::./halves:y", {"how": "matched", "a": "./pairs:x", "b": "./halves:y"}),
    ],
)
def test_each_form_is_taken_apart(source, expected):
    assert sides_of(source) == Sides(source, **expected)
    assert sides_of(f"swapped:{source}") == Sides(f"swapped:{source}", **expected, swapped=True)


@given(st.integers(0, 6))
def test_swapping_twice_is_not_swapping(times):
    assert sides_of("swapped:" * times + "a::b").swapped == bool(times % 2)


@pytest.mark.parametrize(
    "source", ["photos", "a/b.zip", "hf:me/one:plain", "series:x.npy", "./pairs:x", "./swapped:x", "C:/x"]
)
def test_any_other_source_has_one_side(source):
    assert sides_of(source) is None


def test_a_folder_with_two_colons_in_its_name_is_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a::b").mkdir()
    assert sides_of("a::b") is None
    assert sides_of("b::a").how == "unpaired"


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("a::b::c", "two sets are A::B, got 3 parts; pairs by a table are pairs:A::B::TABLE"),
        ("a::", "a part is empty"),
        ("::b", "a part is empty"),
        ("pairs:", "a part is empty"),
        ("halves:", "a part is empty"),
        ("pairs:a::::t.csv", "a part is empty"),
        ("pairs:a", "expected pairs:A::B, pairs:A::B::TABLE or pairs:TABLE"),
        ("pairs:a::t.json", "where TABLE ends in .json or .csv"),
        ("pairs:a::b::t.txt", "where TABLE ends in .json or .csv"),
        ("pairs:a::b::t.csv::d", "expected pairs:A::B, pairs:A::B::TABLE"),
        ("halves:a::b", "expected one source, each of whose images is two halves"),
        ("swapped:photos", "swapped: goes before pairs:A::B, halves:SOURCE or A::B, got 'photos'"),
        ("pairs:halves:a::b", r"a side is one source, got 'halves:a'; of a folder say \./halves:a"),
        ("a::swapped:b", "a side is one source, got 'swapped:b'"),
    ],
)
def test_what_is_no_form_is_refused_with_the_forms(source, says):
    with pytest.raises(BadInput, match=says):
        sides_of(source)
