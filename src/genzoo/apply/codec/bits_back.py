"""Images to a file and back, bit for bit, at the length of a variational model's bound: bits back with ANS.

To code x: draw z from q(z|x) with bits that are on the stack already, push x with p(x|z), push z with p(z).
The decoder pops z and x, and pushes z with q(z|x), which puts those bits back. So an image adds
log q(z|x) − log p(x|z) − log p(z) to the file, −ELBO on average; only the first draws need bits that mean
nothing. Images are coded from the last to the first, so that they come back in order, and so few at first
that the bits of those before them suffice to draw their latents.

Reference: Townsend, Bird & Barber, 2019, "Practical lossless compression with latent variables using bits
back coding", arXiv:1901.04866.
"""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Int
from numpy.typing import NDArray
from torch import Tensor

from genzoo.apply.codec.bins import BIN_BITS, BINS, PARTS, centres, coarse_masses, fine_masses
from genzoo.apply.codec.coder import counts_of, threads
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
from genzoo.apply.codec.stack import MOST_BITS, WORD, OutOfBitsError, Stack, clean_words
from genzoo.apply.placement import Tick, nothing
from genzoo.densities import Gaussian
from genzoo.densities.levels import ByLevel
from genzoo.errors import BadInput
from genzoo.images import from_levels
from genzoo.models import Model
from genzoo.models.base import evaluating
from genzoo.models.variational.base import GaussianLatentModel

CODEC = "bits back"
THREADS = 1
_MEMORY = 2**28  # bytes that the tables of a group may take
_STAND = 2  # words of the stack that are left beyond those that latents are popped from
_COPIES = 5  # of a table of probabilities in float64, while it is made


def able(model: Model) -> str | None:
    """Why bits back can not code with this model, as a clause; None if it can."""
    name = type(model).__name__
    if not isinstance(model, GaussianLatentModel):
        return f"{name} has no Gaussian latent variables to draw with bits of the file"
    if len(model.shape) != 3:
        return f"{name} is of items of shape {model.shape}, not of images"
    if model.levels is None or model.levels > 256:
        return f"{name} has no probability for each of up to 256 levels of a pixel"
    if reason := check_conditions(model):
        return reason
    if type(model).prior is not GaussianLatentModel.prior:
        return f"the prior of {name} is not N(0, I), so its latents have no bins of equal mass"
    given = given_of(model, Listing(), 0, 1)
    with evaluating(model):
        if not isinstance(model.posterior(model.placed(torch.zeros(1, *model.shape)), given), Gaussian):
            return f"the posterior of {name} is not Gaussian, so the mass of a bin of latents is not known"
        if not isinstance(model.likelihood(model.placed(torch.zeros(1, model.latent)), given), ByLevel):
            return f"the likelihood of {name} does not give the probability of each level"
    return check_place(model)


def compress(
    model: Model,
    images: Pictures,
    out: str | Path,
    *,
    listing: Listing | None = None,
    lanes: int = LANES,
    tick: Tick = nothing,
) -> Compressed:
    """Writes images to a file from which `restored`, with the same model, gets them back bit for bit.

    Args:
        images: in [0, 1], on the model's grid of levels, shape (b, c, h, w).
        listing: what they are called; its labels are the conditions of a class-conditional model.
        lanes: at most so many go through the model side by side, if memory allows.
    """
    net, listing = _coded(model), listing or Listing()
    check_exact(net, images, listing, lanes)
    assert net.levels is not None
    c, h, w = net.shape
    each = 8 * _COPIES * max(h * w * net.levels, net.latent * PARTS)
    lanes = max(1, min(lanes, len(images), _MEMORY // each))
    header = Header(CODEC, THREADS, lanes, net.levels, (c, h, w), len(images), fingerprint(net))
    with evaluating(net), threads(THREADS), writing(Path(out), listing) as writer:
        encoder = _Encoder(net, header, listing)
        groups = encoder.all(images, tick)
        words, initial = encoder.words()
        writer.segment(words, groups)
        writer.finish(encoder.sealed())
    sizes = writer.payload_bytes, Path(out).stat().st_size
    return Compressed(len(images), len(images) * c * h * w, *sizes, initial_bytes=initial * WORD // 8)


def restored(model: Model, container: Container, *, tick: Tick = nothing) -> Iterator[NDArray[np.uint8]]:
    """Level numbers (b c h w) of one group after the other; right only if the end is reached.

    Raises BadInput before the first group, or at the end, if they are not what was written.
    """
    net, header = _coded(model), container.header
    check_model(net, container)
    strange = other_arithmetic(container, "genzoo and torch")
    try:
        with evaluating(net), threads(header.threads):
            decoder = _Decoder(net, header, container.listing, _words(container))
            for start, numbers in decoder.groups():
                if start == 0 and decoder.arithmetic.value != header.arithmetic:
                    raise strange
                tick(len(numbers))
                yield numbers
    except OutOfBitsError as error:
        raise strange from error
    if decoder.sealed() != header or not decoder.is_clean():
        raise strange


def _words(container: Container) -> NDArray[np.uint32]:
    return next(container.segments(), (np.zeros(0, np.uint32), 0))[0]


def _coded(model: Model) -> GaussianLatentModel:
    if reason := able(model):
        raise BadInput(reason)
    assert isinstance(model, GaussianLatentModel)
    return model


class _Checksum:
    """Of arrays, in whatever order they come: the exclusive or of hashes of their names and bytes."""

    def __init__(self, size: int) -> None:
        self.value = bytes(size)

    def add(self, name: str, array: NDArray) -> None:
        digest = hashlib.blake2b(array.data, digest_size=len(self.value), person=name.encode()).digest()
        self.value = bytes(a ^ b for a, b in zip(self.value, digest, strict=True))


class _Chain:
    """What encoder and decoder share: the tables of a group of images."""

    stack: Stack

    def __init__(self, net: GaussianLatentModel, header: Header, listing: Listing) -> None:
        self.net, self.header, self.listing = net, header, listing
        self.centres = centres()
        self.arithmetic, self.pixels = _Checksum(4), _Checksum(8)

    def sealed(self) -> Header:
        """The header with the checksums of all that went through."""
        return replace(self.header, arithmetic=self.arithmetic.value, pixels=self.pixels.value)

    def posterior(self, start: int, numbers: Int[Tensor, "b c h w"]) -> tuple[Tensor, Tensor]:
        """μ and log σ of every latent of a group."""
        self.pixels.add(str(start), numbers.to(torch.uint8).contiguous().numpy())
        images = self.net.placed(from_levels(numbers, self.header.levels))
        q = self.net.posterior(images, given_of(self.net, self.listing, start, len(images)))
        assert isinstance(q, Gaussian)
        return q.mean.flatten(), q.log_scale.flatten()

    def likelihood(self, start: int, bins: NDArray[np.int32]) -> ByLevel:
        """p(x|z) at the centres of a group's bins."""
        latents = self.net.placed(self.centres[torch.from_numpy(bins).long()].view(-1, self.net.latent))
        density = self.net.likelihood(latents, given_of(self.net, self.listing, start, len(latents)))
        assert isinstance(density, ByLevel)
        return density

    def counts(self, start: int, name: str, probabilities: Tensor) -> NDArray[np.float32]:
        """Probabilities (n alternatives) as whole numbers."""
        counts = counts_of(probabilities)
        if start == 0:
            self.arithmetic.add(name, counts)
        return counts

    def most_words(self, n: int) -> int:
        """Words that the latents of n images are popped from at most, and some to stand on."""
        return math.ceil(n * self.net.latent * 2 * MOST_BITS / WORD) + _STAND

    def levels(
        self, start: int, density: ByLevel, i: int, before: Int[Tensor, "b before h w"]
    ) -> NDArray[np.float32]:
        """The counts of each level of channel `i` of every pixel."""
        table = density.probabilities(i, before)
        return self.counts(start, f"channel {i}", table.permute(0, 2, 3, 1).flatten(0, 2))


class _Encoder(_Chain):
    def all(self, images: Pictures, tick: Tick) -> int:
        """Pushes all images, the last first, in as many groups as it returns."""
        more = self.most_words(1)
        self.stack, self.lent, groups = Stack(clean_words(more)), more, 0
        start = len(images)
        while start:
            n = min(start, self.header.lanes, self._affordable())
            start -= n
            self._push(start, level_numbers(self.net, self.header.levels, images[start : start + n]))
            groups += 1
            tick(n)
        return groups

    def words(self) -> tuple[NDArray[np.uint32], int]:
        """All that symbols were pushed on or popped from, and how many of the words were clean at first."""
        unused = self.stack.untouched()
        return self.stack.words()[unused:], self.lent - unused

    def _affordable(self) -> int:
        """How many images' latents can be drawn with bits that are there; one at least.

        A draw can take more than `BIN_BITS`: without words to stand on it takes clean ones.
        """
        return max(1, (self.stack.above() - _STAND) * WORD // (self.net.latent * BIN_BITS))

    def _push(self, start: int, numbers: Int[Tensor, "b c h w"]) -> None:
        if self.stack.depth < (more := self.most_words(len(numbers))):
            self.stack.deepen(more)
            self.lent += more
        bins = self._draw(start, numbers)
        density = self.likelihood(start, bins)
        for i in reversed(range(numbers.shape[1])):
            counts = self.levels(start, density, i, numbers[:, :i])
            self.stack.push(numbers[:, i].flatten().to(torch.int32).numpy(), counts)
        self.stack.push_uniform(bins, BINS)
        self.stack.push_uniform(np.array([len(numbers) - 1], np.int32), max(2, self.header.lanes))

    def _draw(self, start: int, numbers: Int[Tensor, "b c h w"]) -> NDArray[np.int32]:
        mean, log_scale = self.posterior(start, numbers)
        self.stack.stir(self.most_words(len(numbers)), str(start))
        coarse = self.stack.pop(self.counts(start, "coarse", coarse_masses(mean, log_scale)))
        shares = fine_masses(mean, log_scale, torch.from_numpy(coarse))
        return coarse * PARTS + self.stack.pop(self.counts(start, "fine", shares))


class _Decoder(_Chain):
    def __init__(
        self, net: GaussianLatentModel, header: Header, listing: Listing, words: NDArray[np.uint32]
    ) -> None:
        super().__init__(net, header, listing)
        self.stack = Stack(words)

    def groups(self) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """The number of the first image of each group, and its level numbers."""
        start = 0
        while start < self.header.count:
            n = int(self.stack.pop_uniform(1, max(2, self.header.lanes))[0]) + 1
            if n > min(self.header.lanes, self.header.count - start):
                raise OutOfBitsError(f"a group of {n} images of {self.header.count - start} that are left")
            numbers = self._pop(start, n)
            yield start, numbers.to(torch.uint8).numpy()
            start += n

    def is_clean(self) -> bool:
        """Whether what is left is what the encoder began on."""
        left = self.stack.words()
        return np.array_equal(left, clean_words(len(left)))

    def _pop(self, start: int, n: int) -> Int[Tensor, "b c h w"]:
        bins = self.stack.pop_uniform(n * self.net.latent, BINS)
        density = self.likelihood(start, bins)
        c, h, w = self.header.shape
        numbers = torch.zeros(n, c, h, w, dtype=torch.long)
        for i in range(c):
            found = self.stack.pop(self.levels(start, density, i, numbers[:, :i]))
            numbers[:, i] = torch.from_numpy(found).view(n, h, w)
        self._return(start, numbers, bins)
        return numbers

    def _return(self, start: int, numbers: Int[Tensor, "b c h w"], bins: NDArray[np.int32]) -> None:
        """Puts back the bits that the latents were drawn with."""
        mean, log_scale = self.posterior(start, numbers)
        coarse, fine = bins // PARTS, bins % PARTS
        shares = fine_masses(mean, log_scale, torch.from_numpy(coarse))
        coarsely = self.counts(start, "coarse", coarse_masses(mean, log_scale))
        self.stack.push(fine, self.counts(start, "fine", shares))
        self.stack.push(coarse, coarsely)
        self.stack.stir(self.most_words(len(numbers)), str(start))
