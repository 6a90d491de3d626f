"""Folders and archives: every file is used or listed with its reason, and equal content is equal data."""

import io
import os
import socket
import tarfile
import warnings
import zipfile

import numpy as np
import pytest
from PIL import Image

import genzoo
from genzoo.data import View, load
from genzoo.errors import BadInput


def _reasons(data):
    return {s.path: s.reason for s in data.skipped}


@pytest.fixture
def awkward(folder, picture):
    """A folder with every file that should not be there."""
    good = picture(99)
    (folder / "cat/truncated.png").write_bytes(good[: len(good) // 2])
    (folder / "cat/stub.png").write_bytes(good[:5])
    (folder / "cat/empty.png").touch()
    (folder / "cat/text.png").write_text("I am no image")
    (folder / "cat/readme.txt").write_text("hello")
    (folder / "cat/.hidden.png").write_bytes(good)
    (folder / ".git").mkdir()
    (folder / ".git/object").write_text("x")
    (folder / ".DS_Store").write_text("x")
    (folder / "dog/Thumbs.db").write_text("x")
    (folder / "__MACOSX").mkdir()
    (folder / "__MACOSX/0.png").write_bytes(good)
    (folder / "cat/dangling.png").symlink_to("nowhere.png")
    (folder / "cat/self.png").symlink_to("self.png")
    (folder / "dog/up").symlink_to("..", target_is_directory=True)
    os.mkfifo(folder / "cat/pipe.png")
    bomb = io.BytesIO()
    Image.new("1", (9000, 9000)).save(bomb, "PNG")
    (folder / "cat/bomb.png").write_bytes(bomb.getvalue())
    (folder / "dog/inner.zip").write_bytes(b"PK")
    return folder


EXPECTED = {
    "cat/truncated.png": "truncated", "cat/stub.png": "", "cat/empty.png": "empty file",
    "cat/text.png": "not an image, whatever", "cat/readme.txt": "not an image file (.txt)",
    "cat/.hidden.png": "hidden file", ".git/object": "hidden file", ".DS_Store": "system file",
    "dog/Thumbs.db": "system file", "__MACOSX/0.png": "system file", "cat/dangling.png": "dangling link",
    "cat/self.png": "looping link", "dog/up": "looping link", "cat/pipe.png": "not a regular file",
    "cat/bomb.png": "9000x9000 is more than the limit", "dog/inner.zip": "an archive inside",
}  # fmt: skip


def test_every_awkward_file_is_listed_with_its_reason_and_the_rest_is_data(awkward):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = load(awkward)
    assert len(data) == 20
    assert set(_reasons(data)) == set(EXPECTED)
    for path, reason in EXPECTED.items():
        assert _reasons(data)[path].startswith(reason), path


def test_the_listing_accounts_for_every_file(awkward):
    files = {
        os.path.relpath(os.path.join(top, name), awkward)  # noqa: PTH118
        for top, _, names in os.walk(awkward)
        for name in names
    } | {"dog/up"}
    data = load(awkward)
    assert files == set(data.names) | set(_reasons(data))


def test_the_cached_second_load_says_all_that_the_first_said(awkward):
    first, second = load(awkward), load(awkward)
    assert (first.items == second.items).all()
    assert (first.labels == second.labels).all()
    assert first.names == second.names
    assert first.classes == second.classes == ("cat", "dog")
    assert first.skipped == second.skipped
    assert first.notes == second.notes
    assert first.fingerprint == second.fingerprint
    assert all((first.splits[k] == second.splits[k]).all() for k in first.splits)


def test_strict_refuses_and_names_the_first_few(awkward):
    with pytest.raises(BadInput, match=r"--strict, and 16 files .*\.DS_Store: system file.* and 13 more"):
        load(awkward, strict=True)


def test_nothing_left_is_an_error_that_says_why(tmp_path):
    (tmp_path / "a.png").write_text("no")
    with pytest.raises(BadInput, match=r"no image that can be read \(a\.png: not an image"):
        load(tmp_path)
    (tmp_path / "b").mkdir()
    with pytest.raises(BadInput, match="it is empty"):
        load(tmp_path / "b")


def test_the_pixel_limit_is_decided_by_the_header(tmp_path, picture):
    whole = picture(0, (20, 20))
    (tmp_path / "a.png").write_bytes(whole)
    (tmp_path / "b.png").write_bytes(picture(1, (20, 21))[:60])  # its pixels are not even there
    data = load(tmp_path, pixel_limit=400)
    assert _reasons(data)["b.png"].startswith("21x20 is more than the limit of 400 pixels (not decoded)")


def test_pillows_own_limit_is_put_back(folder, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)  # every file would be a bomb to it
    assert len(load(folder)) == 20
    assert Image.MAX_IMAGE_PIXELS == 10


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_files_without_permission_are_skipped(folder):
    (folder / "cat/0.png").chmod(0)
    assert _reasons(load(folder)) == {"cat/0.png": "can not be read: Permission denied"}


def test_files_that_fail_to_open_are_skipped(folder, monkeypatch):
    from genzoo.data.folders import Folder

    def refuse(self, name):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Folder, "open", refuse)
    with pytest.raises(BadInput, match=r"cat/0\.png: can not be read: Permission denied"):
        load(folder)


def test_a_socket_and_a_name_that_is_not_utf8_do_no_harm(folder, picture):
    (folder / os.fsdecode(b"cat/caf\xe9.png")).write_bytes(picture(50))
    with socket.socket(socket.AF_UNIX) as end:
        end.bind(str(folder / "dog/s.png"))
        data = load(folder)
    assert r"cat/caf\xe9.png" in data.names
    assert _reasons(data)["dog/s.png"].startswith("not a regular file")
    assert load(folder).names == data.names


def test_links_to_folders_are_followed(folder, tmp_path):
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked/cat").symlink_to(folder / "cat", target_is_directory=True)
    (tmp_path / "linked/dog").symlink_to(folder / "dog", target_is_directory=True)
    assert load(tmp_path / "linked").names == load(folder).names


def test_different_sizes_without_a_size_propose_one(folder, picture):
    (folder / "cat/other.png").write_bytes(picture(1, (5, 9)))
    with pytest.raises(
        BadInput, match=r"cat/0\.png is 6x8, cat/other\.png 5x9: give --size, such as --size 5"
    ):
        load(folder)
    assert load(folder, View(size=(4, 4))).shape == (3, 4, 4)


def test_a_damaged_first_image_of_another_size_does_not_set_the_size(folder, picture):
    broken = picture(1, (50, 50))
    (folder / "cat/!first.png").write_bytes(broken[: len(broken) // 2])
    data = load(folder)
    assert data.shape == (3, 6, 8)
    assert list(_reasons(data)) == ["cat/!first.png"]


def test_enlarging_is_said(folder):
    data = load(folder, View(size=(60, 60)))
    assert any("20 of 20 images are smaller than --size" in note for note in data.notes)


def test_channels_are_grey_only_if_every_image_is(folder, picture):
    for file in folder.rglob("*.png"):
        file.write_bytes(picture(0, mode="L"))
    assert load(folder).shape[0] == 1
    (folder / "dog/9.png").write_bytes(picture(0))
    assert load(folder).shape[0] == 3
    assert load(folder, View(channels=4)).shape[0] == 4


def _tar(folder, path, mode):
    with tarfile.open(path, mode) as archive:
        archive.add(folder, ".")
    return path


def test_a_folder_its_zip_and_its_tars_are_the_same_data(folder, zipped, tmp_path):
    data = load(folder)
    others = [zipped(folder, "a.zip"), _tar(folder, tmp_path / "a.tar", "w")]
    others += [_tar(folder, tmp_path / f"a.tar.{kind}", f"w:{kind}") for kind in ("gz", "bz2", "xz")]
    for path in others:
        packed = load(path)
        assert packed.names == data.names, path
        assert packed.fingerprint == data.fingerprint, path
        assert packed.classes == data.classes


def test_a_folder_that_wraps_all_is_no_class(folder, zipped):
    data = load(zipped(folder, "a.zip", inside="pets/photos/"))
    assert data.classes == ("cat", "dog")
    assert data.names[0] == "pets/photos/cat/0.png"


def test_dangerous_zip_members_are_listed_not_read(folder, zipped):
    path = zipped(folder, "a.zip")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../../evil.png", b"x")
        archive.writestr("/etc/evil.png", b"x")
        link = zipfile.ZipInfo("cat/link.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\x01\x02", 0, data.index(b"dog/9.png", data.index(b"PK\x01\x02")))
    data[at + 8] |= 1  # the flag of encryption in the directory
    path.write_bytes(data)
    assert _reasons(load(path)) == {
        "../../evil.png": "its path leads outside the archive",
        "/etc/evil.png": "its path leads outside the archive",
        "cat/link.png": "a link inside an archive",
        "dog/9.png": "encrypted",
    }


def test_a_damaged_zip_member_is_skipped(folder, zipped):
    path = zipped(folder, "a.zip")
    data = bytearray(path.read_bytes())
    data[data.index(b"IDAT") + 8] ^= 255  # in cat/0.png, stored uncompressed
    path.write_bytes(data)
    assert _reasons(load(path))["cat/0.png"].startswith("can not be read: Bad CRC-32")


def test_links_in_a_tar_are_listed_not_followed(folder, tmp_path):
    (folder / "cat/link.png").symlink_to("/etc/passwd")
    data = load(_tar(folder, tmp_path / "a.tar", "w"))
    assert _reasons(data) == {"cat/link.png": "a link inside an archive"}


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "a.tgz", "a.tar.xz", "a.tar.bz2"])
@pytest.mark.parametrize("content", [b"", b"not an archive at all" * 100])
def test_a_broken_archive_is_one_clear_error(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput, match=r"not a readable (zip|tar) archive|it is empty"):
        load(tmp_path / name)


def test_a_truncated_tar_gz_is_one_clear_error(folder, tmp_path):
    path = _tar(folder, tmp_path / "a.tar.gz", "w:gz")
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(BadInput, match="not a readable tar archive"):
        load(path)


def test_one_image_file_is_a_data_set(folder):
    data = load(folder / "cat/0.png")
    assert data.names == ("0.png",)
    assert data.shape == (3, 6, 8)
    assert np.array_equal(data.items[0], np.asarray(Image.open(folder / "cat/0.png")).transpose(2, 0, 1))


def test_a_jpeg_named_png_and_a_file_without_suffix_are_read(tmp_path, picture):
    (tmp_path / "a.png").write_bytes(picture(form="JPEG"))
    (tmp_path / "b").write_bytes(picture())
    assert load(tmp_path).names == ("a.png", "b")


def test_a_folder_with_every_awkward_file_trains_a_model(awkward, tmp_path):
    out = tmp_path / "run"
    run = genzoo.train("autoencoder", awkward, out=out, size=(8, 8), images=32, batch=8, code=2, quiet=True)
    assert run.model.shape == (3, 8, 8)
    assert run.log[-1]["images_seen"] == 32
