"""`genzoo data` says all that there is to say, and overwrites nothing."""

import pytest

from genzoo.cli.data import command
from genzoo.data import cache_size
from genzoo.errors import BadInput


def test_counts_classes_reasons_and_cache_are_printed_and_a_sheet_is_written(folder, tmp_path, capsys):
    for i in range(20):
        (folder / f"cat/note{i:02}.txt").write_text("x")
    (folder / "cat/bad.png").write_text("x")
    command(str(folder), out=tmp_path / "sheet.png")
    said = " ".join(capsys.readouterr().out.split())
    for words in (
        "pets",
        "6x8, channels: 3",
        "20",
        "2: cat 10, dog 10",
        "21 files",
        "cache:",
        "8 more",
        "bad.png",
    ):
        assert words in said
    assert "note19" not in said
    assert (tmp_path / "sheet.png").read_bytes().startswith(b"\x89PNG")
    command(str(folder), out=tmp_path / "sheet.png", list_skipped=True)
    said = " ".join(capsys.readouterr().out.split())
    assert "note19" in said
    assert "is there already, and the same" in said


def test_a_different_sheet_is_not_overwritten_unasked(tmp_path):
    out = tmp_path / "sheet.png"
    command("digits", out=out)
    first = out.read_bytes()
    with pytest.raises(BadInput, match="is there already; give another name with --out"):
        command("digits", size="4", out=out)
    assert out.read_bytes() == first
    command("digits", size="4", out=out, overwrite=True)
    assert out.read_bytes() != first


def test_without_out_the_sheet_is_named_after_the_data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command("digits", size="4x6", channels=3, fit="pad", background="red")
    assert [p.name for p in tmp_path.iterdir()] == ["digits-sheet.png"]


def test_clearing_the_cache_says_what_it_freed(folder, tmp_path, capsys):
    command(str(folder), out=tmp_path / "sheet.png")
    assert cache_size()
    command(clear_cache=True)
    assert "freed" in capsys.readouterr().out
    assert not cache_size()


def test_a_sheet_of_another_format_is_refused_before_any_work(tmp_path):
    with pytest.raises(BadInput, match=r"expected a name ending in \.png"):
        command("nothing of that name", out=tmp_path / "a.gif")
