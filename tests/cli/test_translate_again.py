"""`genzoo translate` into a folder again: sources are safe, names stay, nothing by other weights is kept."""

import json
import zipfile

import numpy as np
import pytest
from translate_fakes import both_ways_run, picture, pixels, size_of, written

from genzoo.cli import translating
from genzoo.data.view import View


@pytest.fixture
def run(tmp_path):
    return both_ways_run(tmp_path / "run")


@pytest.fixture
def shots(tmp_path):
    for i in range(3):
        picture(tmp_path / "shots" / f"{i}.png", (16, 16), i)
    return tmp_path / "shots"


def contents(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def stopping_after(monkeypatch, n):
    """Translating is interrupted once `n` pictures are written, one at a time."""
    left = iter([True] * n)
    save = translating.save_image

    def saved(*words):
        if not next(left, False):
            raise KeyboardInterrupt
        save(*words)

    monkeypatch.setattr(translating, "_TOGETHER", 1)
    monkeypatch.setattr(translating, "save_image", saved)


@pytest.mark.parametrize("overwrite", [(), ("--overwrite",)])
@pytest.mark.parametrize("out", ["shots", "shots/deep/down", "./shots/../shots", "link"])
def test_the_source_folder_is_never_written_into(genzoo, run, shots, tmp_path, out, overwrite):
    (tmp_path / "link").symlink_to(shots)
    before = contents(shots)
    code, _, err = genzoo("translate", run, "--data", "shots", "--out", out, *overwrite)
    assert code == 2
    assert f"--out {out.removeprefix('./')}: is in the folder of --data shots" in err
    assert "--overwrite" not in err
    assert contents(shots) == before


def test_no_file_of_the_source_is_written_over_from_above_it_or_through_a_link(genzoo, run, shots, tmp_path):
    picture(shots / "shots/0.png", (16, 16), 7)
    before = contents(shots)
    for data, out in (("shots", "."), ("shots/1.png", "shots")):
        code, _, err = genzoo("translate", run, "--data", data, "--out", out, "--overwrite")
        assert code == 2
        assert f".png in it is a file of --data {data}, which would be lost; give another folder" in err
    assert contents(shots) == before


def test_what_is_overwritten_stays_until_its_translation_is_there(genzoo, run, shots, tmp_path, monkeypatch):
    done = tmp_path / "done"
    words = ("translate", run, "--data", "shots", "--out", "done")
    assert genzoo(*words)[0] == 0
    before = contents(done)
    with monkeypatch.context() as patch:
        stopping_after(patch, 1)
        assert genzoo(*words, "--to", "A", "--overwrite")[0] == 130
    stopped = contents(done)
    assert stopped["0.png"] != before["0.png"]
    assert (stopped["1.png"], stopped["2.png"]) == (before["1.png"], before["2.png"])
    code, out, _ = genzoo(*words, "--to", "A")
    assert code == 0
    assert "2 images" in out
    assert "1 were there" in out
    assert genzoo("translate", run, "--data", "shots", "--out", "new", "--to", "A")[0] == 0
    for name in ("0.png", "1.png", "2.png"):
        assert np.abs(pixels(done / name).astype(int) - pixels(tmp_path / "new" / name)).max() <= 1
    assert "3 were there" in genzoo(*words, "--to", "A")[1]


def test_translations_of_sources_that_are_gone_are_removed_by_overwriting_and_others_stay(
    genzoo, run, shots, tmp_path
):
    words = ("translate", run, "--data", "shots", "--out", "done")
    assert genzoo(*words)[0] == 0
    picture(tmp_path / "done/mine.png", (4, 4))
    (shots / "0.png").unlink()
    assert "2 were there" in genzoo(*words)[1]
    assert genzoo(*words, "--overwrite")[0] == 0
    assert written(tmp_path / "done") == ["1.png", "2.png", "mine.png"]


def test_a_file_that_is_no_translation_is_neither_removed_nor_taken_for_one(genzoo, run, shots, tmp_path):
    (shots / "1.png").write_bytes(b"nonsense")
    picture(tmp_path / "done/1.png", (4, 4))
    mine = (tmp_path / "done/1.png").read_bytes()
    words = ("translate", run, "--data", "shots", "--out", "done")
    for more in (("--overwrite",), (), ("--overwrite",)):
        assert "left out: 1.png" in genzoo(*words, *more)[1]
        assert (tmp_path / "done/1.png").read_bytes() == mine
    picture(shots / "1.png", (16, 16), 1)
    assert "1 images" in genzoo(*words)[1]
    assert size_of(tmp_path / "done/1.png") == (16, 16)


def test_a_run_trained_anew_at_the_same_place_is_another_one(genzoo, run, shots, tmp_path):
    words = ("translate", run, "--data", "shots", "--out", "done")
    assert genzoo(*words)[0] == 0
    both_ways_run(run, seed=1)
    code, _, err = genzoo(*words)
    assert code == 2
    assert "done: holds translations by other settings; give another name, or --overwrite" in err


def test_a_name_once_given_stays_and_a_new_file_gets_its_own(genzoo, run, shots, tmp_path):
    words = ("translate", run, "--data", "shots", "--out", "done")
    picture(shots / "cat.jpg", (16, 16), 5)
    assert genzoo(*words)[0] == 0
    jpg = (tmp_path / "done/cat.png").read_bytes()
    picture(shots / "cat.bmp", (16, 16), 6)  # comes first
    code, out, _ = genzoo(*words)
    assert code == 0
    assert "1 images" in out
    assert "4 were there" in out
    assert (tmp_path / "done/cat.png").read_bytes() == jpg
    assert (tmp_path / "done/cat-2.png").read_bytes() != jpg
    files = json.loads((tmp_path / "done/translate.json").read_text())["files"]
    assert (files["cat.jpg"], files["cat.bmp"]) == ("cat.png", "cat-2.png")


def test_a_picture_keeps_the_scale_that_it_was_trained_at_by_its_longer_side_if_padded(genzoo, tmp_path):
    run = both_ways_run(tmp_path / "run", view=View(size=(16, 16), channels=3, fit="pad"))
    picture(tmp_path / "wide/0.png", (100, 300))
    assert genzoo("translate", run, "--data", "wide", "--out", "done")[0] == 0
    assert size_of(tmp_path / "done/0.png") == (5, 16)


def test_notes_that_are_not_ours_are_other_things(genzoo, run, shots, tmp_path):
    (tmp_path / "done").mkdir()
    (tmp_path / "done/translate.json").write_text("[1, 2]")
    code, _, err = genzoo("translate", run, "--data", "shots", "--out", "done")
    assert code == 2
    assert "done: is there already and holds other things" in err


def test_an_archive_beside_its_translations_is_a_source_like_any(genzoo, run, shots, tmp_path):
    with zipfile.ZipFile(tmp_path / "done.zip", "w") as archive:
        archive.write(shots / "0.png", "0.png")
    assert genzoo("translate", run, "--data", "done.zip", "--out", "done")[0] == 0
    assert written(tmp_path / "done") == ["0.png"]


def test_a_file_is_no_folder_and_pictures_that_none_can_read_are_an_error(genzoo, run, shots, tmp_path):
    (tmp_path / "taken").write_text("mine")
    code, _, err = genzoo("translate", run, "--data", shots, "--out", "taken")
    assert (code, (tmp_path / "taken").read_text()) == (2, "mine")
    assert "--out taken: is a file; give a folder" in err
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad/a.png").write_text("no picture")
    code, out, err = genzoo("translate", run, "--data", "bad", "--out", "done")
    assert code == 2
    assert "left out: a.png" in out
    assert "--data bad: no image in it can be read" in err
