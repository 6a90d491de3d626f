"""The file that holds compressed images: a header of fixed size, what the images are called, the payload.

    header    62 bytes, little-endian; the last 8 are a checksum of all else in the file
    listing   JSON, a line for what they share and one for each image, compressed by LZMA; may be empty
    payload   segments: how many words of 32 bits, how many groups of images they hold, the words

A codec is a number in the header, so that all share the container and the verbs.
"""

import hashlib
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from genzoo.apply.codec.listing import Listing
from genzoo.errors import BadInput
from genzoo.files import atomic

MAGIC, VERSION = b"\x93gzi", 1
CODECS = {1: "pixel by pixel", 2: "bits back", 3: "rounded codes"}
_FIELDS = struct.Struct("<4s4B5H2IQ8s4s8s")  # all of the header but its checksum
_SEGMENT = struct.Struct("<2I")
_CHECKSUM = 8
HEADER_BYTES = _FIELDS.size + _CHECKSUM
_BLOCK = 2**20


@dataclass(frozen=True)
class Header:
    """What a decoder must know before the first image.

    Args:
        codec: one of `CODECS`.
        threads: how many threads the arithmetic ran on.
        lanes: how many images went through the model side by side; the last group is padded to as many.
        levels: values of a pixel.
        shape: (c, h, w) of an image; (c, 0, 0) where the payload says the size of each.
        count: how many images.
        model: the model's fingerprint.
        arithmetic: a checksum of all probabilities of the first group, as whole numbers.
        pixels: a checksum of all level numbers, or of all codes that are rounded.
        quality: which of the model's rates, from 1; 0 where it has none.
    """

    codec: str
    threads: int
    lanes: int
    levels: int
    shape: tuple[int, int, int]
    count: int
    model: bytes
    arithmetic: bytes = bytes(4)
    pixels: bytes = bytes(8)
    quality: int = 0

    def packed(self, listing_bytes: int, payload_bytes: int) -> bytes:
        """All but the checksum."""
        number = next(n for n, name in CODECS.items() if name == self.codec)
        return _FIELDS.pack(
            *(
                MAGIC,
                VERSION,
                number,
                self.threads,
                self.quality,
                self.lanes,
                self.levels,
                *self.shape,
                self.count,
            ),
            *(listing_bytes, payload_bytes, self.model, self.arithmetic, self.pixels),
        )


@dataclass
class Writer:
    """A container in progress.

    Args:
        file: where it goes, after the place that its header will take.
        listing_bytes: the size of its listing.
        payload_bytes: the size of its payload so far.
    """

    file: BinaryIO
    listing_bytes: int = 0
    payload_bytes: int = 0
    digest: "hashlib.blake2b" = field(default_factory=lambda: hashlib.blake2b(digest_size=_CHECKSUM))

    def body(self, data: bytes) -> None:
        """Writes what follows the header."""
        self.digest.update(data)
        self.file.write(data)

    def segment(self, words: NDArray[np.uint32], groups: int) -> None:
        """Writes the words of some groups of images."""
        data = _SEGMENT.pack(len(words), groups) + words.astype("<u4").tobytes()
        self.payload_bytes += len(data)
        self.body(data)

    def finish(self, header: Header) -> None:
        """Writes the header, which seals the file."""
        packed = header.packed(self.listing_bytes, self.payload_bytes)
        self.digest.update(packed)
        self.file.seek(0)
        self.file.write(packed + self.digest.digest())


@contextmanager
def writing(path: Path, listing: Listing) -> Iterator[Writer]:
    """A container that is whole, once `finish` has been called, or absent."""
    with atomic(path) as temporary, temporary.open("wb") as file:
        packed = listing.packed()
        file.write(bytes(HEADER_BYTES))
        writer = Writer(file, len(packed))
        writer.body(packed)
        yield writer


@dataclass(frozen=True)
class Container:
    """A container whose checksum is right.

    Args:
        path: the file.
        header: of fixed size.
        listing: what the images are called.
        listing_bytes: the size of that in the file.
        payload_bytes: the size of the payload.
    """

    path: Path
    header: Header
    listing: Listing
    listing_bytes: int
    payload_bytes: int

    def segments(self) -> Iterator[tuple[NDArray[np.uint32], int]]:
        """Each segment's words, and how many groups of images they hold."""
        with self.path.open("rb") as file:
            at, end = HEADER_BYTES + self.listing_bytes, self.path.stat().st_size
            while at < end:
                file.seek(at)
                head = file.read(_SEGMENT.size)
                words, groups = _SEGMENT.unpack(head) if len(head) == _SEGMENT.size else (end, 0)
                at += _SEGMENT.size + 4 * words
                if at > end:
                    raise BadInput(f"{self.path}: damaged, a segment goes beyond the end of the file")
                yield np.frombuffer(file.read(4 * words), "<u4").astype(np.uint32), groups


def read(path: Path) -> Container:
    """The container in a file; BadInput, with the reason, if it is none, or is not what was written."""
    if not path.is_file():
        raise BadInput(f"{path}: no such file")
    with path.open("rb") as file:
        data = file.read(HEADER_BYTES)
        if data[:4] != MAGIC[: len(data)] or not data:
            raise BadInput(f"{path}: not a file that `genzoo compress` wrote")
        if len(data) > 4 and data[4] != VERSION:
            raise BadInput(f"{path}: of version {data[4]}, or damaged; this genzoo reads version {VERSION}")
        if len(data) < HEADER_BYTES:
            raise BadInput(f"{path}: truncated in its header, {len(data)} of {HEADER_BYTES} bytes")
        values = _FIELDS.unpack(data[: _FIELDS.size])
        listing_bytes, payload_bytes = values[11:13]
        size, expected = path.stat().st_size, HEADER_BYTES + listing_bytes + payload_bytes
        if size != expected:
            raise BadInput(f"{path}: truncated or damaged, {size:,} bytes instead of {expected:,}")
        digest = hashlib.blake2b(digest_size=_CHECKSUM)
        packed = file.read(listing_bytes)
        digest.update(packed)
        while block := file.read(_BLOCK):
            digest.update(block)
    digest.update(data[: _FIELDS.size])
    if digest.digest() != data[_FIELDS.size :]:
        raise BadInput(f"{path}: damaged, its checksum is wrong; get the file again")
    return Container(path, _header(path, values), Listing.unpacked(packed), listing_bytes, payload_bytes)


def _header(path: Path, values: tuple) -> Header:
    _, _, number, threads, quality, lanes, levels, c, h, w, count, _, _, model, arithmetic, pixels = values
    if number not in CODECS:
        raise BadInput(f"{path}: written by a codec that this genzoo does not have (number {number})")
    if not (threads and lanes and count):
        raise BadInput(f"{path}: damaged, {count} images by {lanes} on {threads} threads")
    shape = (c, h, w)
    return Header(CODECS[number], threads, lanes, levels, shape, count, model, arithmetic, pixels, quality)
