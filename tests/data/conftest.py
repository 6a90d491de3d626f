"""Every test has a cache of its own, and small pictures to write."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(autouse=True)
def cache_root(tmp_path_factory, monkeypatch):
    root = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("GENZOO_CACHE", str(root))
    monkeypatch.delenv("GENZOO_DATA", raising=False)
    return root / "data"


@pytest.fixture
def picture():
    """A PNG of random colours, as bytes: `picture(seed, (h, w), "RGB")`."""

    def draw(seed=0, size=(6, 8), mode="RGB", form="PNG"):
        values = np.random.default_rng(seed).integers(0, 256, (*size, 4), np.uint8)
        stream = io.BytesIO()
        Image.fromarray(values, "RGBA").convert(mode).save(stream, form)
        return stream.getvalue()

    return draw


@pytest.fixture
def folder(tmp_path, picture):
    """Two class folders of ten pictures each."""
    root = tmp_path / "pets"
    for number, name in enumerate(("cat", "dog")):
        (root / name).mkdir(parents=True)
        for i in range(10):
            (root / name / f"{i}.png").write_bytes(picture(10 * number + i))
    return root


@pytest.fixture
def zipped(tmp_path):
    """Packs a folder: `zipped(folder, "train.zip")`, with everything under `inside`."""

    def pack(root: Path, name: str, inside: str = "") -> Path:
        path = tmp_path / name
        with zipfile.ZipFile(path, "w") as archive:
            for file in sorted(root.rglob("*")):
                if file.is_file():
                    archive.write(file, inside + file.relative_to(root).as_posix())
        return path

    return pack
