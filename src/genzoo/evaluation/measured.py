"""Likelihood, bounds and estimates of it, and reconstruction error over a split, each with its protocol."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod

import torch
from jaxtyping import Float, Int
from torch import Tensor

from genzoo.data.batches import in_order
from genzoo.data.dataset import Dataset
from genzoo.data.view import View
from genzoo.errors import BadInput
from genzoo.evaluation.annealing import LEAPFROG
from genzoo.evaluation.annealing import ais as ais_of
from genzoo.evaluation.likelihood import (
    at_least_one,
    check_levels,
    check_shape,
    elbo,
    log_prob,
    naive_mc,
    numbers,
    squared_error,
)
from genzoo.evaluation.likelihood import iwae as iwae_of
from genzoo.evaluation.result import Kind, Result, summarised
from genzoo.evaluation.shards import gathered, share
from genzoo.images import bits_per_dim
from genzoo.models import Model
from genzoo.models.base import Bounds, Decodes, Encodes, Latent, Scores, evaluating
from genzoo.types import Batch

Tick = Callable[[int], None]  # told how many more items are done


@dataclass(frozen=True)
class Measure:
    """One number of each item.

    Args:
        name: of the result, e.g. `iwae[50]`.
        kind: what the number is of log p(x), or `error`.
        of: the numbers of a batch.
        draws: of noise an item, where it is random.
        how: what the protocol says of them.
    """

    name: str
    kind: Kind
    of: Callable[[Batch], Tensor]
    draws: int | None = None
    how: str = ""


@dataclass(frozen=True)
class Values:
    """What was measured of each item of a split.

    Args:
        index: positions in the data set, in order.
        of: a measure's name → its values, float64.
    """

    index: Int[Tensor, " n"]
    of: Mapping[str, Float[Tensor, " n"]]


def likelihood(
    model: Model,
    dataset: Dataset,
    *,
    view: View | None = None,
    split: str = "test",
    batch: int = 64,
    seed: int = 0,
    samples: int = 16,
    iwae: int = 50,
    naive: int = 0,
    ais: int = 0,
    ais_chains: int = 16,
    limit: int | None = None,
    tick: Tick | None = None,
) -> list[Result]:
    """Whatever a model has of exact log p(x), bounds and estimates of it, and reconstruction error.

    The ELBO and the importance-weighted value are bounds. Naive Monte Carlo and annealed importance sampling
    are estimates: each is the logarithm of a mean that is unbiased for p(x), in expectation a lower bound of
    log p(x) by Jensen's inequality; a single one may lie above. What an item gets depends on neither batch
    size nor number of processes. `measures_of` says who has what, `results_of` how bits stand beside nats.

    Args:
        view: how the items are presented; a run remembers its own.
        split: `train`, `val`, `test` or `all`.
        batch: items at a time.
        seed: of the noise and of static and dynamic binarization.
        samples, iwae, naive, ais, ais_chains: as in `measures_of`.
        limit: only the first so many items.
        tick: told how many more items are done.
    """
    view = view or View()
    counts = {"samples": samples, "iwae": iwae, "naive": naive, "ais": ais, "ais_chains": ais_chains}
    measures = measures_of(model, seed=seed, **counts)
    values = values_of(
        model, dataset, measures, view=view, split=split, batch=batch, seed=seed, limit=limit, tick=tick
    )
    said = protocol(dataset, split, view)
    return [r for m in measures for r in results_of(m, values.of[m.name], model, said, seed)]


def measures_of(
    model: Model,
    *,
    samples: int = 16,
    iwae: int = 50,
    naive: int = 0,
    ais: int = 0,
    ais_chains: int = 16,
    seed: int = 0,
) -> list[Measure]:
    """What can be measured of each item; BadInput if nothing can.

    Args:
        samples: draws of the ELBO that are averaged, of a model with a bound.
        iwae: draws of q(z|x) in the importance-weighted bound of a model with latent variables; 0: without.
        naive: draws of the prior in naive Monte Carlo, likewise; 0: without.
        ais: temperatures of annealed importance sampling, likewise; 0: without.
        ais_chains: chains that it averages.
        seed: of the noise.
    """
    found = []
    if isinstance(model, Scores):
        found.append(Measure("log_prob", "exact", lambda b: log_prob(model, b)))
    if isinstance(model, Bounds):
        at_least_one("--draws", samples)
        drawn = f"{samples} draws an item"
        found.append(
            Measure("elbo", "bound", lambda b: elbo(model, b, samples=samples, seed=seed), samples, drawn)
        )
    if isinstance(model, Latent):
        found += _of_latents(model, iwae, naive, ais, ais_chains, seed)
    if isinstance(model, Encodes) and isinstance(model, Decodes):
        found.append(Measure("squared_error", "error", lambda b: squared_error(model, b)))
    if not found:
        name = type(model).__name__
        raise BadInput(f"{name} has no likelihood, no bound and no reconstruction to evaluate")
    return found


def _of_latents(model: Model, k: int, naive: int, ais: int, chains: int, seed: int) -> list[Measure]:
    """The bound and the estimates of log p(x) by latent variables that are asked for."""
    for flag, count in {"--iwae": k, "--naive": naive, "--ais": ais}.items():
        if count < 0:
            raise BadInput(f"{flag} must be at least 0 (0: without), got {count}")
    at_least_one("--ais-chains", chains)
    found = []
    if k:
        how = f"{k} draws of q an item"
        found.append(Measure(f"iwae[{k}]", "bound", lambda b: iwae_of(model, b, k=k, seed=seed), k, how))
    if naive:
        how, name = f"{naive} draws of the prior an item", f"naive_mc[{naive}]"
        found.append(Measure(name, "estimate", lambda b: naive_mc(model, b, k=naive, seed=seed), naive, how))
    if ais:
        options = {"temperatures": ais, "chains": chains, "seed": seed}
        how = f"{ais} temperatures, {chains} chains of {LEAPFROG} leapfrog steps an item"
        found.append(Measure(f"ais[{ais}]", "estimate", lambda b: ais_of(model, b, **options), chains, how))
    return found


def values_of(
    model: Model,
    dataset: Dataset,
    measures: Sequence[Measure],
    *,
    view: View | None = None,
    split: str = "test",
    batch: int = 64,
    seed: int = 0,
    limit: int | None = None,
    tick: Tick | None = None,
) -> Values:
    """Every item's value of every measure; under `torchrun` the processes share the batches.

    Values that are not finite are a FloatingPointError, never left out.
    """
    _check(model, dataset, limit, batch)
    batches = in_order(dataset, split, view=view, size=batch, seed=seed, limit=limit, requires=model.requires)
    index: list[Tensor] = []
    values: dict[str, list[Tensor]] = {measure.name: [] for measure in measures}
    with evaluating(model):
        for items in share(batches, tick):
            check_levels(model, items.images, dataset.name)
            here = items.map(model.placed)
            index.append(numbers(items))
            for measure in measures:
                values[measure.name].append(measure.of(here).cpu().double())
    positions = torch.cat([torch.empty(0, dtype=torch.int64), *index])
    columns = [torch.cat([torch.empty(0, dtype=torch.float64), *parts]) for parts in values.values()]
    table, positions = gathered(torch.stack(columns, 1), positions)
    return Values(positions, {name: finite(name, table[:, i]) for i, name in enumerate(values)})


def finite(name: str, values: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
    """The values, or FloatingPointError saying how many of them are not finite and which is the first."""
    bad = (~values.isfinite()).nonzero().flatten()
    if len(bad):
        first = int(bad[0])
        raise FloatingPointError(
            f"{name} is not finite for {len(bad)} of {len(values)} items "
            f"(the first is item {first} of the split: {float(values[first])})"
        )
    return values


def protocol(dataset: Dataset, split: str, view: View) -> str:
    """Data set, split and view in words.

    >>> import numpy as np
    >>> points = Dataset("ring", "vectors", np.zeros((2, 2), np.float32), {})
    >>> protocol(points, "test", View())
    'ring test'
    """
    said = f"{dataset.name} {split}"
    return f"{said}, {view.protocol()}" if dataset.kind == "images" else said


def results_of(measure: Measure, values: Tensor, model: Model, said: str, seed: int) -> list[Result]:
    """Nats and, of a model with probabilities of levels, bits/dim; or an error per item and per dimension.

    Bits of an estimate by a number of draws say so: `bits_per_dim[iwae-50]` stands beside `iwae[50]`.

    Args:
        said: the protocol without the measure's own part.
    """
    said = f"{said}, {measure.how}" if measure.how else said

    def result(name: str, numbers: Tensor, unit: str) -> Result:
        summary = summarised(numbers)
        return Result(name, *summary, len(numbers), unit, measure.kind, said, seed, measure.draws)

    if measure.kind == "error":
        item = "image" if len(model.shape) == 3 else "item"
        by_dimension = values / prod(model.shape)
        return [
            result(measure.name, values, f"per {item}"),
            result(measure.name, by_dimension, "per dimension"),
        ]
    if model.levels is None:
        return [result(measure.name, values, "nats (density)")]
    with_count = measure.name.replace("[", "-").removesuffix("]")
    bits = f"bits_per_dim[{with_count}]" if "[" in measure.name else "bits_per_dim"
    return [
        result(measure.name, values, "nats"),
        result(bits, bits_per_dim(values, model.shape), "bits/dim"),
    ]


def _check(model: Model, dataset: Dataset, limit: int | None, batch: int) -> None:
    check_shape(model, dataset)
    if limit is not None:
        at_least_one("--limit", limit)
    at_least_one("--batch", batch)
