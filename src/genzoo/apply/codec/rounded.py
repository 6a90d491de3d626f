"""Whole numbers of an image's code as words, each at the length of its probability given those before it."""

import hashlib
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

from genzoo.apply.codec.coder import categorical, counts_of, range_coding
from genzoo.data.sources import PIXEL_LIMIT
from genzoo.models.base import Rounds
from genzoo.nn.surroundings import PHASES, UNITS, Phase, unit_of

HALF = 2**15  # codes lie within ± so many
_FURTHEST = 2**14  # how far a code may lie from where it is expected
_TABLES = 2**13  # that are kept

Codes = Float[Tensor, "1 m _ _"]
Words = NDArray[np.uint32]


class OtherCodesError(Exception):
    """Words that can not have been made with these probabilities."""


class Coder:
    """Codes to words and back, for a model at one of its qualities.

    The order is that of `PHASES`, then of channels; the codes of a channel that have one unit go together.
    """

    def __init__(self, rounds: Rounds, quality: int) -> None:
        self.rounds, self.quality = rounds, quality
        self.surroundings = rounds.exact_surroundings(quality)
        self.queue, _ = range_coding()
        self.table = lru_cache(maxsize=_TABLES)(self._table)

    def arithmetic(self) -> bytes:
        """A checksum of probabilities of every channel, and of what tells the units, as whole numbers."""
        digest = hashlib.blake2b(self.surroundings.edges.numpy().data, digest_size=4)
        for channel in range(len(self.surroundings.bias)):
            digest.update(self._counts(channel, UNITS // 2 + channel % 8, 8).data)
        return digest.digest()

    def encoded(self, codes: Codes, size: tuple[int, int]) -> Words:
        """Words: height and width, the least and the largest difference, the differences by a range coder."""
        parts = []
        for phase in PHASES:
            numbers = phase.of(codes)[0].flatten(1)
            centre, so_far = self.surroundings.start(codes, phase)
            differences = (numbers.long() - centre).int().numpy()
            for group in self.surroundings.groups:
                for channel, unit, places in self._parts(so_far, numbers, group):
                    parts.append((channel, unit, differences[channel, places]))
        furthest = max(int(np.abs(part).max()) for _, _, part in parts)
        if furthest >= _FURTHEST:
            raise FloatingPointError("the model's codes are too far from where it expects them")
        bound = 1 << furthest.bit_length()  # few bounds, so that tables serve many images
        encoder = self.queue.RangeEncoder()
        for channel, unit, part in parts:
            encoder.encode(part + bound, self.table(channel, unit, bound))
        head = [size[0] << 16 | size[1], HALF - bound << 16 | HALF + bound]
        return np.concatenate([np.array(head, np.uint32), encoder.get_compressed()])

    def decoded(self, words: Words) -> tuple[Codes, tuple[int, int]]:
        """The inverse of `encoded`.

        Raises:
            OtherCodesError: words that it did not make.
        """
        if len(words) < 2:
            raise OtherCodesError
        (h, w), (low, high) = (divmod(int(word), 2**16) for word in words[:2])
        if not 0 < h * w <= PIXEL_LIMIT or low + high != 2 * HALF or low >= high:
            raise OtherCodesError
        rows, columns = (-(-n // self.rounds.stride) for n in (h, w))
        codes = torch.zeros(1, len(self.surroundings.bias), rows, columns)
        decoder, bound = self.queue.RangeDecoder(words[2:]), high - HALF
        try:
            for phase in PHASES:
                self._fill(codes, phase, decoder, bound)
        except AssertionError as error:  # how constriction says that words are of other probabilities
            raise OtherCodesError from error
        return codes, (h, w)

    def _fill(self, codes: Codes, phase: Phase, decoder: Any, bound: int) -> None:
        """Decodes what a phase adds."""
        grid = phase.of(codes)[0]
        centre, so_far = self.surroundings.start(codes, phase)
        numbers = torch.zeros_like(so_far)
        seen, expected = numbers.numpy(), centre.numpy()  # the same memory
        for group in self.surroundings.groups:
            for channel, unit, places in self._parts(so_far, numbers, group):
                found = decoder.decode(self.table(channel, unit, bound), len(places))
                seen[channel, places] = expected[channel, places] + found - bound
        grid.copy_(numbers.view_as(grid))

    def _parts(
        self, so_far: Float[Tensor, "m n"], numbers: Float[Tensor, "m n"], group: slice
    ) -> Iterator[tuple[int, int, Int[np.ndarray, " part"]]]:
        """Channel, unit and places of what is coded with one table."""
        units = self.surroundings.units(so_far, numbers, group).numpy()
        for channel, row in enumerate(units, group.start):
            for unit in np.unique(row):
                yield channel, int(unit), np.flatnonzero(row == unit)

    def _counts(self, channel: int, unit: int, bound: int) -> NDArray[np.float32]:
        masses = self.rounds.masses(self.quality, channel, unit_of(unit), -bound, bound)
        return counts_of((masses / masses.sum())[None])[0]

    def _table(self, channel: int, unit: int, bound: int) -> Any:
        """The distribution of differences from −bound to bound."""
        return categorical(self._counts(channel, unit, bound))
