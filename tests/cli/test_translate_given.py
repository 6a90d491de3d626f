"""What `genzoo translate` gives a run: outlines of any whole pictures, each side's own colours."""

import numpy as np
import pytest
import torch
from PIL import Image
from translate_fakes import drawing_run, picture

from genzoo.cli import translate_page
from genzoo.data.degrade import degraded
from genzoo.data.view import View
from genzoo.models.adversarial.pix2pix import Pix2Pix

EDGES, MASKED = (View(size=(16, 16), channels=3, degrade=how) for how in ("edges", "masked"))


@pytest.fixture
def photos(tmp_path):
    for i in range(12):
        picture(tmp_path / "ph" / f"{i:02}.png", (16, 16), i)
    return tmp_path / "ph"


@pytest.fixture
def seen(monkeypatch):
    """The pictures that the net is given."""
    pictures, original = [], Pix2Pix.generate

    def generate(self, latents, given=None):
        pictures.append(given.images.clone())
        return original(self, latents, given)

    monkeypatch.setattr(Pix2Pix, "generate", generate)
    return pictures


def loaded(folder, channels=3):
    kind = "RGB" if channels == 3 else "L"
    arrays = [np.asarray(Image.open(p).convert(kind)).reshape(16, 16, -1) for p in sorted(folder.iterdir())]
    return torch.from_numpy(np.stack(arrays)).permute(0, 3, 1, 2).float() / 255


def same_set(a, b):
    rows = [sorted(map(tuple, x.flatten(1).tolist())) for x in (a, b)]
    np.testing.assert_allclose(rows[0], rows[1], atol=1e-6)


@pytest.mark.parametrize(("view", "given"), [(EDGES, 1), (MASKED, 3)])
@pytest.mark.parametrize("data", ["ph", "./ph", "ph/", "copy"])
@pytest.mark.parametrize("out", ["x.png", "x"])
def test_whole_pictures_are_degraded_however_they_are_named_and_wherever_they_go(
    genzoo, photos, tmp_path, seen, view, given, data, out
):
    for i in range(12):
        picture(tmp_path / "copy" / f"{i:02}.png", (16, 16), i)
    run = drawing_run(tmp_path / "run", given=given, view=view)
    split = ("--split", "all", "-n", 12) if out == "x.png" else ()
    code, said, err = genzoo("translate", run, "--data", data, *split, "--out", out)
    assert (code, err) == (0, "")
    same_set(torch.cat(seen), degraded(loaded(photos), view.degrade))
    assert "made of whole pictures as in training; --as-is takes data that are so already" in said


@pytest.mark.parametrize("out", ["x.png", "x"])
def test_as_is_pictures_are_given_as_they_are(genzoo, photos, tmp_path, seen, out):
    run = drawing_run(tmp_path / "run", given=1, view=EDGES)
    split = ("-n", 12, "--split", "all") if out == "x.png" else ()
    code, said, err = genzoo("translate", run, "--data", "ph", "--as-is", *split, "--out", out)
    assert (code, err) == (0, "")
    same_set(torch.cat(seen), loaded(photos, 1))
    assert "given: data as they are, taken for what was given in training: drawings of their outlines" in said


def test_as_is_or_not_is_a_setting_of_the_folder(genzoo, photos, tmp_path):
    run = drawing_run(tmp_path / "run", given=1, view=EDGES)
    assert genzoo("translate", run, "--data", "ph", "--out", "done")[0] == 0
    code, _, err = genzoo("translate", run, "--data", "ph", "--as-is", "--out", "done")
    assert code == 2
    assert "holds translations by other settings" in err


def test_of_a_large_picture_each_tile_is_degraded_as_a_picture_was(genzoo, tmp_path, seen):
    picture(tmp_path / "wide/0.png", (16, 32))
    run = drawing_run(tmp_path / "run", view=MASKED)
    assert genzoo("translate", run, "--data", "wide", "--out", "done")[0] == 0
    tiles = torch.cat(seen)
    assert len(tiles) == 3
    assert (tiles[:, :, 4:12, 4:12] == 128 / 255).all()


def test_what_as_is_cannot_be_said_of_and_pairs_for_a_run_of_whole_pictures_are_refused(
    genzoo, photos, tmp_path
):
    run = drawing_run(tmp_path / "run", given=1, view=EDGES)
    code, _, err = genzoo("translate", run, "--as-is", "--out", "x.png")
    assert code == 2
    assert "--as-is: the run's own data are whole pictures; name others by --data DATA" in err
    picture(tmp_path / "drawn/00.png", (16, 16), channels=1)
    picture(tmp_path / "drawn/01.png", (16, 16), 1, channels=1)
    words = ("translate", run, "--data", "pairs:drawn::ph", "-n", 2, "--split", "all", "--out", "x.png")
    code, _, err = genzoo(*words)
    assert code == 2
    assert "takes whole pictures, not pairs; add --as-is if A are drawings of their outlines" in err
    code, out, _ = genzoo(*words, "--as-is")
    assert code == 0
    assert "given, as B, its partner" in out


def test_each_side_of_other_pairs_is_shown_in_its_own_colours(genzoo, photos, tmp_path, monkeypatch):
    for i in range(12):
        picture(tmp_path / "maps" / f"{i:02}.png", (16, 16), i, channels=1)
    run = drawing_run(tmp_path / "run", given=1, view=View(size=(16, 16)), data="pairs:other::others")
    columns = []
    original = translate_page.side_by_side
    monkeypatch.setattr(
        translate_page, "side_by_side", lambda parts: (columns.extend(parts), original(parts))[1]
    )
    words = ("--split", "all", "-n", 12, "--out", "x.png")
    code, _, err = genzoo("translate", run, "--data", "pairs:maps::ph", *words)
    assert (code, err) == (0, "")
    given, made, partners = columns
    assert (given.shape[1], made.shape[1], partners.shape[1]) == (1, 3, 3)
    same_set(given, loaded(tmp_path / "maps", 1))
    same_set(partners, loaded(photos))
