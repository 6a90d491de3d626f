"""Images to a file and back, bit for bit, at the length that the model's own probability of them says."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Int
from numpy.typing import NDArray
from torch import Tensor

from genzoo.apply.codec.coder import fitting_lanes, range_coding, threads, walk
from genzoo.apply.codec.container import Container, Header, writing
from genzoo.apply.codec.contract import (
    LANES,
    Compressed,
    Pictures,
    check_conditions,
    check_model,
    check_place,
    other_arithmetic,
)
from genzoo.apply.codec.exact import check_exact, given_of, level_numbers
from genzoo.apply.codec.fingerprint import fingerprint
from genzoo.apply.codec.listing import Listing
from genzoo.apply.placement import Tick, nothing
from genzoo.errors import BadInput
from genzoo.models import Model
from genzoo.models.autoregressive.base import Autoregressive
from genzoo.models.base import evaluating

CODEC = "pixel by pixel"
THREADS = 1
_SEGMENT_WORDS = 2**18  # a segment of the payload ends with the group that makes it a mebibyte


def able(model: Model) -> str | None:
    """Why images can not be coded pixel by pixel with this model's probabilities; None if they can."""
    if not isinstance(model, Autoregressive):
        return f"{type(model).__name__} does not draw pixel by pixel"
    return check_conditions(model) or check_place(model)


def coded(model: Model) -> Autoregressive:
    """The model, if images can be coded with its probabilities; else BadInput."""
    if reason := able(model):
        raise BadInput(reason)
    assert isinstance(model, Autoregressive)
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
    check_exact(net, images, listing, lanes)
    lanes = min(lanes, max(16, len(images)))
    c, h, w = net.shape
    header = Header(CODEC, THREADS, lanes, net.levels, (c, h, w), len(images), fingerprint(net))
    with evaluating(net), threads(THREADS), writing(Path(out), listing) as writer:
        header = replace(header, lanes=fitting_lanes(net.tape(given_of(net, listing, 0, 1)), lanes))
        encoder = _Encoder(net, header, listing)
        for words, groups in encoder.segments(images, tick):
            writer.segment(words, groups)
        writer.finish(encoder.header)
    total = Path(out).stat().st_size
    return Compressed(len(images), len(images) * int(np.prod(net.shape)), writer.payload_bytes, total)


def restored(model: Model, container: Container, *, tick: Tick = nothing) -> Iterator[NDArray[np.uint8]]:
    """Level numbers (b c h w) of one group after the other; right only if the end is reached.

    Raises BadInput after the first group, or at the end, if they are not what was written.
    """
    net, header = coded(model), container.header
    check_model(net, container)
    strange = other_arithmetic(container, "genzoo, torch and numba")
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
            numbers = level_numbers(self.net, self.header.levels, some)
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

        walk(self.net, given_of(self.net, self.listing, start, lanes), lanes, code)


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

        walk(self.net, given_of(self.net, self.listing, start, lanes), lanes, code)
        return numbers[..., :n].permute(3, 0, 1, 2).to(torch.uint8).contiguous().numpy()
