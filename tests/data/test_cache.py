"""The cache: found by what it was made from, whole or absent, and never someone else's files."""

import os
import shutil
import subprocess
import sys
from collections import namedtuple
from dataclasses import replace

import numpy as np
import pytest

from genzoo.data import View, cache, cache_size, clear_cache, gallery, load
from genzoo.data.rows import Rows, rows_digest
from genzoo.errors import BadInput

_Usage = namedtuple("_Usage", "total used free")


@pytest.fixture
def decoding(monkeypatch):
    """How often a source was decoded."""
    calls = []
    real = gallery.build
    monkeypatch.setattr(gallery, "build", lambda *args: calls.append(args[0]) or real(*args))
    return calls


def test_a_second_load_decodes_nothing(folder, zipped, decoding):
    for source in (folder, zipped(folder, "a.zip")):
        decoding.clear()
        load(source)
        load(source)
        assert len(decoding) == 1


def test_every_option_and_every_change_of_a_file_makes_another_entry(folder, decoding, picture):
    small = View(size=(4, 4))
    views = [View(), small, replace(small, fit="pad"), replace(small, fit="pad", background="red")]
    views.append(View(channels=1))
    prints = {load(folder, view).fingerprint for view in views}
    load(folder, pixel_limit=10**6)
    assert len(decoding) == 6
    assert len(prints) == 5
    (folder / "cat/0.png").write_bytes(picture(1234))
    assert load(folder).fingerprint not in prints
    (folder / "cat/new.png").write_bytes(picture(5))
    assert len(load(folder)) == 21
    (folder / "cat/new.png").unlink()
    os.utime(folder / "cat/0.png", ns=(1, 1))
    load(folder)
    assert len(decoding) == 9


def test_levels_and_binarization_share_an_entry(folder, decoding):
    load(folder)
    load(folder, View(levels=4))
    load(folder, View(binarize="dynamic"))
    assert len(decoding) == 1


def test_verify_sees_a_change_under_the_same_size_and_age_and_rebuilds(folder):
    first = load(folder)
    assert "verified" in load(folder, verify=True).notes[-1]
    file = folder / "cat/0.png"
    status, data = file.stat(), bytearray(file.read_bytes())
    data[-1] ^= 1  # in the checksum of the last, empty chunk: the image stays readable
    file.write_bytes(data)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert load(folder).fingerprint == first.fingerprint
    again = load(folder, verify=True)
    assert again.notes[-1].startswith("rebuilt")
    assert "verified" in load(folder, verify=True).notes[-1]


def test_verify_sees_damage_in_the_cache_itself(folder, cache_root):
    first = load(folder)
    [items] = cache_root.glob("*/items.npy")
    data = bytearray(items.read_bytes())
    data[-1] ^= 1
    items.write_bytes(data)
    again = load(folder, verify=True)
    assert again.notes[-1].startswith("rebuilt")
    assert (again.items == first.items).all()


@pytest.mark.parametrize("victim", ["stored.json", "arrays.npz", "items.npy"])
def test_a_damaged_or_incomplete_entry_is_rebuilt(folder, cache_root, victim):
    first = load(folder)
    [file] = cache_root.glob(f"*/{victim}")
    file.write_bytes(b"{")
    assert load(folder).fingerprint == first.fingerprint
    assert load(folder).fingerprint == first.fingerprint


def test_an_interrupted_build_leaves_nothing(folder, cache_root, monkeypatch):
    def stop(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(cache, "write_stored", stop)
    with pytest.raises(KeyboardInterrupt):
        load(folder)
    assert list(cache_root.iterdir()) == []


def test_a_short_disk_is_refused_with_remedies(folder, monkeypatch, cache_root):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: _Usage(10, 10, 100))
    with pytest.raises(BadInput, match=r"needs 2\.9 kB .* 100 bytes .*GENZOO_CACHE.*--size.*--clear"):
        load(folder)
    assert list(cache_root.iterdir()) == []


def test_a_cache_that_can_not_be_written_says_so(folder, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("GENZOO_CACHE", str(tmp_path / "file"))
    with pytest.raises(BadInput, match=r"can not be written .*GENZOO_CACHE"):
        load(folder)


def test_clearing_frees_what_size_said_and_spares_other_files(folder, cache_root):
    load(folder)
    (cache_root / "precious.txt").write_text("mine")
    (cache_root / "precious").mkdir()
    size = cache_size()
    assert size > 20 * 3 * 6 * 8
    assert clear_cache() == size
    assert cache_size() == 0
    assert sorted(p.name for p in cache_root.iterdir()) == ["precious", "precious.txt"]


def test_a_large_set_is_mapped_not_read(folder, monkeypatch):
    monkeypatch.setattr(gallery, "_free_memory", lambda: 100)
    data = load(folder)
    assert isinstance(data.items, np.memmap)
    monkeypatch.setattr(gallery, "_free_memory", lambda: 2**30)
    assert (load(folder).items == data.items).all()


def test_if_another_process_is_faster_its_entry_stays(folder, monkeypatch):
    real = cache.write_stored

    def slow(entry, stored, arrays):
        monkeypatch.setattr(cache, "write_stored", real)
        load(folder)  # the other process
        real(entry, stored, arrays)

    monkeypatch.setattr(cache, "write_stored", slow)
    assert len(load(folder)) == 20


@pytest.mark.slow
def test_processes_that_build_at_once_agree(folder, cache_root):
    code = f"from genzoo.data import load; print(load({str(folder)!r}).fingerprint)"
    running = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    assert len({process.communicate()[0] for process in running}) == 1
    assert len(list(cache_root.iterdir())) == 1


def test_rows_that_came_one_by_one_are_an_ordinary_npy_file(tmp_path):
    values = np.random.default_rng(0).integers(0, 256, (17, 3, 2, 2), np.uint8)
    with Rows(tmp_path / "a.npy", (3, 2, 2)) as rows:
        for row in values:
            rows.append(row)
    assert (np.load(tmp_path / "a.npy") == values).all()
    assert rows.digest == rows_digest(values)


def test_the_same_names_sizes_and_ages_elsewhere_are_another_entry(tmp_path, picture):
    for seed, place in enumerate(("a", "b")):
        (tmp_path / place).mkdir()
        file = tmp_path / place / "0.bmp"
        file.write_bytes(picture(seed, form="BMP"))
        os.utime(file, ns=(1, 1))
    assert load(tmp_path / "a").fingerprint != load(tmp_path / "b").fingerprint
