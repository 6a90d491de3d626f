"""`genzoo translate`: folders of any sizes under their own names, what is bad listed, what is done kept."""

import csv

import pytest
import torch
from translate_fakes import both_ways_run, drawing_run, picture, size_of, written

from genzoo.models import load_model

SIZES = {"a/one.png": (16, 16), "a/two.jpg": (40, 30), "b/one.png": (100, 20), "three.webp": (9, 12)}


@pytest.fixture
def photos(tmp_path):
    for seed, (name, size) in enumerate(SIZES.items()):
        picture(tmp_path / "photos" / name, size, seed)
    (tmp_path / "photos/broken.png").write_bytes(b"\x89PNG nonsense")
    (tmp_path / "photos/notes.txt").write_text("no image")
    return tmp_path / "photos"


@pytest.fixture
def pairs(tmp_path):
    for i in range(40):
        picture(tmp_path / "A" / f"{i}.png", (16, 16), i)
        picture(tmp_path / "B" / f"{i}.png", (16, 16), 100 + i)
    return "pairs:A::B"


@pytest.fixture
def both_ways(tmp_path, pairs):
    return both_ways_run(tmp_path / "both")


@pytest.fixture
def one_way(tmp_path, pairs):
    return drawing_run(tmp_path / "one", dropout=0.5, data=pairs)


def test_a_folder_comes_back_under_its_names_at_its_form_and_bad_files_are_listed(
    genzoo, both_ways, photos, tmp_path
):
    code, out, err = genzoo("translate", both_ways, "--data", photos, "--to", "A", "--out", "done")
    assert (code, err) == (0, "")
    done = tmp_path / "done"
    assert written(done) == ["a/one.png", "a/two.png", "b/one.png", "three.png"]
    sizes = {name: size_of(done / name) for name in written(done)}
    assert sizes == {
        "a/one.png": (16, 16),
        "a/two.png": (21, 16),
        "b/one.png": (80, 16),
        "three.png": (16, 21),
    }
    with (done / "skipped.csv").open() as file:
        rows = dict(csv.reader(file))
    assert set(rows) == {"file", "broken.png", "notes.txt"}
    assert "4 images" in out
    assert "left out: broken.png" in out


def test_at_their_own_scale_pictures_keep_their_size(genzoo, both_ways, photos, tmp_path):
    assert genzoo("translate", both_ways, "--data", photos, "--scale", "own", "--out", "done")[0] == 0
    for name, size in SIZES.items():
        made = (tmp_path / "done" / name).with_suffix(".png")
        assert size_of(made) == size


def test_interrupted_and_run_again_it_goes_on_and_ends_with_the_same_bytes(genzoo, one_way, photos, tmp_path):
    words = ("translate", one_way, "--data", photos, "--out")
    assert genzoo(*words, "whole")[0] == 0
    assert genzoo(*words, "again")[0] == 0
    again, whole = tmp_path / "again", tmp_path / "whole"
    for name in ("a/two.png", "three.png"):
        (again / name).unlink()  # as if it had stopped before them
    kept = (again / "b/one.png").stat().st_mtime_ns
    code, out, _ = genzoo(*words, "again")
    assert code == 0
    assert "2 images" in out
    assert "2 were there" in out
    assert (again / "b/one.png").stat().st_mtime_ns == kept
    for name in written(whole):
        assert (again / name).read_bytes() == (whole / name).read_bytes()


def test_what_is_there_by_other_settings_is_not_mixed_with_new_ones(genzoo, both_ways, photos, tmp_path):
    words = ("translate", both_ways, "--data", photos, "--out", "done")
    assert genzoo(*words)[0] == 0
    code, _, err = genzoo(*words, "--to", "A")
    assert code == 2
    assert "done: holds translations by other settings; give another name, or --overwrite" in err
    before = (tmp_path / "done/three.png").read_bytes()
    assert genzoo(*words, "--to", "A", "--overwrite")[0] == 0
    assert (tmp_path / "done/three.png").read_bytes() != before
    (tmp_path / "other").mkdir()
    (tmp_path / "other/mine.txt").write_text("mine")
    code, _, err = genzoo("translate", both_ways, "--data", photos, "--out", "other")
    assert code == 2
    assert "other: is there already and holds other things; give another name, or --overwrite" in err


def test_overwriting_writes_what_is_due_and_touches_no_other_file(genzoo, both_ways, photos, tmp_path):
    done = tmp_path / "done"
    picture(done / "mine.png", (4, 4))
    picture(done / "three.png", (4, 4))
    before = {name: (done / name).read_bytes() for name in ("mine.png", "three.png")}
    words = ("translate", both_ways, "--data", photos, "--overwrite", "--out", "done")
    for _ in range(2):
        assert genzoo(*words)[0] == 0
        assert (done / "mine.png").read_bytes() == before["mine.png"]
        assert (done / "three.png").read_bytes() != before["three.png"]


def test_a_page_has_before_after_and_back_or_the_true_partner(genzoo, both_ways, one_way):
    code, out, err = genzoo("translate", both_ways, "-n", 3, "--out", "both.png")
    assert (code, err) == (0, "")
    assert "given, as B, back" in out
    code, out, _ = genzoo("translate", one_way, "--split", "train", "-n", 3, "--out", "one.png")
    assert code == 0
    assert "given, as B, its partner" in out
    assert size_of("one.png") == (4 * (2 + 3 * 18), 4 * (2 + 3 * 18))


def test_a_page_of_other_images_shows_them_as_of_the_kind_given(genzoo, one_way, photos, tmp_path):
    (photos / "broken.png").unlink()
    code, out, err = genzoo("translate", one_way, "--data", photos, "-n", 2, "--out", "page.png")
    assert (code, err) == (0, "")
    assert "2 rows: given, as B)" in out


def test_noise_can_be_left_out(genzoo, one_way, photos, tmp_path):
    for seed in (0, 1):
        words = ("--temperature", 0, "--seed", seed, "--out", f"cold{seed}")
        assert genzoo("translate", one_way, "--data", photos, *words)[0] == 0
    cold = [(tmp_path / f"cold{seed}" / "three.png").read_bytes() for seed in (0, 1)]
    assert cold[0] == cold[1]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--to", "A", "--out", "x.png"), "makes B from A, not A from B; train one on swapped:DATA"),
        (("--out", "x"), "a folder is for the images of --data DATA"),
        (("--data", "nowhere/", "--out", "x"), "no such file or folder"),
        (("--out", "x.json"), "expected a name ending in .png or a folder"),
        (("-n", 0, "--out", "x.png"), "-n and --batch must be at least 1, got n=0"),
        (("--batch", 0, "--data", "A/", "--out", "x"), "-n and --batch must be at least 1"),
        (("--temperature", -1, "--out", "x.png"), "--temperature must not be negative, got -1"),
        (("--scale", "own", "--out", "x.png"), "--scale own: a page has images of the run's size; leave it"),
        (("--split", "val", "--data", "A/", "--out", "x"), "--split val: into a folder goes every image"),
        (("--as-is", "--data", "A/", "--out", "x"), "--as-is: this run was trained without --degrade"),
        (("--data", "mnist5k", "--out", "x"), "mnist5k: image files are wanted here; give one folder"),
        (("--data", "pairs:A::B", "--out", "x"), "pairs:A::B: image files are wanted here; give one folder"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_written(genzoo, one_way, tmp_path, words, says):
    code, _, err = genzoo("translate", one_way, *words)
    assert code == 2
    assert says in err
    assert not (tmp_path / "x").exists()
    assert not (tmp_path / "x.png").exists()


def test_noise_is_not_asked_of_a_run_that_has_none(genzoo, both_ways, tmp_path, photos):
    quiet = drawing_run(tmp_path / "quiet", data="pairs:A::B")
    for run, name in ((both_ways, "CycleGAN"), (quiet, "Pix2Pix")):
        code, _, err = genzoo("translate", run, "--temperature", 0.5, "--out", "x.png")
        assert code == 2
        assert f"--temperature 0.5: this {name} has no noise; leave it out" in err


def test_a_page_is_made_in_batches_as_large_as_they_are_asked_for(genzoo, both_ways, monkeypatch):
    seen = []
    original = type(load_model(both_ways)).translate
    monkeypatch.setattr(
        "genzoo.models.adversarial.cyclegan.CycleGAN.translate",
        lambda self, images, to="B": (seen.append(len(images)), original(self, images, to))[1],
    )
    words = ("translate", both_ways, "-n", 3, "--split", "all")
    assert genzoo(*words, "--batch", 2, "--out", "x.png")[0] == 0
    assert seen == [2, 1, 2, 1]


def test_a_run_that_does_not_translate_names_those_that_can(genzoo, uniform_run):
    code, _, err = genzoo("translate", uniform_run, "--out", "x.png")
    assert code == 2
    assert "cannot translate" in err
    assert "pix2pix" in err
    assert "cyclegan" in err


@pytest.mark.slow
def test_two_sets_train_a_run_that_translates_both_ways(genzoo, pairs, tmp_path):
    words = ("--size", 16, "--width", 2, "--blocks", 1, "--critic-width", 4, "--batch", 4)
    code, _, err = genzoo(
        "train", "cyclegan", "--data", "A::B", *words, "--images", 48, "--device", "cpu", "--out", "run"
    )
    assert code == 0, err
    assert sorted((tmp_path / "run/samples").glob("*.png"))
    assert genzoo("translate", "run", "--data", "B/", "--to", "A", "--out", "done")[0] == 0
    assert len(written(tmp_path / "done")) == 40
    with torch.no_grad():
        assert genzoo("info", "run")[0] == 0
