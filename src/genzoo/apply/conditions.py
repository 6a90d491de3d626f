"""From a label on the command line to the conditions of a batch."""

import torch

from genzoo.errors import BadInput
from genzoo.models import Model
from genzoo.types import Given


def given_labels(model: Model, n: int, label: int | None = None) -> Given | None:
    """The conditions of `n` new items of class `label`; without one the classes take turns.

    Args:
        model: its constructor argument `classes` says how many classes there are.
    """
    name = type(model).__name__
    if not model.requires:
        if label is None:
            return None
        if "labels" not in model.takes:
            raise BadInput(f"--label {label}: {name} was trained without labels and takes none")
    elif model.requires != {"labels"}:
        fields = ", ".join(sorted(model.requires - {"labels"}))
        raise BadInput(f"{name} is conditional on {fields}: a label is not enough to draw from it")
    classes = model.spec.get("classes")
    device = model.like.device
    if label is None:
        if not isinstance(classes, int):
            raise BadInput(f"{name} is conditional on labels: --label N says which class to draw")
        return Given(labels=torch.arange(n, device=device) % classes)
    if label < 0 or (isinstance(classes, int) and label >= classes):
        top = f" to {classes - 1}" if isinstance(classes, int) else " up"
        raise BadInput(f"--label {label}: expected a class number from 0{top}")
    return Given(labels=torch.full((n,), label, device=device))
