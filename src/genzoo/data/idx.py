"""The idx format of MNIST's own files: a magic number, the sizes, then the bytes; gzipped or not.

Reference: Y. LeCun, C. Cortes, C. Burges: The MNIST database of handwritten digits, "File formats".
"""

import gzip
import math
import re
import struct
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from genzoo.data.arrays import Parts, dataset_of
from genzoo.data.dataset import Dataset, Skipped
from genzoo.data.listing import READ_ERRORS, Files, ignored, say
from genzoo.data.view import View
from genzoo.errors import BadInput

_IMAGES = re.compile(r"images?[-._]idx[34][-._]ubyte(\.gz)?$", re.IGNORECASE)
_UBYTE = 0x08
_SPLITS = {"train": "train", "t10k": "test", "test": "test", "val": "val", "valid": "val"}


def is_idx_images(name: str) -> bool:
    """Whether a file is called like MNIST's own images.

    >>> is_idx_images("train-images-idx3-ubyte.gz"), is_idx_images("train-labels-idx1-ubyte.gz")
    (True, False)
    """
    return bool(_IMAGES.search(name))


def labels_of(images: str, names: Iterable[str]) -> str | None:
    """The name of the labels that belong to a file of images, gzipped or not."""
    head = images.removesuffix(".gz")
    stem = re.sub(r"idx[34]", "idx1", head[::-1].replace("segami", "slebal", 1)[::-1], flags=re.IGNORECASE)
    known = set(names)
    return next((name for name in (stem, stem + ".gz") if name in known), None)


def read_idx(files: Files, name: str) -> NDArray[np.uint8]:
    """One idx file as an array."""
    try:
        with files.open(name) as stream:
            data = gzip.decompress(stream.read()) if name.endswith(".gz") else stream.read()
    except READ_ERRORS as error:
        raise BadInput(f"{name}: can not be read ({say(error)})") from error
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] != _UBYTE:
        raise BadInput(f"{name}: not an idx file of bytes (starts with {data[:4].hex()}, expected 000008)")
    axes = data[3]
    if len(data) < 4 + 4 * axes:
        raise BadInput(f"{name}: truncated in its header")
    shape = struct.unpack(f">{axes}I", data[4 : 4 + 4 * axes])
    pixels = len(data) - 4 - 4 * axes
    if pixels != math.prod(shape):
        raise BadInput(f"{name}: {math.prod(shape)} bytes expected for {shape}, got {pixels}")
    return np.frombuffer(data, np.uint8, offset=4 + 4 * axes).reshape(shape)


def load_idx(name: str, files: Files, view: View) -> Dataset:
    """All idx pairs of a source: `train-…` and `t10k-…` are its splits; one pair alone is split by hash."""
    names = [member.name for member in files.members()]
    pictures = [n for n in names if is_idx_images(n)]
    parts: Parts = {}
    used = set()
    for images in pictures:
        file = images.rpartition("/")[2].lower()
        split = next((s for word, s in _SPLITS.items() if word in file), "") if len(pictures) > 1 else ""
        if split in parts:
            raise BadInput(f"{name}: several sets ({', '.join(pictures)}); give one file as the data")
        labels = labels_of(images, names)
        parts[split] = {"items": read_idx(files, images)}
        used.add(images)
        if labels:
            parts[split]["labels"] = read_idx(files, labels)
            used.add(labels)
    data = dataset_of(name, parts, view)
    others = [Skipped(n, ignored(n) or "not one of the idx pairs") for n in names if n not in used]
    skipped = sorted([*files.skipped(), *others], key=lambda s: s.path)
    return replace(data, skipped=tuple(skipped))
