"""Moving digits: the law of motion, the walls, and what may follow a first frame."""

import numpy as np
import pytest

from genzoo.data import View, load
from genzoo.data.batches import in_order
from genzoo.data.dataset import Dataset
from genzoo.data.moving_digits import (
    CANVAS,
    COUNTS,
    DIRECTIONS,
    FRAMES,
    SPEED,
    moves,
    moving,
    places,
    possible_futures,
)
from genzoo.errors import BadInput

SMALL = {"train": 60, "val": 5, "test": 20}
SIDE = 8


def grey(n=30, side=SIDE):
    """Squares without a black pixel, each of its own grey; labels take turns."""
    items = np.repeat(np.arange(1, n + 1, dtype=np.uint8), side * side).reshape(n, 1, side, side)
    splits = {"train": np.arange(n - 10), "val": np.arange(n - 10, n - 5), "test": np.arange(n - 5, n)}
    labels = np.arange(n) % 3
    return Dataset("toy", "images", items, splits, labels=labels, classes=("a", "b", "c"), fingerprint="abc")


def corners(film):
    """The upper left corner of what is not black in each frame."""
    frames = film.reshape(FRAMES, CANVAS, CANVAS)
    return np.array([[np.flatnonzero(frame.any(axis)).min() for axis in (1, 0)] for frame in frames])


def test_what_is_painted_obeys_the_law():
    data = moving(grey(), SMALL)
    for split, n in SMALL.items():
        drawn = moves(split, n, SIDE)
        films = data.items[data.split(split), 0]
        for film, where in zip(films, places(drawn.start, drawn.direction, SIDE), strict=True):
            assert (corners(film) == where).all()
            assert (film != 0).sum() == FRAMES * SIDE**2  # whole, in every frame


def test_away_from_walls_it_goes_straight_on_at_the_speed():
    for direction in range(DIRECTIONS):
        where = places(np.array([[12, 12]]), np.array([direction]), SIDE)[0]
        angle = 2 * np.pi * direction / DIRECTIONS
        for t, (row, column) in enumerate(where[:4]):  # at most 9 pixels away
            assert abs(row - 12 - SPEED * t * np.sin(angle)) <= 0.5
            assert abs(column - 12 - SPEED * t * np.cos(angle)) <= 0.5


def test_it_bounces_off_the_walls_as_light_does():
    side, start = 14, np.array([[0, 16], [9, 1]])
    right, left = 0, DIRECTIONS // 2
    where = places(start, np.array([right, left]), side, frames=14)
    assert where[0, :, 1].tolist() == [16, 17, 14, 11, 8, 5, 2, 1, 4, 7, 10, 13, 16, 17]  # the wall is at 18
    assert where[1, :5, 1].tolist() == [1, 2, 5, 8, 11]
    assert (where[0, :, 0] == 0).all()
    assert (where >= 0).all()
    assert (where <= CANVAS - side).all()


def test_starts_and_directions_are_uniform():
    n, side = 40_000, 14
    drawn = moves("train", n, side)
    for values, kinds in ((drawn.start[:, 0], 19), (drawn.start[:, 1], 19), (drawn.direction, DIRECTIONS)):
        counts = np.bincount(values, minlength=kinds)
        assert len(counts) == kinds
        chi_squared = ((counts - n / kinds) ** 2 / (n / kinds)).sum()
        assert chi_squared < kinds - 1 + 4.5 * (2 * (kinds - 1)) ** 0.5


def test_the_true_future_is_a_possible_one_and_the_others_share_its_first_frame():
    data = moving(grey(), SMALL)
    drawn, films = moves("test", 20, SIDE), data.items[data.split("test"), 0]
    possible = possible_futures(films[:, :CANVAS], drawn.start, SIDE)
    assert possible.shape == (20, DIRECTIONS, (FRAMES - 1) * CANVAS, CANVAS)
    assert (possible[np.arange(20), drawn.direction] == films[:, CANVAS:]).all()
    whole = np.concatenate([np.repeat(films[:1, None, :CANVAS], DIRECTIONS, 1), possible[:1]], 2)[0]
    for direction, film in enumerate(whole):
        assert (corners(film) == places(drawn.start[:1], np.array([direction]), SIDE)[0]).all()


def test_labels_and_splits_are_those_of_the_images():
    source = grey()
    data = moving(source, SMALL)
    shade = data.items.max((1, 2, 3)).astype(int) - 1  # which image it is
    assert (data.labels == shade % 3).all()
    for split in SMALL:
        assert set(shade[data.split(split)]) <= set(source.split(split).tolist())
    assert len(set(shade[data.split("train")])) > 15  # of 20


def test_the_same_set_gives_the_same_films_and_more_of_them_begin_alike():
    first, again = moving(grey(), SMALL), moving(grey(), SMALL)
    assert (first.items == again.items).all()
    assert first.fingerprint == again.fingerprint
    more = moving(grey(), SMALL | {"train": 90})
    assert (more.items[:60] == first.items[:60]).all()
    assert more.fingerprint != first.fingerprint


def test_large_images_are_made_smaller_by_means_of_boxes():
    source = grey(side=28)
    source.items[:, :, 0, 0] = 255
    data = moving(source, {"train": 3})
    film = data.items[0, 0, :CANVAS]
    shade = film[film > 0].min()
    assert (film > 0).sum() == 14 * 14
    assert film.max() == round((255 + 3 * float(shade)) / 4)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (Dataset("toy", "images", np.zeros((9, 3, 8, 8), np.uint8), {}), "square grey images .* 3x8x8"),
        (Dataset("toy", "images", np.zeros((9, 1, 8, 6), np.uint8), {}), "square grey images .* 1x8x6"),
        (Dataset("toy", "images", np.zeros((9, 1, 29, 29), np.uint8), {}), "29x29 are not made smaller by 2"),
    ],
)
def test_what_cannot_move_is_refused(source, says):
    with pytest.raises(BadInput, match=says):
        moving(source)


@pytest.fixture
def _few(monkeypatch):
    for split, n in SMALL.items():
        monkeypatch.setitem(COUNTS, split, n)


@pytest.mark.usefixtures("_few")
def test_by_name_films_come_whole_or_with_their_first_frame_given():
    whole, split = load("moving-digits"), load("moving-digits", View(degrade="past"))
    assert (whole.name, whole.shape, len(whole)) == ("moving-digits", (1, 160, 32), 85)
    assert (split.shape, split.given.shape) == ((1, 128, 32), (85, 1, 32, 32))
    assert (np.concatenate([split.given, split.items], 2) == whole.items).all()
    assert split.fingerprint != whole.fingerprint
    view = View(degrade="past", binarize="threshold")
    batch = next(in_order(split, "test", view=view, size=3, requires={"images"}))
    assert (batch.given.images.numpy() == (split.given[split.split("test")[:3]] >= 127.5)).all()
    assert batch.images.shape == (3, 1, 128, 32)


@pytest.mark.usefixtures("_few")
def test_frames_are_resized_one_by_one():
    data = load("moving-digits", View(degrade="past", size=(64, 16), channels=3))
    assert (data.shape, data.given.shape) == ((3, 64, 16), (85, 3, 16, 16))
    whole = load("moving-digits", View(degrade="past"))
    frame = Dataset("frame", "images", whole.items[:, :, 32:64], {"train": np.arange(85)})
    alone = load(frame, View(size=(16, 16), channels=3)).items
    assert (data.items[:, :, 16:32] == alone).all()


def test_own_films_are_an_array_of_frames_below_one_another(tmp_path):
    films = np.random.default_rng(0).integers(0, 256, (40, 3, 6, 6), np.uint8)
    np.savez(tmp_path / "own.npz", images=films.reshape(40, 18, 6))
    data = load(tmp_path / "own.npz", View(degrade="past"))
    assert (data.given[:, 0] == films[:, 0]).all()
    assert (data.items.reshape(40, 2, 6, 6) == films[:, 1:]).all()
    np.savez(tmp_path / "still.npz", images=films[:, 0])
    with pytest.raises(BadInput, match="--degrade past needs films of 2 frames or more"):
        load(tmp_path / "still.npz", View(degrade="past"))
    np.savez(tmp_path / "odd.npz", images=films.reshape(40, 9, 12))
    with pytest.raises(BadInput, match="9x12 is no film of square frames"):
        load(tmp_path / "odd.npz", View(degrade="past"))
