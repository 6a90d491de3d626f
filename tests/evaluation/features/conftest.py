import numpy as np
import pytest

from genzoo.data.dataset import Dataset


@pytest.fixture(autouse=True)
def cache_root(tmp_path, monkeypatch):
    monkeypatch.setenv("GENZOO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "features"


@pytest.fixture
def bars():
    """`bars(n, channels)`: bright rows (class 0) or columns (class 1) at random places of noisy images."""

    def draw(n=96, channels=1, side=8, labels=True, name="bars"):
        rng = np.random.default_rng(0)
        items = rng.integers(0, 60, (n, channels, side, side), dtype=np.uint8)
        classes = np.arange(n) % 2
        at = rng.integers(0, side, n)
        for i in range(n):
            picture = items[i] if classes[i] else items[i].transpose(0, 2, 1)
            picture[:, :, at[i]] = 255
        splits = {"train": np.arange(n - 32), "val": np.arange(n - 32, n - 16), "test": np.arange(n - 16, n)}
        return Dataset(
            name,
            "images",
            items,
            splits,
            labels=classes if labels else None,
            classes=("row", "column") if labels else (),
        )

    return draw
