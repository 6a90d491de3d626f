"""Mode coverage: of data whose modes are known, how many have samples, how good they are, how even."""

import math
import statistics
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from operator import itemgetter

import torch
from jaxtyping import Float, Int
from torch import Tensor

from genzoo.apply import given_labels
from genzoo.apply.sample import sample_at
from genzoo.data.dataset import Dataset
from genzoo.data.mixtures import MIXTURES, Mixture
from genzoo.data.stacked import grey_source, share_of_modes
from genzoo.data.view import View
from genzoo.errors import BadInput
from genzoo.evaluation.features import Extractor
from genzoo.evaluation.likelihood import check_shape
from genzoo.evaluation.result import Result
from genzoo.models import Model
from genzoo.models.base import Samples
from genzoo.types import Images, Items

Logits = Callable[[Images], Float[Tensor, "b k"]]  # of grey images, shape (b, 1, h, w)
Judge = Callable[[Items], Int[Tensor, " b"]]  # the mode of each item, −1 for none
Tick = Callable[[int], None]  # told how many more items are done

NEAR = 3.0  # standard deviations
ENOUGH = 20  # samples of a mixture's mode that no stray samples make up
STRICT = f"modes[{ENOUGH} samples]"
POINTS, STACKS = 2_500, 26_000  # samples that the literature judges, of a mixture and of stacked digits


@dataclass(frozen=True, eq=False)
class Coverage:
    """How samples spread over known modes.

    Only high-quality samples, those that belong to a mode, are counted: as in the code of Lin et al. (2018),
    so that noise all over the plane finds no mode and has no divergence.

    Args:
        counts: samples in each mode.
        n: all samples.
        share: of the data in each mode.
    """

    counts: Int[Tensor, " k"]
    n: int
    share: Float[Tensor, " k"]

    def modes(self, at_least: int = 1) -> int:
        """Modes with so many samples: 1 in the literature, where strays count."""
        return int((self.counts >= at_least).sum())

    @property
    def high_quality(self) -> tuple[float, float]:
        """The share of samples that belong to a mode, and its standard error √(p(1 − p)/n)."""
        p = int(self.counts.sum()) / self.n
        return p, math.sqrt(p * (1 - p) / self.n)

    @property
    def reverse_kl(self) -> tuple[float, float] | None:
        """KL(q ‖ p) = Σ qᵢ log qᵢ/pᵢ nats of samples q over modes and data p, and its standard error.

        The plug-in estimate: n samples of the data themselves give (k − 1)/2n on average, not 0. The error is
        √(Var_q[log q/p]/n). None where no sample belongs to any mode.
        """
        m = int(self.counts.sum())
        if m == 0:
            return None
        here = self.counts > 0
        q = self.counts[here].double() / m
        log_ratio = (q / self.share[here].double()).log()
        mean = float((q * log_ratio).sum())
        variance = float((q * (log_ratio - mean).square()).sum())
        return mean, math.sqrt(variance / m)


def modes_of_points(points: Float[Tensor, "b d"], mixture: Mixture) -> Int[Tensor, " b"]:
    """The nearest mode of each point that is within 3σ of its centre, −1 for the others."""
    centres = torch.from_numpy(mixture.centres).to(points.device, torch.float64)
    distance, nearest = torch.cdist(points.double(), centres).min(1)
    return torch.where(distance < NEAR * mixture.scale, nearest, -1)


def modes_of_stacks(images: Images, digit_logits: Logits, classes: int) -> Int[Tensor, " b"]:
    """The mode (r·k + g)·k + b of each image, by what a classifier takes each colour for."""
    digits = [digit_logits(images[:, c : c + 1]).argmax(1) for c in range(3)]
    return (digits[0] * classes + digits[1]) * classes + digits[2]


def counted(modes: Int[Tensor, " b"], share: Float[Tensor, " k"]) -> Coverage:
    """The coverage of samples in these modes (−1: in none).

    >>> half = counted(torch.tensor([0, 0, 1, 1]), torch.full((4,), 0.25))  # two of four modes
    >>> half.modes(), half.high_quality[0], round(half.reverse_kl[0] / math.log(2), 9)
    (2, 1.0, 1.0)
    """
    counts = torch.bincount(modes[modes >= 0].cpu(), minlength=len(share))
    return Coverage(counts, len(modes), share)


def mixture_coverage(points: Float[Tensor, "b d"], mixture: Mixture) -> Coverage:
    """How points spread over the modes of a mixture: each belongs to the nearest one, if within 3σ.

    Reference: Srivastava et al., 2017, arXiv:1705.07761, section 4.1; Lin et al., 2018, arXiv:1712.04086,
    section 4.1. Of the mixture's own points the share 1 − exp(−9/2) = 98.9% is within 3σ in the plane.
    """
    return counted(modes_of_points(points, mixture), _equal(mixture))


def stacked_coverage(
    images: Images, digit_logits: Logits, classes: int, share: Float[Tensor, " modes"] | None = None
) -> Coverage:
    """How images of three stacked digits spread over the classes³ modes.

    Reference: Metz et al., 2017, arXiv:1611.02163, section 3.3.1; Lin et al., 2018, section 4.2.

    Args:
        images: of three colours.
        digit_logits: class logits of one colour's images, shape (b, 1, h, w).
        classes: how many a colour has.
        share: of the data in each mode; all equal without it.
    """
    modes = classes**3
    even = torch.full((modes,), 1 / modes, dtype=torch.float64)
    return counted(modes_of_stacks(images, digit_logits, classes), even if share is None else share)


def known(dataset: Dataset) -> bool:
    """Whether the modes of a data set are known."""
    return dataset.name in MIXTURES or grey_source(dataset.name) is not None


def coverage(
    model: Model,
    dataset: Dataset,
    *,
    samples: int | None = None,
    seed: int = 0,
    extractor: Extractor | None = None,
    view: View | None = None,
    batch: int = 64,
    tick: Tick | None = None,
) -> list[Result]:
    """`modes`, `high_quality` and `reverse_kl` of a model's samples; none for data of unknown modes.

    For a mixture also `modes[20 samples]`: a broad smear of samples has strays near every mode.

    Samples are those of `apply.sample` with this seed.

    Args:
        samples: how many; 2,500 for a mixture and 26,000 for stacked digits, as published.
        extractor: the classifier of one colour's images, for stacked digits.
        view: how the data are presented.
        tick: told how many more samples are judged.
    """
    if not known(dataset) or not isinstance(model, Samples):
        return []
    check_shape(model, dataset)
    n = samples or (POINTS if dataset.name in MIXTURES else STACKS)
    judge, share = _judge(dataset, extractor)
    modes = torch.cat([judge(items).cpu() for items in drawn(model, n, seed, batch, tick)])
    found = counted(modes, share)
    told = f"{dataset.name}, {n:,} samples, of which a mode needs"
    if extractor is None or dataset.name in MIXTURES:
        near = f"within {NEAR:g} standard deviations of its centre"
        return results(found, lambda needed: f"{told} {needed}, {near}", seed)
    seen = f"{view.protocol()}, " if view else ""
    judged = f"{seen}classes by {extractor.label}"
    return results(found, lambda needed: f"{told} {needed}, {judged}", seed, extractor.label)


def drawn(model: Model, n: int, seed: int, batch: int = 64, tick: Tick | None = None) -> Iterator[Items]:
    """`n` samples, a batch at a time: sample i is that of `apply.sample` with this seed.

    The classes of a conditional model take turns.
    """
    given = given_labels(model, n)
    for start in range(0, n, batch):
        numbers = torch.arange(start, min(n, start + batch))
        here = given.map(itemgetter(slice(start, start + batch))) if given else None
        yield sample_at(model, numbers, here, seed=seed)
        if tick:
            tick(len(numbers))


def results(found: Coverage, said: Callable[[int], str], seed: int, measured_with: str = "") -> list[Result]:
    """A coverage as results; with a classifier every sample is of some mode, so there is no quality share.

    Args:
        said: the protocol, of the samples that a mode needs.
        measured_with: the label of the classifier.
    """
    total, protocol = f"of {len(found.share):,}", said(1)
    made = [Result("modes", found.modes(), None, found.n, total, "estimate", protocol, seed)]
    if not measured_with:
        enough = found.modes(ENOUGH)
        made.append(Result(STRICT, enough, None, found.n, total, "estimate", said(ENOUGH), seed))
        made.append(Result("high_quality", *found.high_quality, found.n, "share", "estimate", protocol, seed))
    if found.reverse_kl is not None:
        made.append(Result("reverse_kl", *found.reverse_kl, found.n, "nats", "estimate", protocol, seed))
    return [replace(r, name=f"{r.name}[{measured_with}]") for r in made] if measured_with else made


def over_seeds(runs: Sequence[Sequence[Result]]) -> list[Result]:
    """Each quantity's mean over runs that differ in their seed of training, ± their standard deviation.

    `n` is the number of runs that have the quantity, which the protocol says where it is not all of them.
    """
    if not runs:
        raise BadInput("a mean over seeds needs at least one run")
    first = {(r.name, r.unit): r for run in reversed(runs) for r in run}
    for number, run in enumerate(runs):
        if doubles := [name for name, times in Counter((r.name, r.unit) for r in run).items() if times > 1]:
            raise BadInput(f"run {number} has two results called {doubles[0][0]!r}")
    made = []
    for key, one in first.items():
        same = [r for run in runs for r in run if (r.name, r.unit) == key]
        if odd := {r.protocol for r in same} - {one.protocol}:
            raise BadInput(f"{one.name} is measured in two ways: {one.protocol!r} and {odd.pop()!r}")
        values = [r.value for r in same]
        sd = statistics.stdev(values) if len(values) > 1 else None
        among = f"{len(same)} seeds" if len(same) == len(runs) else f"{len(same)} of {len(runs)} seeds"
        said = f"{one.protocol}, mean ± sd over {among}"
        made.append(replace(one, value=statistics.fmean(values), stderr=sd, n=len(same), protocol=said))
    return made


def _judge(dataset: Dataset, extractor: Extractor | None) -> tuple[Judge, Float[Tensor, " k"]]:
    """What tells the mode of an item, and the share of the data in each."""
    if dataset.name in MIXTURES:
        mixture = MIXTURES[dataset.name]
        return partial(modes_of_points, mixture=mixture), _equal(mixture)
    if extractor is None or extractor.head is None:
        grey = grey_source(dataset.name)
        raise BadInput(f"{dataset.name}: its modes are told by a classifier of {grey}; give one as extractor")
    classes = round(len(dataset.classes) ** (1 / 3))

    def logits(images: Images) -> Float[Tensor, "b k"]:
        found = extractor.logits(extractor(images))
        if found.shape[1] != classes:
            told = f"{extractor.label} tells {found.shape[1]} classes apart"
            raise BadInput(f"{dataset.name}: {told}, each colour has {classes}")
        return found

    judge = partial(modes_of_stacks, digit_logits=logits, classes=classes)
    return judge, torch.from_numpy(share_of_modes(dataset))


def _equal(mixture: Mixture) -> Float[Tensor, " k"]:
    return torch.full((len(mixture),), 1 / len(mixture), dtype=torch.float64)
