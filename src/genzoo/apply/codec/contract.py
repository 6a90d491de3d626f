"""What every codec takes and gives, whichever model stands behind it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from genzoo.apply.codec.container import Container
from genzoo.apply.codec.fingerprint import fingerprint
from genzoo.apply.codec.listing import Listing
from genzoo.apply.placement import Tick
from genzoo.errors import BadInput
from genzoo.models import Model
from genzoo.types import Images

LANES = 256


@runtime_checkable
class Pictures(Protocol):
    """Images that are made when they are asked for; a tensor of images is such a thing.

    Only a codec of rounded codes takes images of different sizes, and asks for one at a time.
    """

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> Images: ...


@dataclass(frozen=True)
class Compressed:
    """What a file takes.

    Args:
        count: how many images.
        numbers: how many numbers they have: c·h·w of each, added up.
        payload_bytes: the code of the pixels.
        file_bytes: the whole file.
        psnr: of each image, dB, as it will be decompressed; empty where nothing is lost.
        initial_bytes: of the payload, those that the first latents are drawn with; they say nothing.
    """

    count: int
    numbers: int
    payload_bytes: int
    file_bytes: int
    psnr: tuple[float, ...] = ()
    initial_bytes: int = 0

    @property
    def bits_per_dim(self) -> float:
        """Bits of payload for each number."""
        return 8 * self.payload_bytes / self.numbers

    @property
    def net_bits_per_dim(self) -> float:
        """Bits of payload for each number, the initial ones left out."""
        return 8 * (self.payload_bytes - self.initial_bytes) / self.numbers


@dataclass(frozen=True)
class Restored:
    """What was in a file.

    Args:
        images: in [0, 1].
        listing: what they are called.
    """

    images: Images
    listing: Listing


@runtime_checkable
class Codec(Protocol):
    """A module that turns images into a file and back.

    Args:
        CODEC: a name among the container's `CODECS`.
    """

    CODEC: str

    def able(self, model: Model, /) -> str | None:
        """Why images can not be coded with this model, as a clause; None if they can."""
        ...

    def compress(
        self,
        model: Model,
        images: Pictures,
        out: str | Path,
        *,
        listing: Listing | None = None,
        lanes: int = LANES,
        tick: Tick = ...,
    ) -> Compressed:
        """Writes images to a file."""
        ...

    def restored(
        self, model: Model, container: Container, *, tick: Tick = ...
    ) -> Iterator[NDArray[np.uint8]]:
        """Level numbers (b c h w) of one group of images after the other; right once the end is reached."""
        ...


def check_listing(images: Pictures, listing: Listing) -> None:
    """BadInput if there are no images, or not as many names or labels."""
    if not len(images):
        raise BadInput("no images to compress")
    for what, column in (("names", listing.names), ("labels", listing.labels)):
        if column and len(column) != len(images):
            raise BadInput(f"{len(images)} images but {len(column)} {what}; they must be equally many")


def check_model(model: Model, container: Container) -> None:
    """BadInput unless this is the model that the file was compressed with, bit for bit."""
    written, found = container.header.model, fingerprint(model)
    if written != found:
        raise BadInput(
            f"{container.path}: compressed by another model ({written.hex()}, this one is {found.hex()}); "
            "give the run that compressed it"
        )


def other_arithmetic(container: Container, versions: str) -> BadInput:
    """That the model's probabilities here are not those that the file was coded with.

    Args:
        versions: the packages that they depend on.
    """
    return BadInput(
        f"{container.path}: this machine's arithmetic gives other probabilities than the one that compressed "
        f"it; decompress it there, or with the same versions of {versions}"
    )


def check_conditions(model: Model) -> str | None:
    """Why a model can not code without conditions that no file has; None if it can."""
    if others := sorted(model.requires - {"labels"}):
        return f"{type(model).__name__} is conditional on {', '.join(others)}, which a file has none of"
    return None


def check_place(model: Model) -> str | None:
    """Why a model does not compress where it is; None if it does."""
    device = model.like.device
    return None if device.type == "cpu" else f"compression runs on the CPU, the model is on {device}"
