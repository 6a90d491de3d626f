import csv

import numpy as np
import pytest
import torch
from PIL import Image
from run_fakes import save_run

from genzoo.data import View
from genzoo.models.autoencoding.compressive import CompressiveAutoencoder


@pytest.fixture
def photos(tmp_path):
    """Photographs of different sizes, in colour and grey, one on its side by EXIF."""
    rng, folder = np.random.default_rng(0), tmp_path / "photos"
    folder.mkdir()
    for name, size in {"a.png": (30, 21, 3), "deep/b.png": (9, 40, 3), "grey.png": (16, 17)}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        Image.fromarray(rng.integers(90, 160, size, dtype=np.uint8)).save(folder / name)
    image, exif = Image.fromarray(rng.integers(90, 160, (12, 20, 3), dtype=np.uint8)), Image.Exif()
    exif[0x0112] = 6
    image.save(folder / "turned.jpg", exif=exif)
    return folder


@pytest.fixture
def run(tmp_path, photos):
    torch.manual_seed(0)
    model = CompressiveAutoencoder((3, 16, 16), code=48, width=4, blocks=1, qualities=2, cosine=True)
    model.calibrate(0.5 + 0.1 * torch.randn(4, 3, 16, 16), [0.2, 0.05])
    return save_run(
        tmp_path / "lossy", model, view=View(size=(16, 16), channels=3, fit="patches"), data=photos
    )


def opened(path):
    return np.asarray(Image.open(path).convert("RGB")).astype(float)


def test_a_folder_of_many_sizes_comes_back_nearly_and_under_its_names(genzoo, run, photos, tmp_path):
    code, out, err = genzoo("compress", "lossy", "--out", "x.gzi")
    assert (code, err) == (0, "")
    assert "4 images in" in out
    assert "bits a pixel, PSNR" in out
    assert genzoo("decompress", "lossy", "x.gzi", "--out", "back")[0] == 0
    sizes = {"a.png": (30, 21), "deep/b.png": (9, 40), "grey.png": (16, 17), "turned.png": (20, 12)}
    for name, size in sizes.items():
        assert opened(tmp_path / "back" / name).shape == (*size, 3)
    error = np.square(opened(photos / "a.png") - opened(tmp_path / "back" / "a.png")).mean()
    assert error < np.square(opened(photos / "a.png") - opened(photos / "a.png").mean()).mean()


def test_quality_decides_between_size_and_fidelity(genzoo, run, tmp_path):
    sizes = []
    for quality in ("1", "2"):
        assert genzoo("compress", "lossy", "--out", f"{quality}.gzi", "--quality", quality)[0] == 0
        sizes.append((tmp_path / f"{quality}.gzi").stat().st_size)
    assert sizes[0] < sizes[1]
    code, _, err = genzoo("compress", "lossy", "--out", "3.gzi", "--quality", "3")
    assert code == 2
    assert "--quality must be from 1 to 2, got 3" in err
    assert not (tmp_path / "3.gzi").exists()


def test_arrays_are_stored_with_their_labels(genzoo, run, tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (6, 10, 9, 3), dtype=np.uint8)
    np.savez(tmp_path / "toy.npz", images=images, labels=np.arange(6) % 2)
    assert genzoo("compress", "lossy", "--data", "toy.npz", "--out", "x.gzi")[0] == 0
    assert genzoo("decompress", "lossy", "x.gzi", "--out", "back")[0] == 0
    rows = [*csv.reader((tmp_path / "back" / "labels.csv").read_text().splitlines())]
    assert rows[1:] == [[f"{i:06d}.png", str(i % 2)] for i in range(6)]


def test_seen_stores_what_the_run_sees(genzoo, run, tmp_path):
    assert genzoo("compress", "lossy", "--out", "x.gzi", "--seen")[0] == 0
    code, out, _ = genzoo("decompress", "lossy", "x.gzi", "--out", "back")
    assert code == 0
    assert "as the run saw them" in out
    assert {opened(p).shape for p in (tmp_path / "back").rglob("*.png")} == {(16, 16, 3)}


@pytest.mark.parametrize(
    ("mode", "says"),
    [("RGBA", "bad.png has transparent pixels"), ("I;16", "bad.png has pixels that are more")],
)
def test_files_that_8_bits_can_not_hold_are_refused_and_leave_nothing(
    genzoo, run, photos, tmp_path, mode, says
):
    shape, kind = ((5, 4, 4), np.uint8) if mode == "RGBA" else ((5, 4), np.uint16)
    Image.fromarray(np.full(shape, 100 if mode == "RGBA" else 3000, kind)).save(photos / "bad.png")
    before = set(tmp_path.iterdir())
    code, _, err = genzoo("compress", "lossy", "--out", "x.gzi")
    assert (code, err.count("\n")) == (2, 1)
    assert says in err
    assert set(tmp_path.iterdir()) == before


def test_a_damaged_file_is_refused_and_leaves_nothing(genzoo, run, tmp_path):
    assert genzoo("compress", "lossy", "--out", "x.gzi")[0] == 0
    data = (tmp_path / "x.gzi").read_bytes()
    (tmp_path / "x.gzi").write_bytes(data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])
    before = set(tmp_path.iterdir())
    code, _, err = genzoo("decompress", "lossy", "x.gzi", "--out", "back")
    assert (code, err.count("\n")) == (2, 1)
    assert "damaged" in err
    assert set(tmp_path.iterdir()) == before


def test_reconstruct_shows_what_the_best_quality_keeps(genzoo, run):
    assert genzoo("reconstruct", "lossy", "--out", "pairs.png", "--split", "all")[0] == 0
