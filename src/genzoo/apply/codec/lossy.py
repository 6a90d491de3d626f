"""Images to a file and nearly back: codes rounded to whole numbers, at the length of their probabilities."""

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from genzoo.apply.codec.coder import threads
from genzoo.apply.codec.container import Container, Header, writing
from genzoo.apply.codec.contract import (
    LANES,
    Compressed,
    Pictures,
    check_listing,
    check_model,
    check_place,
    other_arithmetic,
)
from genzoo.apply.codec.fingerprint import fingerprint
from genzoo.apply.codec.listing import Listing
from genzoo.apply.codec.rounded import HALF, Coder, Codes, OtherCodesError
from genzoo.apply.codec.tiles import by_tiles
from genzoo.apply.placement import Tick, nothing
from genzoo.data.sources import PIXEL_LIMIT
from genzoo.errors import BadInput
from genzoo.images import to_uint8
from genzoo.models import Model
from genzoo.models.base import Rounds, evaluating
from genzoo.nn.compressive import mirrored
from genzoo.objectives.rate_distortion import psnr
from genzoo.types import Images

CODEC = "rounded codes"
THREADS = 1


def able(model: Model) -> str | None:
    """Why this model's codes can not be rounded and coded; None if they can."""
    if not isinstance(model, Rounds):
        return f"{type(model).__name__} does not round its codes"
    return check_place(model)


def compress(
    model: Model,
    images: Pictures,
    out: str | Path,
    *,
    listing: Listing | None = None,
    lanes: int = LANES,
    quality: int | None = None,
    tick: Tick = nothing,
) -> Compressed:
    """Writes the rounded codes of images, each of its own size, to a file.

    Args:
        images: in [0, 1], shape (b, c, h, w), or of different sizes and asked for one by one.
        listing: what they are called.
        lanes: of no account: images are coded one by one.
        quality: which of the model's rates, from 1; by default the last, its best.
    """
    listing = listing or Listing()
    check_listing(images, listing)
    net = _Net(model, quality)
    codes_digest, errors, numbers = hashlib.blake2b(digest_size=8), [], 0
    with net.ready(THREADS), writing(Path(out), listing) as writer:
        for i in range(len(images)):
            image = images[i : i + 1]
            numbers += image.numel()
            codes = net.codes(image)
            codes_digest.update(_bytes(codes))
            writer.segment(net.coder.encoded(codes, (image.shape[2], image.shape[3])), 1)
            back = to_uint8(net.image(codes, (image.shape[2], image.shape[3])))
            errors.append((back.double() - to_uint8(image).double()).square().mean())
            tick(1)
        shape, digests = (model.shape[0], 0, 0), (net.coder.arithmetic(), codes_digest.digest())
        header = Header(CODEC, THREADS, 1, 256, shape, len(images), fingerprint(model), *digests)
        writer.finish(replace(header, quality=net.quality + 1))
    fidelity = tuple(psnr(torch.stack(errors)).tolist())
    return Compressed(len(images), numbers, writer.payload_bytes, Path(out).stat().st_size, fidelity)


def restored(model: Model, container: Container, *, tick: Tick = nothing) -> Iterator[NDArray[np.uint8]]:
    """Bytes (1 c h w) of one image after the other; right only if the end is reached.

    The codes are those that were written. The pixels are what the model makes of them on this machine: the
    same here each time, and elsewhere up to the rounding of sums, so that a few may differ by a level.
    """
    header = container.header
    check_model(model, container)
    net, codes_digest = _Net(model, header.quality), hashlib.blake2b(digest_size=8)
    strange = other_arithmetic(container, "genzoo and torch")
    with net.ready(header.threads):
        if net.coder.arithmetic() != header.arithmetic:
            raise strange
        for words, _ in container.segments():
            try:
                codes, size = net.coder.decoded(words)
            except OtherCodesError as error:
                raise strange from error
            codes = codes.to(model.like.dtype)
            codes_digest.update(_bytes(codes))
            yield to_uint8(net.image(codes, size)).numpy()
            tick(1)
    if codes_digest.digest() != header.pixels:
        raise strange


def _bytes(codes: Codes) -> bytes:
    return codes.numpy().astype("<i2").tobytes()


class _Net:
    """The model at one of its qualities: images to codes and back, and the coder of these."""

    def __init__(self, model: Model, quality: int | None) -> None:
        if reason := able(model):
            raise BadInput(reason)
        assert isinstance(model, Rounds)
        quality = model.qualities if quality is None else quality
        if not 1 <= quality <= model.qualities:
            raise BadInput(f"--quality must be from 1 to {model.qualities}, got {quality}")
        self.model, self.rounds, self.quality = model, model, quality - 1
        self.which = torch.full((1,), self.quality)
        self.coder = Coder(model, self.quality)

    def ready(self, number: int) -> Any:
        """In evaluation mode, on so many threads."""
        stack = contextlib.ExitStack()
        stack.enter_context(evaluating(self.model))
        stack.enter_context(threads(number))
        return stack

    def codes(self, image: Images) -> Codes:
        """The rounded codes of one image."""
        stride, (c, h, w) = self.rounds.stride, image.shape[1:]
        if c != self.model.shape[0]:
            raise BadInput(f"expected images of {self.model.shape[0]} channels, got {c}")
        if h * w > PIXEL_LIMIT or max(h, w) >= 2**16:
            raise BadInput(f"an image of {h}x{w} is more than the limit of {PIXEL_LIMIT:,} pixels")
        whole = mirrored(image.to(self.model.like.dtype), -(-h // stride) * stride, -(-w // stride) * stride)
        net = lambda part: self.rounds.analysed(part, self.which)  # noqa: E731
        codes = by_tiles(net, whole, stride, 1, self.rounds.reach).round()
        if not bool((codes.abs() < HALF).all()):
            raise FloatingPointError("the model's codes are not finite, or too large")
        return codes

    def image(self, codes: Codes, size: tuple[int, int]) -> Images:
        """What the model makes of codes."""
        net = lambda part: self.rounds.synthesised(part, self.which)  # noqa: E731
        return by_tiles(net, codes, 1, self.rounds.stride, self.rounds.reach)[:, :, : size[0], : size[1]]
