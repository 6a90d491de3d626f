"""Images to a file and back, bit for bit, at the length that the model's own probability of them says."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Int
from numpy.typing import NDArray
from torch import Tensor

from genzoo.apply.codec.coder import fitting_lanes, range_coding, threads, walk
from genzoo.apply.codec.container import Container, Header, read, writing
from genzoo.apply.codec.fingerprint import fingerprint
from genzoo.apply.codec.listing import Listing
from genzoo.apply.placement import Tick, nothing
from genzoo.densities.categorical import on_grid
from genzoo.errors import BadInput
from genzoo.images import from_levels, to_levels
from genzoo.models import Model
from genzoo.models.autoregressive.base import Autoregressive
from genzoo.models.base import evaluating
from genzoo.types import Given, Images

CODEC = "pixel by pixel"
THREADS = 1
LANES = 256
_SEGMENT_WORDS = 2**18  # a segment of the payload ends with the group that makes it a mebibyte


@runtime_checkable
class Pictures(Protocol):
    """Images that are made when they are asked for; a tensor of images is such a thing."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> Images: ...


@dataclass(frozen=True)
class Compressed:
    """What a file takes.

    Args:
        count: how many images.
        numbers: how many numbers they have: c·h·w of each.
        payload_bytes: the code of the pixels.
        file_bytes: the whole file.
    """

    count: int
    numbers: int
    payload_bytes: int
    file_bytes: int

    @property
    def bits_per_dim(self) -> float:
        """Bits of payload for each number."""
        return 8 * self.payload_bytes / self.numbers


@dataclass(frozen=True)
class Restored:
    """What was in a file.

    Args:
        images: in [0, 1].
        listing: what they are called.
    """

    images: Images
    listing: Listing


def coded(model: Model) -> Autoregressive:
    """The model, if images can be coded with its probabilities; else BadInput."""
    if not isinstance(model, Autoregressive):
        raise BadInput(f"{type(model).__name__} does not draw pixel by pixel, so it can not compress")
    if others := sorted(model.requires - {"labels"}):
        raise BadInput(
            f"{type(model).__name__} is conditional on {', '.join(others)}, which a file has none of"
        )
    if model.like.device.type != "cpu":
        raise BadInput(f"compression runs on the CPU, the model is on {model.like.device}")
    return model


def compress(
    model: Model,
    images: Pictures,
    out: str | Path,
    *,
    listing: Listing | None = None,
    lanes: int = LANES,
    tick: Tick = nothing,
) -> Compressed:
    """Writes images to a file from which `decompress`, with the same model, gets them back bit for bit.

    Args:
        images: in [0, 1], on the model's grid of levels, shape (b, c, h, w).
        listing: what they are called; its labels are the conditions of a class-conditional model.
        lanes: how many go through the model side by side, if memory allows; the file says how many.
    """
    net, listing = coded(model), listing or Listing()
    _check(net, images, listing, lanes)
    lanes = min(lanes, max(16, len(images)))
    c, h, w = net.shape
    header = Header(CODEC, THREADS, lanes, net.levels, (c, h, w), len(images), fingerprint(net))
    with evaluating(net), threads(THREADS), writing(Path(out), listing) as writer:
        header = replace(header, lanes=fitting_lanes(net.tape(_given(net, listing, 0, 1)), lanes))
        encoder = _Encoder(net, header, listing)
        for words, groups in encoder.segments(images, tick):
            writer.segment(words, groups)
        writer.finish(encoder.header)
    total = Path(out).stat().st_size
    return Compressed(len(images), len(images) * int(np.prod(net.shape)), writer.payload_bytes, total)


def decompress(model: Model, file: str | Path, *, tick: Tick = nothing) -> Restored:
    """The images that `compress` wrote; BadInput, never wrong pixels, for another model, file or machine."""
    container = read(Path(file))
    groups = list(restored(model, container, tick=tick))
    numbers = torch.from_numpy(np.concatenate(groups)) if groups else torch.empty(0, *container.header.shape)
    return Restored(from_levels(numbers.long(), container.header.levels), container.listing)


def restored(model: Model, container: Container, *, tick: Tick = nothing) -> Iterator[NDArray[np.uint8]]:
    """Level numbers (b c h w) of one group after the other; right only if the end is reached.

    Raises BadInput after the first group, or at the end, if they are not what was written.
    """
    net, header, path = coded(model), container.header, container.path
    found = fingerprint(net)
    if header.model != found:
        raise BadInput(
            f"{path}: compressed by another model ({header.model.hex()}, this one is {found.hex()}); "
            "give the run that compressed it"
        )
    strange = BadInput(
        f"{path}: this machine's arithmetic gives other probabilities than the one that compressed it; "
        "decompress it there, or with the same versions of genzoo, torch and numba"
    )
    pixels = hashlib.blake2b(digest_size=8)
    decoder = _Decoder(net, header, container.listing)
    try:
        with evaluating(net), threads(header.threads):
            for start, numbers in decoder.groups(container.segments()):
                if start == 0 and decoder.arithmetic.digest() != header.arithmetic:
                    raise strange
                pixels.update(numbers.data)
                tick(len(numbers))
                yield numbers
    except AssertionError as error:  # how constriction says that the code is of other probabilities
        raise strange from error
    if pixels.digest() != header.pixels:
        raise strange


def _check(net: Autoregressive, images: Pictures, listing: Listing, lanes: int) -> None:
    if not len(images):
        raise BadInput("no images to compress")
    if not 1 <= lanes < 2**16:
        raise BadInput(f"--batch must be from 1 to 65535, got {lanes}")
    if max(net.shape) >= 2**16 or len(images) >= 2**32:
        raise BadInput(f"{len(images)} images of shape {net.shape} are more than a file can hold")
    for what, column in (("names", listing.names), ("labels", listing.labels)):
        if column and len(column) != len(images):
            raise BadInput(f"{len(images)} images but {len(column)} {what}; they must be equally many")
    if "labels" in net.requires and not listing.labels:
        raise BadInput(f"{type(net).__name__} is conditional on labels and these images have none")
    classes = net.spec.get("classes")
    if "labels" in net.requires and isinstance(classes, int):
        for label in (min(listing.labels), max(listing.labels)):
            if not 0 <= label < classes:
                raise BadInput(f"label {label}: {type(net).__name__} knows the classes 0 to {classes - 1}")


def _given(net: Autoregressive, listing: Listing, start: int, lanes: int) -> Given | None:
    """The conditions of a group, padded with class 0."""
    if "labels" not in net.requires:
        return None
    labels = listing.labels[start : start + lanes]
    return Given(labels=torch.tensor([*labels, *[0] * (lanes - len(labels))]))


class _Coder:
    """What encoder and decoder share."""

    def __init__(self, net: Autoregressive, header: Header, listing: Listing) -> None:
        self.net, self.header, self.listing = net, header, listing
        self.queue, self.family = range_coding()
        self.arithmetic = hashlib.blake2b(digest_size=4)

    def starts(self) -> range:
        return range(0, self.header.count, self.header.lanes)


class _Encoder(_Coder):
    def segments(self, images: Pictures, tick: Tick) -> Iterator[tuple[NDArray[np.uint32], int]]:
        pixels, encoder, groups = hashlib.blake2b(digest_size=8), self.queue.RangeEncoder(), 0
        for start in self.starts():
            some = images[start : start + self.header.lanes]
            numbers = self._numbers(some)
            self._group(start, numbers, encoder)
            pixels.update(numbers.to(torch.uint8).contiguous().numpy().data)
            groups += 1
            tick(len(some))
            if encoder.num_words() >= _SEGMENT_WORDS:
                yield encoder.get_compressed(), groups
                encoder, groups = self.queue.RangeEncoder(), 0
        if groups:
            yield encoder.get_compressed(), groups
        self.header = replace(self.header, arithmetic=self.arithmetic.digest(), pixels=pixels.digest())

    def _numbers(self, images: Images) -> Int[Tensor, "b c h w"]:
        if images.shape[1:] != self.header.shape:
            raise BadInput(f"expected images of shape {self.header.shape}, got {tuple(images.shape[1:])}")
        try:
            on_grid(images, self.header.levels)
        except ValueError as error:
            raise BadInput(f"{type(self.net).__name__} can not store these images: {error}") from error
        return to_levels(images, self.header.levels)

    def _group(self, start: int, numbers: Int[Tensor, "b c h w"], encoder: Any) -> None:
        n, lanes = len(numbers), self.header.lanes
        padded = torch.cat([numbers, numbers.new_zeros(lanes - n, *numbers.shape[1:])])
        symbols = numbers.to(torch.int32).permute(1, 2, 3, 0).contiguous().numpy()  # c h w b
        padded = padded.permute(1, 2, 3, 0).contiguous()

        def code(counts: NDArray[np.float32], channel: int, row: int, column: int) -> Tensor:
            if start == 0:
                self.arithmetic.update(counts[:n].data)
            encoder.encode(symbols[channel, row, column], self.family, counts[:n])
            return padded[channel, row, column]

        walk(self.net, _given(self.net, self.listing, start, lanes), lanes, code)


class _Decoder(_Coder):
    def groups(
        self, segments: Iterator[tuple[NDArray[np.uint32], int]]
    ) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        left = 0
        for start in self.starts():
            if not left:
                words, left = next(segments, (np.zeros(0, np.uint32), self.header.count))
                decoder = self.queue.RangeDecoder(words)
            left -= 1
            yield start, self._group(start, decoder)

    def _group(self, start: int, decoder: Any) -> NDArray[np.uint8]:
        lanes = self.header.lanes
        n = min(lanes, self.header.count - start)
        numbers = torch.zeros(*self.header.shape, lanes, dtype=torch.long)  # c h w b

        def code(counts: NDArray[np.float32], channel: int, row: int, column: int) -> Tensor:
            if start == 0:
                self.arithmetic.update(counts[:n].data)
            here = numbers[channel, row, column]
            here[:n] = torch.from_numpy(decoder.decode(self.family, counts[:n]))
            return here

        walk(self.net, _given(self.net, self.listing, start, lanes), lanes, code)
        return numbers[..., :n].permute(3, 0, 1, 2).to(torch.uint8).contiguous().numpy()
