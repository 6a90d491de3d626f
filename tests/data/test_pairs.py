"""Pairs and two sets: a pair is never split, halves are as if cut by hand, a change has its fingerprint."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from genzoo.data import Batches, Dataset, View, load
from genzoo.data.batches import presented
from genzoo.data.matching import by_name
from genzoo.data.pairs import paired
from genzoo.data.splits import by_hash, places
from genzoo.errors import BadInput


@pytest.fixture
def sides(tmp_path, picture, monkeypatch):
    """Two folders of the files told, of which those of B are twice as large and grey."""
    monkeypatch.chdir(tmp_path)

    def write(names_a, names_b):
        for root, names, look in (("a", names_a, ((6, 8), "RGB")), ("b", names_b, ((12, 16), "L"))):
            for i, name in enumerate(names):
                path = tmp_path / root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(picture(i, *look))
        return tmp_path

    return write


@pytest.fixture
def wide(tmp_path, monkeypatch):
    """A folder of five images that are two halves side by side, and what the halves are when cut by hand."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for root in ("wide", "left", "right"):
        (tmp_path / root).mkdir()
    for i in range(5):
        pixels = rng.integers(0, 256, (20, 60, 3), np.uint8)
        for root, part in (("wide", pixels), ("left", pixels[:, :30]), ("right", pixels[:, 30:])):
            Image.fromarray(part).save(tmp_path / root / f"{i}.png")
    return tmp_path


def _split_of(data):
    return {data.names[i]: split for split, members in data.splits.items() for i in members}


def _equal(one, other):
    same = all((one.splits[k] == other.splits[k]).all() for k in one.splits)
    return same and (one.items == other.items).all() and (one.given == other.given).all()


def test_a_is_given_and_b_is_drawn_each_in_the_channels_that_it_has(sides):
    sides([f"{i}.png" for i in range(4)], [f"{i}.png" for i in range(4)])
    data = load("pairs:a::b")
    assert (data.shape, data.given.shape) == ((1, 12, 16), (4, 3, 6, 8))
    data = load("pairs:a::b", View(size=(4, 4)))
    assert (data.shape, data.given.shape) == ((1, 4, 4), (4, 3, 4, 4))
    assert (data.given == load("a", View(size=(4, 4))).items).all()
    data = load("pairs:a::b", View(size=(4, 4), channels=3))
    assert data.shape == data.given.shape[1:] == (3, 4, 4)
    batch = Batches(data, size=3, requires={"images"}).at(0)
    assert (batch.given.images.numpy() == (data.given[batch.index] / np.float32(255))).all()


def test_a_pair_is_in_the_split_of_its_a_and_else_of_its_b(sides):
    there = [f"{split}/{i}{split}.png" for split in ("train", "val", "test") for i in range(4)]
    sides(there, [name.partition("/")[2] for name in there])
    for source, key in (("pairs:a::b", "a"), ("pairs:b::a", "b"), ("swapped:pairs:a::b", "b")):
        data = load(source)
        assert len(data) == 12, key
        for name, split in _split_of(data).items():
            assert name.removesuffix(".png").endswith(split)


def test_a_pair_whose_sides_say_different_splits_is_in_that_of_a(sides):
    names = [f"{i}.png" for i in range(6)]
    sides(
        [f"{('train', 'val', 'test')[i % 3]}/{n}" for i, n in enumerate(names)],
        [f"{('train', 'test')[i % 2]}/all/{n}" for i, n in enumerate(names)],
    )
    assert _split_of(load("pairs:a::b")) == {
        "train/all/0.png": "train", "test/all/1.png": "val", "train/all/2.png": "test",
        "test/all/3.png": "train", "train/all/4.png": "val", "test/all/5.png": "test",
    }  # fmt: skip


def test_without_splits_of_its_own_a_pair_is_where_its_a_would_be(sides):
    names = [f"{i}.png" for i in range(40)]
    sides(names, [name.replace("png", "jpg") for name in names])
    alone = _split_of(load("a"))
    assert _split_of(load("pairs:a::b")) == {n.replace("png", "jpg"): s for n, s in alone.items()}
    assert _split_of(load("swapped:pairs:a::b")) == alone


NAMES = st.lists(
    st.sampled_from([f"{d}{i}.{s}" for d in ("", "x/") for i in range(4) for s in ("png", "jpg")])
)


@given(NAMES, NAMES)
def test_every_file_is_in_one_pair_or_listed_and_the_order_of_files_moves_none(names_a, names_b):
    def side(name, names):
        items = np.zeros((len(names), 1, 1, 1), np.uint8)
        return Dataset(name, "images", items, by_hash(places(names, len(names))), names=tuple(names))

    sets = []
    for order in (sorted, lambda names: sorted(names, reverse=True)):
        a, b = side("a", order(set(names_a))), side("b", order(set(names_b)))
        try:
            pairs = by_name(a, b, "pairs:a::b")
        except BadInput:
            return
        data = paired(pairs, "a-to-b")
        met = [f"A: {a.names[i]}" for i in pairs.in_a] + [f"B: {b.names[i]}" for i in pairs.in_b]
        listed = [s.path for s in data.skipped]
        assert sorted(met + listed) == sorted([f"A: {n}" for n in a.names] + [f"B: {n}" for n in b.names])
        assert sorted(np.concatenate(list(data.splits.values()))) == list(range(len(data)))
        sets.append((set(zip(met[: len(data)], met[len(data) :], strict=True)), _split_of(data)))
    assert sets[0] == sets[1]


def test_labels_are_those_of_b_and_else_those_of_a(sides):
    names = [f"{kind}/{i}.png" for kind in ("cat", "dog") for i in range(3)]
    sides(names, [f"{i}-{name.replace('/', '-')}" for i, name in enumerate(names)])
    rows = "\n".join(f"{name},{i}-{name.replace('/', '-')}" for i, name in enumerate(names))
    (table := sides([], []) / "t.csv").write_text(f"a,b\n{rows}\n")
    data = load(f"pairs:a::b::{table}")
    assert (data.classes, data.labels.tolist()) == (("cat", "dog"), [0, 0, 0, 1, 1, 1])
    labels = "\n".join(f"{i}-{name.replace('/', '-')},{'xy'[i % 2]}" for i, name in enumerate(names))
    (sides([], []) / "b/labels.csv").write_text(f"file,label\n{labels}\n")
    data = load(f"pairs:a::b::{table}")
    assert (data.classes, data.labels.tolist()) == (("x", "y"), [0, 1] * 3)


def test_swapping_exchanges_what_is_given_and_moves_nothing_and_twice_is_not_at_all(sides):
    sides([f"{i}.png" for i in range(30)], [f"{i}.jpg" for i in range(5, 30)])
    data, swapped = load("pairs:a::b"), load("swapped:pairs:a::b")
    assert (data.name, swapped.name) == ("a-to-b", "b-to-a")
    assert _equal(replace(swapped, items=swapped.given, given=swapped.items), data)
    assert swapped.skipped == data.skipped
    assert swapped.fingerprint != data.fingerprint
    again = load("swapped:swapped:pairs:a::b")
    assert _equal(again, data)
    assert (again.fingerprint, again.name, again.names) == (data.fingerprint, data.name, data.names)


@pytest.mark.parametrize("side", ["a", "b"])
@pytest.mark.parametrize("source", ["pairs:a::b", "a::b", "swapped:a::b"])
def test_the_fingerprint_tells_of_a_change_of_either_side(source, side, sides, picture):
    root = sides(["1.png", "2.png"], ["1.png", "2.png"])
    first = load(source).fingerprint
    assert load(source).fingerprint == first
    (root / side / "2.png").write_bytes(picture(9, *(((6, 8), "RGB") if side == "a" else ((12, 16), "L"))))
    assert load(source).fingerprint != first


def test_a_set_may_be_paired_with_itself(sides):
    sides(["1.png", "2.png", "3.png"], [])
    data = load("pairs:a::a")
    assert (data.items == data.given).all()
    assert data.skipped == ()


@pytest.mark.parametrize(
    "view", [View(), View(size=(8, 8)), View(size=(40, 8), fit="pad", channels=1, background="red")]
)
@pytest.mark.parametrize("whole", ["wide", "wide.npy"])
def test_halves_are_as_if_cut_by_hand(whole, view, wide):
    np.save(wide / "wide.npy", load("wide").items)
    data = load(f"halves:{whole}", view)
    assert (data.given == load("left", view).items).all()
    assert (data.items == load("right", view).items).all()
    assert data.name == "wide-left-to-right"
    if whole == "wide":
        assert data.names == load("wide").names
        assert _split_of(data) == _split_of(load("wide"))
        assert _equal(load(f"halves:{whole}", view), data)  # from the cache


def test_a_half_of_a_jpeg_knows_nothing_of_the_other(tmp_path):
    pixels = np.zeros((64, 256, 3), np.uint8)
    pixels[:, 128:] = 255  # a multiple of 16: no block of the JPEG is on both sides
    (tmp_path / "wide").mkdir()
    Image.fromarray(pixels).save(tmp_path / "wide/1.jpg", quality=95)
    data = load(f"halves:{tmp_path}/wide", View(size=(8, 16)))
    assert data.given.max() == 0
    assert data.items.min() == 255


def test_a_turned_photograph_is_cut_upright(tmp_path):
    pixels = np.zeros((10, 20, 3), np.uint8)
    pixels[:, 10:] = 200
    exif = Image.Exif()
    exif[0x0112] = 8  # to be turned by 90 degrees to the left
    (tmp_path / "wide").mkdir()
    lying = Image.fromarray(pixels).transpose(Image.Transpose.ROTATE_270)
    lying.save(tmp_path / "wide/1.png", exif=exif)
    data = load(f"halves:{tmp_path}/wide")
    assert data.given.tolist() == np.zeros((1, 3, 10, 10), int).tolist()
    assert (data.items == 200).all()


def test_an_image_of_odd_width_is_listed_once_and_the_others_are_pairs(wide, picture):
    (wide / "wide/odd.png").write_bytes(picture(0, (20, 61)))
    (wide / "wide/broken.jpg").write_bytes(picture(0, (20, 60), form="JPEG")[:400])
    data = load("halves:wide")
    assert len(data) == 5
    assert data.skipped[1].path == "odd.png"
    assert data.skipped[1].reason == "61 pixels wide, an odd number: it is not two halves"
    assert data.skipped[0].path == "broken.jpg"
    assert data.skipped[0].reason.startswith("truncated or damaged")
    np.save(wide / "odd.npy", np.zeros((3, 8, 7), np.uint8))
    with pytest.raises(BadInput, match="items of 1x8x7 are no images of two halves"):
        load("halves:odd.npy")


def test_labels_of_halves_are_the_sources_own(wide):
    (wide / "labels.csv").write_text(
        "".join(f"{i},{'ab'[i % 2]}\n" for i in range(-1, 5)).replace("-1,b", "file,label")
    )
    data = load("halves:wide", labels=wide / "labels.csv")
    assert data.labels.tolist() == [0, 1, 0, 1, 0]
    with pytest.raises(BadInput, match=r"has two sides; put a labels.csv into the one that it is of"):
        load("pairs:left::right", labels=wide / "labels.csv")


def test_two_sets_have_splits_of_their_own_and_stay_two_when_fitted(sides):
    sides([f"{i}.png" for i in range(30)], [f"{i}.png" for i in range(7)])
    data = load("a::b")
    assert (data.name, len(data.other), len(data)) == ("a-and-b", 30, 7)
    assert (data.other.shape, data.shape, data.other.other) == ((3, 6, 8), (1, 12, 16), None)
    assert _split_of(data.other) == _split_of(load("a"))
    assert _split_of(data) == _split_of(load("b"))
    assert len(Batches(data.other, size=4).at(0)) == 4
    swapped = load("swapped:a::b")
    assert (swapped.items == data.other.items).all()
    assert (swapped.other.items == data.items).all()
    fitted = load(data, View(size=(4, 4), channels=3))
    assert (fitted.shape, fitted.other.shape, fitted.name) == ((3, 4, 4), (3, 4, 4), "a-and-b")
    assert load(fitted, View(size=(4, 4), channels=3)) is fitted
    assert len({fitted.fingerprint, data.fingerprint}) == 2


def test_files_that_can_not_be_used_of_either_set_are_strictly_refused(sides):
    root = sides(["1.png"], ["1.png"])
    (root / "b/2.png").write_text("x")
    data = load("a::b")
    assert (data.other.skipped, len(data.skipped)) == ((), 1)
    with pytest.raises(BadInput, match="a-and-b: --strict, and 1 files"):
        load("a::b", strict=True)


def test_built_in_sets_may_be_two_sets():
    data = load("mnist5k::digits")
    assert (data.other.shape, data.shape) == ((1, 28, 28), (1, 8, 8))
    assert (len(data.other), len(data)) == (5000, 1797)
    with pytest.raises(BadInput, match="two sets must be of one kind; digits is images, ring8 vectors"):
        load("digits::ring8")


def test_pictures_that_come_with_images_are_fitted_with_them():
    images = np.random.default_rng(0).integers(0, 256, (6, 1, 8, 8)).astype(np.uint8)
    data = Dataset("t", "images", images, {"train": np.arange(6)}, given=images)
    fitted = load(data, View(size=(4, 4), channels=3))
    assert (fitted.items == fitted.given).all()
    assert fitted.shape == (3, 4, 4)
    other = load(replace(data, given=255 - images), View(size=(4, 4), channels=3))
    assert other.fingerprint != fitted.fingerprint


def test_a_model_that_is_given_pictures_is_told_that_two_sets_are_not_paired(sides):
    sides(["1.png", "2.png"], ["1.png", "2.png"])
    with pytest.raises(BadInput, match="a-and-b has two sets that are not paired: say pairs:A::B to match"):
        presented(load("a::b"), np.arange(2), View(), 0, {"images"})


@pytest.mark.parametrize(
    ("source", "view", "says"),
    [
        ("pairs:a::b", View(degrade="grey"), "--degrade grey: pairs:a::b has two sides already"),
        ("a::b", View(degrade="past"), "--degrade past: a::b has two sides already"),
        ("halves:a", View(size=(4, 4), fit="patches"), "--fit patches: .*give --fit crop or pad"),
        ("pairs:a::none", View(), "no data called 'none'"),
        ("pairs:a::b::none.csv", View(), "none.csv: no such table of pairs"),
    ],
)
def test_what_does_not_go_with_two_sides_is_refused(source, view, says, sides):
    sides(["1.png"], ["1.png"])
    with pytest.raises(BadInput, match=says):
        load(source, view)
