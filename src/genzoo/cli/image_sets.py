"""Sets of images as they are named on the command line: a class, a list of files, other data."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genzoo.cli.opened import Opened, data_for
from genzoo.data.batches import in_order
from genzoo.data.dataset import Dataset
from genzoo.data.labels import of_table
from genzoo.errors import BadInput, nearest
from genzoo.random import seed_of
from genzoo.types import Batch

MOST = 5000  # images of a set that are looked at: a mean over more hardly differs
_LABEL = "label:"


@dataclass(frozen=True)
class ImageSet:
    """Some images of a data set.

    Args:
        dataset: as the run sees it.
        positions: which of its items, sorted, each once.
    """

    dataset: Dataset
    positions: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.positions)

    def same(self, other: "ImageSet") -> bool:
        """Whether the two hold the same images."""
        together = self.dataset.fingerprint == other.dataset.fingerprint
        return together and np.array_equal(self.positions, other.positions)

    def batches(self, run: Opened, seed: int) -> Iterator[Batch]:
        """The images in batches, as the run sees them."""
        return in_order(
            self.dataset, self.positions, view=run.view, seed=seed, requires=run.model.requires, size=256
        )


def image_set(flag: str, named: str, run: Opened, dataset: Dataset, seed: int) -> ImageSet:
    """The set that `named` means; BadInput, which begins with the flag, if there is none or it is empty.

    Args:
        flag: that it was given to, such as "--add".
        named: `label:CLASS`, the training images of a class of `dataset`; NAMES.txt, a file that lists
            names of images of `dataset`, one a line; or any other DATA, all of it.
        seed: picks `MOST` images of a larger set.
    """
    said = f"{flag} {named}"
    if named.startswith(_LABEL):
        found = ImageSet(dataset, _of_class(said, named.removeprefix(_LABEL), dataset))
    elif Path(named).suffix.lower() == ".txt":
        found = ImageSet(dataset, _listed(said, Path(named).expanduser(), dataset))
    else:
        others = data_for(run, named)
        found = ImageSet(others, others.split("all"))
    if not len(found):
        raise BadInput(f"{said}: no images in this set; it takes at least one")
    return _at_most(found, seed)


def all_others(images: ImageSet, dataset: Dataset, seed: int) -> ImageSet:
    """The training images of `dataset` that are not among `images`."""
    positions = dataset.split("train")
    if images.dataset.fingerprint == dataset.fingerprint:
        positions = np.setdiff1d(positions, images.positions)
    if not len(positions):
        raise BadInput(f"{dataset.name}: no training images are left for the other set; name it by --without")
    return _at_most(ImageSet(dataset, positions), seed)


def _at_most(images: ImageSet, seed: int) -> ImageSet:
    order = np.random.default_rng(seed_of(seed, "image set")).permutation(images.positions)
    return ImageSet(images.dataset, np.sort(order[:MOST]))


def _of_class(said: str, label: str, dataset: Dataset) -> NDArray[np.int64]:
    if dataset.labels is None:
        raise BadInput(f"{said}: {dataset.name} has no labels; name a list of files or a folder")
    names = dataset.classes or tuple(map(str, range(int(dataset.labels.max()) + 1)))
    if label in names:
        number = names.index(label)
    elif label.isdecimal() and int(label) < len(names):
        number = int(label)
    else:
        raise BadInput(f"{said}: {dataset.name} has no such class{nearest(label, names)}")
    positions = dataset.split("train")
    return positions[dataset.labels[positions] == number]


def _listed(said: str, path: Path, dataset: Dataset) -> NDArray[np.int64]:
    """Positions of the images that a file lists, by path, or by name alone with its suffix or without."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{said}: expected a text file of names, one a line ({error})") from error
    if not dataset.names:
        raise BadInput(f"{said}: images of {dataset.name} have no names to list; give a folder or label:N")
    wanted = [line.strip().replace("\\", "/").removeprefix("./") for line in lines if line.strip()]
    found, unknown = of_table(dataset.names, dict.fromkeys(wanted, "listed"))
    if unknown:
        raise BadInput(f"{said}: {_first_unknown(wanted, dataset)}")
    return np.array([i for i, mark in enumerate(found) if mark], np.int64)


def _first_unknown(wanted: list[str], dataset: Dataset) -> str:
    name = next(name for name in wanted if of_table(dataset.names, {name: ""})[1])
    close = difflib.get_close_matches(name, dataset.names, n=1, cutoff=0)
    return f"{dataset.name} has no one image {name!r}; the nearest name is {close[0]!r}"
