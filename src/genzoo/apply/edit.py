"""Attribute vectors: what two sets of images differ in, as one direction in the latent space."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from genzoo.apply.codec.fingerprint import fingerprint
from genzoo.apply.encode import decode
from genzoo.apply.invert import codes
from genzoo.apply.pictures import rows_picture
from genzoo.apply.placement import Tick, nothing
from genzoo.errors import BadInput
from genzoo.files import atomic
from genzoo.models import Model
from genzoo.types import Batch, Given, Items, Picture

_NAME = "direction"

Code = Float[Tensor, "1 *latent"]  # of one item, or a difference of two


@dataclass(frozen=True)
class Edits:
    """Items, what their codes decode to, and what they decode to further along a direction.

    Args:
        originals: x, shape (b, *shape).
        reconstructions: decode(z) of the code z of each, of the same shape.
        edited: decode(z + s·direction) for each of k amounts s, shape (b, k, *shape).
    """

    originals: Items
    reconstructions: Items
    edited: Float[Tensor, "b k *shape"]


def mean_code(model: Model, batches: Iterable[Batch], *, seed: int = 0, tick: Tick = nothing) -> Code:
    """The mean code of all items, shape (1, *latent), summed in float64; BadInput if there are none.

    The mean of images that have an attribute minus that of images that have not is the attribute's vector.
    The code of a model that does not encode is found by inversion.

    Reference: Radford et al., 2016, arXiv:1511.06434, section 6.3.2; Larsen et al., 2016, arXiv:1512.09300,
    section 4.2; White, 2016, arXiv:1609.04468, section 3.3.

    Args:
        seed: of the inversion.
    """
    total, n = torch.zeros(()), 0
    for batch in batches:
        found = codes(model, batch.images, batch.given, seed=seed, tick=tick).cpu()
        total, n = total + found.double().sum(0, keepdim=True), n + len(batch)
    if not n:
        raise BadInput("a mean code takes at least one image, got none")
    return model.placed(total / n)


def edit(
    model: Model,
    items: Items,
    direction: Code,
    amounts: Sequence[float],
    given: Given | None = None,
    *,
    seed: int = 0,
    tick: Tick = nothing,
) -> Edits:
    """Each item's code moved by each amount of `direction`, and decoded under the item's own conditions.

    The code of a model that does not encode is found by inversion.

    Args:
        direction: of the shape of one code, (1, *latent).
        amounts: s; at 0 it is the reconstruction, at 1 the code moves by the whole direction.
        seed: of the inversion.
    """
    items = model.placed(items)
    found = codes(model, items, given, seed=seed)
    if found.shape[1:] != direction.shape[1:]:
        here, there = ("x".join(map(str, shape[1:])) for shape in (found.shape, direction.shape))
        raise BadInput(f"codes of {type(model).__name__} are of size {here}, the direction is of {there}")
    along = found.new_tensor([0.0, *amounts]).view(-1, *[1] * (found.ndim - 1)) * direction.to(found)
    moved = found[:, None] + along  # b 1+k *latent
    each = given.map(lambda t: t.repeat_interleave(1 + len(amounts), 0)) if given else None
    decoded = decode(model, moved.flatten(0, 1), each, tick=tick).unflatten(0, moved.shape[:2])
    return Edits(items, decoded[:, 0], decoded[:, 1:])


def edits_picture(edits: Edits) -> Picture:
    """One row an item: the original, its reconstruction, the edits by rising amount."""
    return rows_picture(
        torch.cat([edits.originals[:, None], edits.reconstructions[:, None], edits.edited], 1)
    )


def save_direction(direction: Code, model: Model, path: str | Path) -> None:
    """Writes a direction with the fingerprint of the model that it belongs to, as .safetensors."""
    with atomic(path) as temporary:
        tensors = {_NAME: direction.detach().cpu().contiguous()}
        save_file(tensors, temporary, metadata={"model": fingerprint(model).hex()})


def load_direction(path: str | Path, model: Model) -> Code:
    """A direction that was saved, shape (1, *latent); BadInput if it is none or of another model."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata, direction = file.metadata() or {}, file.get_tensor(_NAME)
    except (SafetensorError, OSError) as error:
        raise BadInput(f"{path}: not a direction that `genzoo edit --save` wrote ({error})") from error
    if metadata.get("model") != fingerprint(model).hex():
        raise BadInput(f"{path}: this direction belongs to another model; codes mean nothing across models")
    return model.placed(direction)
