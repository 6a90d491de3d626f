import pytest
import torch
from codec_fakes import sealed_again, small, some_images
from hypothesis import given
from hypothesis import strategies as st

from genzoo.apply.codec import Listing, compress, decompress, read
from genzoo.apply.codec.container import HEADER_BYTES
from genzoo.apply.codec.listing import safe_name
from genzoo.errors import BadInput


@pytest.fixture
def file(tmp_path):
    """A small compressed file with names and labels."""
    model = small()
    listing = Listing(("cat/a.png", "dog/ü.jpg", "dog/b.png"), (0, 1, 1), ("cat", "dog"), "4 levels")
    compress(model, some_images(model, 3), tmp_path / "x", listing=listing)
    return tmp_path / "x"


def test_names_labels_classes_and_how_they_were_seen_come_back(file):
    assert read(file).listing == Listing(
        ("cat/a.png", "dog/ü.jpg", "dog/b.png"), (0, 1, 1), ("cat", "dog"), "4 levels"
    )


@pytest.mark.parametrize("bit", [0, 7])
def test_any_flipped_byte_is_an_error(file, bit):
    data, model = file.read_bytes(), small()
    for place in range(len(data)):
        flipped = bytearray(data)
        flipped[place] ^= 1 << bit
        file.write_bytes(flipped)
        with pytest.raises(BadInput):
            decompress(model, file)


def test_a_file_cut_off_anywhere_or_with_a_byte_too_many_is_an_error(file):
    data, model = file.read_bytes(), small()
    for cut in [*(data[:n] for n in range(len(data))), data + b"\0"]:
        file.write_bytes(cut)
        with pytest.raises(BadInput, match=r"truncated|not a file that"):
            decompress(model, file)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda d: b"PK\3\4" + d[4:], "not a file that `genzoo compress` wrote"),
        (lambda d: b"", "not a file that `genzoo compress` wrote"),
        (lambda d: d[:4] + b"\2" + d[5:], "of version 2, or damaged; this genzoo reads version 1"),
        (lambda d: d[:-1], "truncated or damaged"),
        (lambda d: d[:20], "truncated in its header, 20 of 62 bytes"),
        (lambda d: d[:-1] + bytes([d[-1] ^ 1]), "damaged, its checksum is wrong"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(file, change, says):
    file.write_bytes(change(file.read_bytes()))
    with pytest.raises(BadInput, match=says):
        read(file)


@pytest.mark.parametrize("add", [-1, 1, 2**24])
def test_a_segment_that_says_it_is_longer_or_shorter_than_it_is_is_an_error(file, add):
    data, container = file.read_bytes(), read(file)
    at = HEADER_BYTES + container.listing_bytes
    words = int.from_bytes(data[at : at + 4], "little") + add
    file.write_bytes(sealed_again(data[:at] + words.to_bytes(4, "little") + data[at + 4 :]))
    with pytest.raises(BadInput, match=r"goes beyond the end of the file|other probabilities"):
        decompress(small(), file)


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(BadInput, match="no such file"):
        read(tmp_path / "none")


def test_without_names_and_labels_only_the_header_is_added(tmp_path):
    model = small()
    done = compress(model, some_images(model, 3), tmp_path / "x")
    assert done.file_bytes == (tmp_path / "x").stat().st_size == HEADER_BYTES + done.payload_bytes
    assert read(tmp_path / "x").listing == Listing()
    assert torch.equal(torch.tensor(read(tmp_path / "x").header.shape), torch.tensor(model.shape))


@given(st.text(max_size=300))
def test_any_name_becomes_a_relative_path_of_a_png_file(name):
    safe = safe_name(name)
    parts = safe.split("/")
    assert safe.endswith(".png")
    assert not safe.startswith("/")
    assert all(part not in ("", ".", "..") and len(part.encode()) < 255 for part in parts)
    assert not set(safe) & set('\\:*?"<>|\0\n')


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("cat/1.png", "cat/1.png"),
        ("a/b/c.JPG", "a/b/c.png"),
        ("no suffix", "no suffix.png"),
        ("v1.2", "v1.2.png"),
        ("../../etc/passwd", "etc/passwd.png"),
        ("/abs/./x.png", "abs/x.png"),
        ("..\\up.png", "up.png"),
        ("..", "image.png"),
        (".png", ".png.png"),
        ("con:\n.png", "con__.png"),
    ],
)
def test_names_stay_what_they_are_unless_they_lead_elsewhere(name, safe):
    assert safe_name(name) == safe


def test_file_names_are_all_different_and_numbers_where_there_are_none():
    listing = Listing(("a.png", "a.jpg", "A.PNG", "b/a.png", "a-2.png"))
    assert listing.file_names(5) == ["a.png", "a-2.png", "A-3.png", "b/a.png", "a-2-2.png"]
    assert Listing().file_names(2) == ["000000.png", "000001.png"]


def test_names_and_labels_of_many_images_take_little(tmp_path):
    names = tuple(f"digits/{i % 10}/{i:05d}.png" for i in range(10_000))
    listing = Listing(names, tuple(i % 10 for i in range(10_000)), tuple("0123456789"))
    packed = listing.packed()
    assert len(packed) < 10_000
    assert Listing.unpacked(packed) == listing
