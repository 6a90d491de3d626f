"""Image files at their own sizes, decoded when they are asked for: what a lossy codec stores."""

from dataclasses import dataclass

import numpy as np
import torch
from PIL import ImageOps

from genzoo.apply.codec.originals import exact
from genzoo.data import BUILTIN, splits
from genzoo.data.dataset import Skipped
from genzoo.data.decode import quiet
from genzoo.data.labels import numbered
from genzoo.data.listing import Files, Unusable
from genzoo.data.pixels import eight_bit, with_channels
from genzoo.data.sources import gallery_of
from genzoo.errors import BadInput
from genzoo.types import Images


@dataclass(frozen=True)
class Photographs:
    """The image files of a source, or some of them; a slice of one is an image (1, c, h, w) in [0, 1].

    Args:
        source: what `load` takes.
        channels: 1, 3 or 4; grey files become colours of three equal channels where it is 3.
        files: of the source.
        names: of the images among them.
        labels: the class number of each; empty if the source says none.
        classes: their names.
        skipped: the files that are none, and why.
    """

    source: str
    channels: int
    files: Files
    names: tuple[str, ...]
    labels: tuple[int, ...] = ()
    classes: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, part: slice, /) -> Images:
        """The one image of a slice; BadInput for a file that is damaged, or that 8 bits can not hold."""
        [name] = self.names[part]
        try:
            with quiet():
                image = ImageOps.exif_transpose(exact(self.files, name, self.channels, None))
                pixels = np.asarray(with_channels(eight_bit(image), self.channels, (255, 255, 255)))
        except (OSError, Unusable) as error:
            raise BadInput(f"{self.source}: {name} {error}") from error
        flat = torch.from_numpy(pixels.copy()).view(*pixels.shape[:2], self.channels)
        return flat.permute(2, 0, 1)[None].float() / 255


def photographs(source: str, split: str, channels: int) -> Photographs | None:
    """The images of a split (`all` for every one) of a source; None where they are no files.

    Args:
        channels: that they are given with.
    """
    if source in BUILTIN or source.endswith((".npy", ".npz", ".csv")):
        return None
    gallery = gallery_of(source)
    found = gallery.list_images()
    names = [member.name for member in found.members]
    at = splits.places(names, len(names))
    if found.splits is None:
        said = splits.by_hash(at)
    else:
        own = np.array(found.splits)
        said = splits.as_said({name: np.flatnonzero(own == name) for name in splits.SPLITS}, at)
    labels, classes = numbered(found.labels) if found.labels is not None else (np.zeros(0, int), ())
    where = np.arange(len(names)) if split == "all" else said.get(split, np.zeros(0, int))
    if not len(where):
        raise BadInput(f"{source}: no images in the split {split!r}; give more, or --split all")
    return Photographs(
        source,
        channels,
        gallery.files,
        tuple(names[i] for i in where),
        tuple(labels[where].tolist()) if len(labels) else (),
        classes if len(labels) else (),
        tuple(found.skipped),
    )
