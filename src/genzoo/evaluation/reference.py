"""Features of real images: streamed from bytes, and kept on disk by what they were made from."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from genzoo.data.batches import in_order
from genzoo.data.cache import features_root
from genzoo.data.dataset import Dataset
from genzoo.data.rows import rows_digest
from genzoo.data.view import View
from genzoo.errors import BadInput
from genzoo.evaluation.features import Extractor
from genzoo.evaluation.shards import Tick, gathered, share
from genzoo.evaluation.statistics import Rows
from genzoo.files import atomic
from genzoo.images import to_uint8
from genzoo.training.distributed import any_process, rank
from genzoo.types import Batch, Images

FORMAT = 1  # of what is stored, and of every rule that leads to it


def as_files(images: Images) -> Images:
    """Images as a PNG file holds them: clipped to [0, 1] and rounded to the nearest of 256 levels."""
    return to_uint8(images).float().div_(255)


def real_features(
    dataset: Dataset,
    extractor: Extractor,
    *,
    split: str | NDArray[np.int64] = "test",
    view: View | None = None,
    seed: int = 0,
    batch: int = 64,
    tick: Tick | None = None,
) -> Rows:
    """The features of every image of a split, float32 on the CPU, as `as_files` of what a run's view shows.

    They are computed once and kept in the cache under a hash of the data, the view and the extractor's
    weights; a file that is not whole is computed anew. The split's positions must rise, as those of data
    sets do.

    Args:
        split: its name, or positions in the data set.
        seed: of static and dynamic binarization.
        tick: told how many more images are done.
    """
    view = view or View()
    positions = dataset.split(split) if isinstance(split, str) else split
    path = features_root() / f"{_key(dataset, positions, view, seed, extractor)}.safetensors"
    stored = _read(path, len(positions))
    if not any_process(stored is None, next(extractor.net.parameters()).device) and stored is not None:
        if tick:
            tick(len(positions))
        return stored
    batches = in_order(dataset, positions, view=view, size=batch, seed=seed)
    features = features_of(batches, extractor, dataset.shape, len(positions), tick)
    if rank() == 0:
        _write(path, features)
    return features


def features_of(
    batches: Iterable[Batch],
    extractor: Extractor,
    shape: tuple[int, ...],
    count: int,
    tick: Tick | None = None,
) -> Rows:
    """The features of a stream of images, ordered by their index; several processes share the batches.

    Args:
        shape: of one image.
        count: of images.
    """
    width = extractor(torch.zeros(1, *shape)).shape[1]
    rows = torch.empty(count, width)  # at once: small pieces between large buffers would keep these in memory
    index, done = torch.empty(count, dtype=torch.long), 0
    for batch in share(batches, tick):
        if batch.index is None:
            raise ValueError("expected batches that say which images they hold, got no index")
        here = slice(done, done + len(batch))
        rows[here] = extractor(as_files(batch.images)).cpu()
        index[here] = batch.index
        done += len(batch)
    return gathered(rows[:done], index[:done])[0]


def _key(dataset: Dataset, positions: NDArray[np.int64], view: View, seed: int, extractor: Extractor) -> str:
    """A hash of everything that the features depend on."""
    random = view.binarize in ("static", "dynamic")
    parts = [
        FORMAT,
        dataset.fingerprint or rows_digest(dataset.items),
        [view.levels, view.binarize, seed if random else None],
        extractor.label,
        repr(extractor.net),  # nets of equal weights may differ in what has none
        next(extractor.net.parameters()).device.type,
    ]
    digest = hashlib.blake2b(json.dumps(parts).encode(), digest_size=16)
    digest.update(np.ascontiguousarray(positions, np.int64).tobytes())
    return digest.hexdigest()


def _digest(features: Tensor) -> str:
    return hashlib.blake2b(features.numpy().tobytes(), digest_size=16).hexdigest()


def _read(path: Path, n: int) -> Tensor | None:
    """The features in a file, None if it is missing, broken or not what was written."""
    try:
        with safe_open(path, framework="pt") as file:
            features = file.get_tensor("features")
            said = (file.metadata() or {}).get("digest")
    except (OSError, SafetensorError):
        return None
    return features if len(features) == n and _digest(features) == said else None


def _write(path: Path, features: Tensor) -> None:
    try:
        with atomic(path) as temporary:
            save_file({"features": features.contiguous()}, temporary, {"digest": _digest(features)})
    except (OSError, SafetensorError) as error:
        raise BadInput(
            f"{path.parent}: features can not be cached ({error}); set GENZOO_CACHE to another folder"
        ) from error
