"""One forward pass, the unit of every cost, and the floating-point operations of a call."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from genzoo.apply.latents import draw_latents, has_prior
from genzoo.errors import BadInput
from genzoo.models import Model
from genzoo.models.base import Bounds, Completes, Decodes, Encodes, Samples, Scores, Translates
from genzoo.nn.replay import tallied
from genzoo.types import Batch

Call = Callable[[], object]


def _batched_product(total: Sequence[int], a: Sequence[int], b: Sequence[int], **_: Any) -> int:
    return 2 * math.prod(a) * b[-1]


_IN_PLACE: dict[Any, Any] = {torch.ops.aten.baddbmm_: _batched_product}  # torch knows those that are not


def flops(call: Call) -> int:
    """Floating-point operations of the matrix products and convolutions in `call`; a multiply-add is two.

    What torch counts, and compiled sampling: not activations, normalisations, losses, matrix decompositions
    or drawing noise, which are little beside them in a net.

    >>> import torch
    >>> layer = torch.nn.Linear(100, 10)
    >>> flops(lambda: layer(torch.zeros(7, 100)))  # 7 · 2 · 100 · 10
    14000
    """
    with FlopCounterMode(display=False, custom_mapping=_IN_PLACE) as counter, tallied() as compiled:
        call()
    return counter.get_total_flops() + sum(compiled)


def forward_pass(model: Model, batch: Batch) -> tuple[str, Call]:
    """One ordinary pass of a batch through what the model is made of: in words, and as a call.

    The first of these that the model has, chosen so that the unit is what the family's nets do once an item:

    - a bound: its ELBO with one draw of z, that is encoder and decoder;
    - an exact density: log p(x) of whole items, all pixels in parallel;
    - a code: decode(encode(x));
    - a generator: decode(z) of latents that are there already, so that a sample costs one pass (its critic
      takes no part in using the model, and counts in training);
    - one item drawn, encoded, translated or completed, where nothing else is known of the model.
    """
    x, given, n = batch.images, batch.given, len(batch)
    if isinstance(model, Bounds):
        return "the bound of an item, one draw of z: encoder and decoder", lambda: model.elbo(x, given)
    if isinstance(model, Scores):
        return "log p(x) of an item, all its dimensions in parallel", lambda: model.log_prob(x, given)
    if isinstance(model, Encodes) and isinstance(model, Decodes):
        return "decode(encode(x)) of an item", lambda: model.decode(model.encode(x, given), given)
    if isinstance(model, Decodes) and has_prior(model):
        latents = draw_latents(model, n)
        return "one pass of the generator, without the critic", lambda: model.decode(latents, given)
    if isinstance(model, Samples):
        return "one item drawn", lambda: model.sample(n, given)
    if isinstance(model, Encodes):
        return "one item encoded", lambda: model.encode(x, given)
    if isinstance(model, Translates):
        return "one image translated", lambda: model.translate(x, "A")
    if isinstance(model, Completes):
        known = torch.zeros_like(x[:, :1], dtype=torch.bool)
        return "one image completed", lambda: model.complete(x, known, given)
    raise BadInput(f"{type(model).__name__} neither scores, draws nor encodes, so it has no forward pass")


def scoring(model: Model, batch: Batch) -> Call | None:
    """What it takes to say how well a batch fits: exact log p(x), else the bound, else the error rebuilt."""
    x, given = batch.images, batch.given
    if isinstance(model, Scores):
        return lambda: model.log_prob(x, given)
    if isinstance(model, Bounds):
        return lambda: model.elbo(x, given)
    if isinstance(model, Encodes) and isinstance(model, Decodes):
        return lambda: (x - model.decode(model.encode(x, given), given)).square().flatten(1).sum(1)
    return None


def sampling(model: Model, batch: Batch) -> Call | None:
    """Drawing as many new items as the batch has, under its conditions."""
    n, given = len(batch), batch.given
    return (lambda: model.sample(n, given)) if isinstance(model, Samples) else None


def in_flops(value: float | None) -> str:
    """A number of operations in the unit that suits it.

    >>> in_flops(23_400_000)
    '23.4 MFLOPs'
    """
    if value is None:
        return "–"
    power = min(4, max(0, int(math.log10(max(value, 1)) // 3)))
    return f"{value / 1000**power:.3g} {' kMGT'[power].strip()}FLOPs"
