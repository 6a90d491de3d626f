"""Tables of pairs: either format says the same, and what is ambiguous is refused."""

import json

import pytest

from genzoo.data.pair_tables import read_pairs
from genzoo.errors import BadInput

ROWS = [("1.png", "one.png"), ("deep/2.png", "two.png")]
FORMS = {
    "lists.json": json.dumps(ROWS),
    "objects.json": json.dumps([{"b": b, "a": a} for a, b in ROWS]),
    "inside.json": json.dumps({"pairs": ROWS}),
    "plain.csv": "a,b\n1.png,one.png\ndeep/2.png,two.png\n",
    "turned.csv": "B;A\n one.png ; ./1.png\n\ntwo.png;deep\\2.png\n",
    "tabs.CSV": "\ufeffa\tb\r\n1.png\tone.png\r\ndeep/2.png\ttwo.png",
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_of_a_table_says_the_same(name, tmp_path):
    path = tmp_path / name
    path.write_text(FORMS[name], encoding="utf-8")
    table = read_pairs(path)
    assert list(table.rows) == ROWS
    assert table.path == path


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("t.json", "[", "not valid JSON"),
        ("t.json", "{}", "expected a list of pairs .* got an object"),
        ("t.json", "3", "expected a list of pairs .* got 3"),
        ("t.json", "[]", "no row; expected a list of pairs"),
        ("t.json", '[["1.png"]]', "pair 1 is .*1.png.*expected a list of pairs"),
        ("t.json", '[["1.png", "one.png"], ["2.png", "b", "c"]]', "pair 2"),
        ("t.json", '[["1.png", 4]]', "pair 1"),
        ("t.json", '[{"a": "1.png"}]', "pair 1"),
        ("t.json", '[["", "x"]]', "pair 1"),
        ("t.csv", "", "expected two columns with the header a,b, its first row is ''"),
        ("t.csv", "a,b\n", "no row; expected two columns"),
        ("t.csv", "file,label\n1,2\n", "its first row is 'file,label'"),
        ("t.csv", "a,b,c\n1,2,3\n", "its first row is 'a,b,c'"),
        ("t.csv", "a,b\n1,2\n3\n", "line 3 is '3'; expected two columns"),
        ("t.csv", "a,b\n1,2,3\n", "line 2 is '1,2,3'"),
        ("t.csv", "a,b\n1,\n", "line 2 is '1,'"),
        ("t.csv", "a,b\n1,2\n1,3\n", "rows 1 and 2 both name '1' in A; a file belongs to one pair"),
        ("t.json", '[["1", "x"], ["2", "y"], ["3", "x"]]', "rows 1 and 3 both name 'x' in B"),
        ("t.txt", "a,b", r"is a \.json or \.csv file, got the suffix '\.txt'"),
    ],
)
def test_a_table_of_another_form_is_refused_with_the_place(name, text, says, tmp_path):
    (tmp_path / name).write_text(text)
    with pytest.raises(BadInput, match=says):
        read_pairs(tmp_path / name)


def test_a_missing_table_is_refused(tmp_path):
    with pytest.raises(BadInput, match=r"none.json: no such table of pairs"):
        read_pairs(tmp_path / "none.json")
