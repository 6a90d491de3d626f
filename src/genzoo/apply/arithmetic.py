"""Arithmetic of latents: concepts as means over samples, z(A) − z(B) + z(C), and whether it lands in A."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from genzoo.apply.edit import Code
from genzoo.apply.encode import decode
from genzoo.apply.latents import draw_latents
from genzoo.apply.pictures import filled, rows_picture
from genzoo.apply.placement import Tick, nothing
from genzoo.errors import BadInput
from genzoo.models import Model
from genzoo.random import by_item, seeded, uniform
from genzoo.types import Images, Latents, Picture

Reader = Callable[[Images], Float[Tensor, "b k"]]  # log-odds of k classes
Numbers = Int[Tensor, " n"]  # of samples, as `apply.sample` draws them
A = Float[Tensor, "a *latent"]  # of the samples of one concept
B = Float[Tensor, "b *latent"]
C = Float[Tensor, "c *latent"]

SURE = 0.9  # the least probability of a class that a sample of it is read with
MOST = 10_000  # samples that are read before a class is given up
SHOWN = 5  # samples of a concept in a picture
_CHUNK = 256


def latents_of(model: Model, numbers: Numbers, *, seed: int = 0) -> Latents:
    """The latents of those samples that `apply.sample` draws with this seed, shape (n, *latent).

    BadInput for a conditional model: what its samples are of is said by their conditions, not their latents.
    """
    if model.requires:
        said = ", ".join(sorted(model.requires))
        raise BadInput(
            f"{type(model).__name__} is conditional on {said}: its latents do not say what a sample is of; "
            "arithmetic takes a run without conditions"
        )
    with by_item(numbers, seed, "sample"):
        return draw_latents(model, len(numbers))


def samples_read_as(
    model: Model,
    label: int,
    n: int,
    read: Reader,
    *,
    seed: int = 0,
    sure: float = SURE,
    most: int = MOST,
    tick: Tick = nothing,
) -> Numbers:
    """Numbers of the first `n` samples that a classifier takes for class `label` with probability `sure`.

    BadInput if there are fewer among the first `most` samples.

    Args:
        tick: told how many more are found.
    """
    found: list[int] = []
    for start in range(0, most, _CHUNK):
        numbers = torch.arange(start, min(start + _CHUNK, most))
        shares = read(decode(model, latents_of(model, numbers, seed=seed))).softmax(1)
        if not 0 <= label < shares.shape[1]:
            raise BadInput(f"class {label}: the classifier tells {shares.shape[1]} classes apart")
        new = numbers[(shares[:, label] >= sure).cpu()].tolist()[: n - len(found)]
        found += new
        tick(len(new))
        if len(found) == n:
            return torch.tensor(found)
    raise BadInput(
        f"label:{label}: {len(found)} of {most:,} samples are read as it with probability {sure}, {n} are "
        "needed; ask for fewer, or name samples by number"
    )


def difference(add: A, without: B) -> Code:
    """The mean latent of one concept's samples minus that of another's, shape (1, *latent).

    Reference: Radford et al., 2016, arXiv:1511.06434, section 6.3.2: means over three samples, for one alone
    is unstable.
    """
    return add.mean(0, keepdim=True) - without.mean(0, keepdim=True)


def of_prior_length(model: Model, latents: Latents, *, seed: int = 0) -> Latents:
    """Latents scaled to the mean norm of draws from the prior.

    A mean of n independent draws of N(0, I) is √n times shorter than a draw, and a sum of k means is of
    length √(k·d/n): a generator was trained on neither. At n = k = 3 it is √d as it stands.
    """
    length = draw_latents(model, 1024, seed=seed).flatten(1).norm(dim=1).mean()
    norms = latents.flatten(1).norm(dim=1)
    return latents * (length / norms).view(-1, *[1] * (latents.ndim - 1))


def around(code: Code, n: int = 9, *, jitter: float = 0.25, seed: int = 0) -> Latents:
    """`n` latents: the code in the middle, the others with uniform noise of ±`jitter` on each coordinate.

    Reference: Radford et al., 2016, arXiv:1511.06434, figure 7, with nine and ±0.25.
    """
    with seeded(seed, "around"):
        noise = jitter * (2 * uniform((n, *code.shape[1:]), code) - 1)
    noise[n // 2] = 0
    return code + noise


@dataclass(frozen=True)
class Sum:
    """Three concepts, and the images of A − B + C.

    Args:
        concepts: the first samples of A, B and C, each with the image of their mean latent last.
        images: of the result, shape (9, c, h, w), the middle one without noise.
    """

    concepts: Sequence[Float[Tensor, "_ c h w"]]
    images: Float[Tensor, "9 c h w"]


def arithmetic(model: Model, add: A, without: B, base: C, *, jitter: float = 0.25, seed: int = 0) -> Sum:
    """What the mean of `base` becomes by the difference of `add` and `without`, at the prior's length."""
    code = difference(add, without) + base.mean(0, keepdim=True)
    code = of_prior_length(model, code, seed=seed)
    means = [of_prior_length(model, z.mean(0, keepdim=True), seed=seed) for z in (add, without, base)]
    concepts = [
        decode(model, torch.cat([z[:SHOWN], mean]))
        for z, mean in zip((add, without, base), means, strict=True)
    ]
    return Sum(concepts, decode(model, around(code, jitter=jitter, seed=seed)))


def sum_picture(result: Sum) -> Picture:
    """A row for each concept, the image of its mean at its end, and under them the nine of the result."""
    width = max(3, *(len(images) for images in result.concepts))
    rows = [filled(images, width) for images in (*result.concepts, *result.images.split(3))]
    return rows_picture(torch.stack(rows))


def landing(
    model: Model, add: A, without: B, start: C, label: int, read: Reader, *, seed: int = 0
) -> tuple[float, float]:
    """The share of latents `start` whose images are read as class `label`: before, and after the difference
    of the concepts is added and they are scaled to the prior's length.
    """
    moved = of_prior_length(model, start + difference(add, without), seed=seed)
    before, after = (read(decode(model, z)).argmax(1) == label for z in (start, moved))
    return float(before.double().mean()), float(after.double().mean())
