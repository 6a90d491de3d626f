"""Sets of the Hugging Face hub, through its `datasets` library: the one place that may use the network."""

import importlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from genzoo.data.catalogue import Catalogue
from genzoo.data.dataset import Skipped
from genzoo.data.gallery import Gallery
from genzoo.data.listing import Files, Member, clean, say, split_named
from genzoo.errors import BadInput


class Hub(Files):
    """The rows of a hub set as files: `train/00000042` is row 42 of its split train.

    Args:
        splits: each split's rows; the image column is not decoded.
        column: the image column.
    """

    def __init__(self, splits: dict[str, Any], column: str) -> None:
        self._splits, self._column = splits, column

    def stamps(self) -> Sequence[Member]:
        """The library's own fingerprint of each split, and its length."""
        return [Member(f"{name} {rows._fingerprint}", len(rows), 0) for name, rows in self._splits.items()]

    def members(self) -> Sequence[Member]:
        """One member per row; its size is not known before it is read."""
        return [
            Member(f"{clean(name)}/{i:08}", 0, 0)
            for name, rows in self._splits.items()
            for i in range(len(rows))
        ]

    def skipped(self) -> Sequence[Skipped]:
        """None: a row is an image or fails when it is read."""
        return []

    def open(self, name: str) -> io.BufferedIOBase:
        """The bytes of the image file of one row."""
        split, _, row = name.rpartition("/")
        image = self._splits[split][int(row)][self._column]
        if image is None:
            raise OSError("no image in this row")
        return io.BytesIO(image["bytes"]) if image.get("bytes") else Path(image["path"]).open("rb")

    def close(self) -> None:
        """Nothing stays open."""


def open_hub(name: str, repository: str) -> Gallery:
    """The hub set `repository` (or `repository:configuration`) as a source of images."""
    try:
        library: Any = importlib.import_module("datasets")
    except ModuleNotFoundError:
        raise BadInput(f"{name}: sets of the hub need `datasets`: pip install 'genzoo[hub]'") from None
    path, _, configuration = repository.partition(":")
    try:
        found = library.load_dataset(path, configuration or None)
    except (OSError, ValueError) as error:
        raise BadInput(f"{name}: the hub set {path!r} can not be loaded ({say(error)})") from error
    splits = dict(found) if isinstance(found, dict) else {"train": found}
    features = next(iter(splits.values())).features
    images = [key for key, feature in features.items() if type(feature).__name__ == "Image"]
    if not images:
        raise BadInput(f"{name}: the hub set has no column of images; its columns are {', '.join(features)}")
    encoded = {s: rows.cast_column(images[0], library.Image(decode=False)) for s, rows in splits.items()}
    files = Hub(encoded, images[0])
    return Gallery(name, f"hf:{repository}", files, lambda: _catalogue(files, encoded, features))


def _catalogue(files: Hub, splits: dict[str, Any], features: dict[str, Any]) -> Catalogue:
    """The first column of class labels, and the splits named train, validation, test if train is there."""
    label = next((key for key, f in features.items() if type(f).__name__ == "ClassLabel"), None)
    labels = None
    if label:
        names = features[label].names
        numbers = [n for rows in splits.values() for n in rows[label]]
        labels = [names[n] for n in numbers] if all(n is not None and n >= 0 for n in numbers) else None
    said = [split_named(split) or "" for split, rows in splits.items() for _ in range(len(rows))]
    own = "train" in said and all(said) and len(set(said)) > 1
    notes = [] if own or len(splits) == 1 else [f"splits {', '.join(splits)} are joined and split by hash"]
    return Catalogue(files.members(), labels, said if own else None, (), notes)
