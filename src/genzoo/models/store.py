"""A portable model on disk: spec.json + weights.safetensors, and nothing that runs code."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from genzoo.configurable import build
from genzoo.errors import BadInput
from genzoo.files import atomic, read_json, write_json
from genzoo.models.base import Model
from genzoo.models.registry import catalogue

SPEC, WEIGHTS = "spec.json", "weights.safetensors"


def save_model(model: Model, folder: str | Path, *, about: Mapping[str, Any] | None = None) -> None:
    """Writes `spec.json` and `weights.safetensors`, each atomically, weights first.

    Args:
        about: JSON kept beside the model in spec.json, such as the view of the data it was trained on.
    """
    folder = Path(folder)
    tensors = {name: t.detach().cpu().contiguous() for name, t in model.state_dict().items()}
    with atomic(folder / WEIGHTS) as temporary:
        save_file(tensors, temporary, metadata={"model": json.dumps(model.spec)})
    write_json(folder / SPEC, {"model": model.spec, **(about or {})})


def read_spec(folder: str | Path) -> dict[str, Any]:
    """What spec.json says; BadInput if `folder` is not a saved model."""
    folder = Path(folder)
    if not (folder / SPEC).is_file():
        raise BadInput(f"{folder}: no saved model here (there is no {SPEC}); give a run folder")
    spec = read_json(folder / SPEC)
    if not isinstance(spec, dict) or not isinstance(spec.get("model"), dict):
        raise BadInput(f"{folder / SPEC}: expected an object with a key 'model'")
    return spec


def load_model(folder: str | Path, *, device: str | torch.device = "cpu") -> Model:
    """The model saved in `folder`, in evaluation mode."""
    folder = Path(folder)
    spec = read_spec(folder)["model"]
    catalogue()
    model = build(spec)
    if not isinstance(model, Model):
        raise BadInput(f"{folder / SPEC}: {spec.get('class')!r} is not a model")
    try:
        weights = load_file(folder / WEIGHTS)
        model.load_state_dict(weights)
    except (SafetensorError, OSError, RuntimeError) as error:
        first = str(error).strip().splitlines()[0]
        raise BadInput(f"{folder / WEIGHTS}: not the weights of this model ({first})") from error
    return model.to(device).eval()
