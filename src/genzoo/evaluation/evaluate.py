"""Everything that can be said of a model on a split, decided by its capabilities."""

from collections.abc import Callable, Iterable, Mapping
from math import prod

import torch
from jaxtyping import Float
from torch import Tensor

from genzoo.data.batches import in_order
from genzoo.data.dataset import Dataset
from genzoo.data.view import View
from genzoo.errors import BadInput
from genzoo.evaluation.likelihood import check_levels, elbo, log_prob, squared_error
from genzoo.evaluation.result import Kind, Result, summarised
from genzoo.images import bits_per_dim
from genzoo.models import Model
from genzoo.models.base import Bounds, Decodes, Encodes, Scores, evaluating
from genzoo.types import Batch

Measure = Callable[[Batch], Tensor]
Tick = Callable[[int], None]  # told how many more items are done


def evaluate(
    model: Model,
    dataset: Dataset,
    *,
    view: View | None = None,
    split: str = "test",
    batch: int = 64,
    seed: int = 0,
    samples: int = 16,
    limit: int | None = None,
    tick: Tick | None = None,
) -> list[Result]:
    """Exact log-probability, evidence lower bound and reconstruction error, whichever the model has.

    Bits per dimension stand beside nats only where the model has probabilities of levels; a density's
    nats are marked. A value that is not finite is an error, never left out of a mean.

    Args:
        view: how the items are presented; a run remembers its own.
        split: `train`, `val`, `test` or `all`.
        batch: items at a time; the noise of the bound depends on it.
        seed: of that noise and of static and dynamic binarization.
        samples: draws of the bound for each item.
        limit: only the first so many items.
        tick: told how many more items are done.
    """
    view = view or View()
    _check(model, dataset, limit, batch)
    measures = measures_of(model, samples, seed)
    batches = in_order(dataset, split, view=view, size=batch, seed=seed, limit=limit, requires=model.requires)
    values = _measured(model, batches, measures, dataset.name, tick)
    protocol = f"{dataset.name} {split}"
    if dataset.kind == "images":
        protocol += f", {view.protocol()}"
    return [
        result
        for name, numbers in values.items()
        for result in _results(name, finite(name, numbers), model, protocol, seed, samples)
    ]


def _measured(
    model: Model, batches: Iterable[Batch], measures: Mapping[str, Measure], data: str, tick: Tick | None
) -> dict[str, Tensor]:
    """Every item's value of every measure, float64."""
    values: dict[str, list[Tensor]] = {name: [] for name in measures}
    with evaluating(model):
        for batch in batches:
            check_levels(model, batch.images, data)
            here = batch.map(model.placed)
            for name, measure in measures.items():
                values[name].append(measure(here).cpu().double())
            if tick:
                tick(len(batch))
    return {name: torch.cat(parts) for name, parts in values.items()}


def measures_of(model: Model, samples: int = 16, seed: int = 0) -> Mapping[str, Measure]:
    """What can be measured of each item, by name: `log_prob`, `elbo`, `squared_error`."""
    measures: dict[str, Measure] = {}
    if isinstance(model, Scores):
        measures["log_prob"] = lambda batch: log_prob(model, batch)
    if isinstance(model, Bounds):
        measures["elbo"] = lambda batch: elbo(model, batch, samples=samples, seed=seed)
    if isinstance(model, Encodes) and isinstance(model, Decodes):
        measures["squared_error"] = lambda batch: squared_error(model, batch)
    if not measures:
        raise BadInput(
            f"{type(model).__name__} has no likelihood, no bound and no reconstruction to evaluate"
        )
    return measures


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


def _check(model: Model, dataset: Dataset, limit: int | None, batch: int) -> None:
    if dataset.shape != model.shape:
        expected, got = ("x".join(map(str, shape)) for shape in (model.shape, dataset.shape))
        raise BadInput(f"{dataset.name}: items are {got}, this {type(model).__name__} takes {expected}")
    if limit is not None and limit < 1:
        raise BadInput(f"--limit must be at least 1, got {limit}")
    if batch < 1:
        raise BadInput(f"--batch must be at least 1, got {batch}")


def _results(name: str, values: Tensor, model: Model, protocol: str, seed: int, samples: int) -> list[Result]:
    """The results that one measure's values give: nats and bits, or an error per item and per pixel."""

    def result(quantity: str, numbers: Tensor, unit: str, kind: Kind, draws: int | None = None) -> Result:
        said = f"{protocol}, {draws} draws an item" if draws else protocol
        return Result(quantity, *summarised(numbers), len(numbers), unit, kind, said, seed, draws)

    if name == "squared_error":
        item = "image" if len(model.shape) == 3 else "item"
        return [
            result("squared_error", values, f"per {item}", "error"),
            result("squared_error", values / prod(model.shape), "per dimension", "error"),
        ]
    kind: Kind = "exact" if name == "log_prob" else "bound"
    draws = samples if name == "elbo" else None
    if model.levels is None:
        return [result(name, values, "nats (density)", kind, draws)]
    bits = bits_per_dim(values, model.shape)
    return [result(name, values, "nats", kind, draws), result("bits_per_dim", bits, "bits/dim", kind, draws)]
