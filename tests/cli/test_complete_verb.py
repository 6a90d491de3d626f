"""`genzoo complete` by a net for any size, whose files keep sizes, names and known pixels, and by search."""

import csv

import numpy as np
import pytest
from PIL import Image
from run_fakes import RunFake, save_images, save_run

from genzoo.data.view import View
from genzoo.models.adversarial.completion import ContextCompletion
from genzoo.random import normal


class GreyRun(RunFake):
    """Images are one shade of grey each, z ~ N(0, I) of one number."""

    def draw_latents(self, n):
        return normal((n, 1), self.like)

    def decode(self, latents, given=None):
        return (0.5 + 0.1 * latents).view(-1, 1, 1, 1).expand(-1, *self.shape)

    def sample(self, n, given=None, *, temperature=1.0):
        return self.decode(self.draw_latents(n))


SIZES = {"a/one.png": (16, 16), "two.png": (40, 23)}


@pytest.fixture
def filler(tmp_path):
    model = ContextCompletion((3, 16, 16), window=8, width=2)
    return save_run(tmp_path / "filler", model, view=View(size=(16, 16), channels=3), data="photos/")


@pytest.fixture
def grey(tmp_path):
    data = save_images(tmp_path / "toy.npz", 12)
    return save_run(tmp_path / "grey", GreyRun((1, 4, 4)), data=data)


@pytest.fixture
def photos(tmp_path):
    for seed, (name, size) in enumerate(SIZES.items()):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path)
    (tmp_path / "photos/broken.png").write_bytes(b"nothing")
    return tmp_path / "photos"


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


@pytest.mark.parametrize("blend", [False, True])
def test_every_file_comes_back_at_its_size_with_what_was_known_untouched(
    genzoo, filler, photos, tmp_path, blend
):
    words = ("--blend",) if blend else ()
    code, out, err = genzoo("complete", filler, "--data", photos, "--mask", "left", *words, "--out", "done")
    assert (code, err) == (0, "")
    assert "2 images" in out
    assert "left out: broken.png" in out
    for name, (height, width) in SIZES.items():
        done, was = pixels(tmp_path / "done" / name), pixels(photos / name)
        assert done.shape == (height, width, 3)
        assert (done[:, width // 2 :] == was[:, width // 2 :]).all()
        assert (done[:, : width // 2] != was[:, : width // 2]).any()


def test_a_picture_that_the_mask_does_not_fit_is_left_out_and_the_others_go_on(
    genzoo, filler, photos, tmp_path
):
    hidden = np.zeros(SIZES["two.png"], np.uint8)
    hidden[5:9, 4:12] = 255
    Image.fromarray(hidden).save(tmp_path / "mask.png")
    code, out, err = genzoo("complete", filler, "--data", photos, "--mask", "mask.png", "--out", "done")
    assert (code, err) == (0, "")
    assert "1 images" in out
    reason = "--mask mask.png: is 40x23 (height x width), the images are 16x16"
    assert f"left out: a/one.png: {reason}" in out
    with (tmp_path / "done/skipped.csv").open(newline="") as table:
        rows = list(csv.reader(table))
    assert rows[0] == ["file", "reason"]
    assert ["a/one.png", reason] in rows
    assert "broken.png" in [name for name, _ in rows]
    done, was = pixels(tmp_path / "done/two.png"), pixels(photos / "two.png")
    assert (done[hidden == 0] == was[hidden == 0]).all()
    assert not (tmp_path / "done/a").exists()


@pytest.mark.parametrize(
    ("value", "says"), [(0, "hides nothing"), (255, "hides every pixel"), (None, "not an image file")]
)
def test_a_mask_that_is_none_is_refused_before_anything_is_written(
    genzoo, filler, photos, tmp_path, value, says
):
    if value is None:
        (tmp_path / "mask.png").write_text("no image")
    else:
        Image.fromarray(np.full((16, 16), value, np.uint8)).save(tmp_path / "mask.png")
    code, _, err = genzoo("complete", filler, "--data", photos, "--mask", "mask.png", "--out", "done")
    assert code == 2
    assert f"--mask mask.png: {says}" in err
    assert not (tmp_path / "done").exists()


def test_a_run_of_one_size_and_a_folder_of_nothing_are_refused(genzoo, filler, uniform_run, photos):
    code, _, err = genzoo("complete", uniform_run, "--data", photos, "--out", "done")
    assert code == 2
    assert "completes images of its own size; give NAME.png or NAME.npz" in err
    code, _, err = genzoo("complete", filler, "--out", "done")
    assert code == 2
    assert "a folder is for the images of --data DATA" in err


def test_a_run_that_only_decodes_searches_for_what_fits_around_the_hole(genzoo, grey):
    words = ("--mask", "bottom", "--split", "all", "-n", 3, "-k", 2, "--steps", 60, "--restarts", 2)
    code, _, err = genzoo("complete", grey, *words, "--out", "c.npz")
    assert (code, err) == (0, "")
    found = np.load("c.npz")
    drawn, real = found["completions"], found["originals"]
    assert (drawn[:, :, :, :2] == real[:, None, :, :2]).all()
    known = np.sort(real[:, 0, :2].reshape(3, 8))  # all equally near the hole: a median fits best
    assert (drawn[:, :, 0, 2:] > known[:, 3].reshape(3, 1, 1, 1) - 0.02).all()
    assert (drawn[:, :, 0, 2:] < known[:, 4].reshape(3, 1, 1, 1) + 0.02).all()
    assert genzoo("complete", grey, *words, "--blend", "--out", "b.npz")[0] == 0
    blended = np.load("b.npz")["completions"]
    assert (blended[:, :, :, :2] == real[:, None, :, :2]).all()
    assert np.ptp(blended[:, :, :, 2:], axis=(3, 4)).min() > 0  # the shades around it came in
    assert genzoo("complete", grey, *words, "--out", "c.png")[1].startswith(
        "wrote c.png  (3 rows: occluded, 2"
    )


def test_blending_changes_what_a_net_filled_in(genzoo, filler, photos):
    words = ("--data", photos, "--mask", "left", "-n", 1, "--split", "all")
    for flags, out in ((), "a.npz"), (("--blend",), "b.npz"):
        assert genzoo("complete", filler, *words, *flags, "--out", out)[0] == 0
    plain, blended = (np.load(name)["completions"] for name in ("a.npz", "b.npz"))
    assert plain.shape[:2] == (1, 1)  # a hole has one completion
    assert np.abs(plain - blended)[..., :8].max() > 0.01
    assert (plain == blended)[..., 8:].all()


@pytest.mark.parametrize(
    ("run", "words", "says"),
    [
        ("filler", ("--steps", 3), "--steps: ContextCompletion completes without a search; leave it out"),
        ("filler", ("--critic-weight", 0), "--critic-weight: ContextCompletion completes without a search"),
        ("filler", ("-k", 2), "-k 2: ContextCompletion has one completion of a hole; leave it out"),
        (
            "filler",
            ("--temperature", 0.5),
            "--temperature 0.5: ContextCompletion draws nothing; leave",
        ),
        ("filler", ("--split", "test", "--out", "done"), "--split test: a folder gets the images of every"),
        ("filler", ("--batch", 64, "--out", "done"), "--batch 64: a folder is filled one image at a time"),
        ("grey", ("--temperature", 0.5), "--temperature 0.5: GreyRun searches and draws nothing"),
        ("grey", ("--critic-weight", 1), "--critic-weight 1.0: the critic of GreyRun does not exist"),
        ("grey", ("--restarts", 0), "--restarts must be at least 1, got 0"),
        ("grey", ("--data", "photos/", "--out", "done"), "GreyRun completes images of its own size"),
    ],
)
@pytest.mark.usefixtures("filler", "grey", "photos")
def test_flags_of_the_other_way_to_complete_are_refused(genzoo, run, words, says):
    data = () if "--data" in words else ("--data", "photos/" if run == "filler" else "toy.npz")
    data += ("--split", "all") if data and "--out" not in words else ()
    out = () if "--out" in words else ("--out", "c.png")
    code, _, err = genzoo("complete", run, *data, *words, *out)
    assert code == 2
    assert says in err


def test_a_page_of_ones_own_pictures_shows_all_of_them(genzoo, filler, photos):
    one = photos / "two.png"
    code, out, err = genzoo("complete", filler, "--data", one, "--mask", "center", "--out", "one.png")
    assert (code, err) == (0, "")
    assert out == "wrote one.png  (1 rows: occluded, completion, original)\n"
    code, out, _ = genzoo("complete", filler, "--data", photos, "--mask", "center", "--out", "both.png")
    assert (code, out) == (0, "wrote both.png  (2 rows: occluded, completion, original)\n")
