"""A feature extractor as one .safetensors file: its tensors, and its net's arguments as JSON; no code."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from genzoo.configurable import Configurable, build
from genzoo.errors import BadInput
from genzoo.evaluation.features.extractor import Extractor
from genzoo.evaluation.features.pretrained import (
    DINOV2_KEY,
    INCEPTION_KEY,
    Dinov2Features,
    InceptionFeatures,
    dinov2,
    fill,
    inception_v3,
)
from genzoo.evaluation.features.random_conv import RandomConv
from genzoo.files import atomic
from genzoo.nn.small_cnn import SmallCNN

NETS = {net.__name__: net for net in (RandomConv, SmallCNN, InceptionFeatures, Dinov2Features)}
SUFFIX = ".safetensors"
_KIND = "genzoo features"
_PICKLED = {".pth", ".pt", ".bin", ".ckpt", ".pkl", ".pickle"}


@dataclass(frozen=True)
class Described(Extractor):
    """An extractor that knows where it comes from.

    Args:
        about: JSON: the data it was trained on, its classes, its accuracy, its settings.
    """

    about: Mapping[str, Any] = field(default_factory=dict)


def save_extractor(extractor: Extractor, path: str | Path) -> Path:
    """Writes one of the library's extractors atomically; `load_extractor` gives it back under its label."""
    path = Path(path)
    net, head = extractor.net, extractor.head
    if path.suffix != SUFFIX:
        raise BadInput(f"{path}: expected a name ending in {SUFFIX}")
    if not isinstance(net, Configurable) or type(net).__name__ not in NETS:
        raise BadInput(f"{extractor.name}: only extractors of {', '.join(NETS)} can be written to a file")
    if head is not None and not isinstance(head, nn.Linear):
        raise BadInput(f"{extractor.name}: a head to be written must be linear, got {type(head).__name__}")
    parts = {"net": net} | ({"head": head} if head is not None else {})
    tensors = {
        f"{part}.{name}": value.detach().cpu().contiguous()
        for part, module in parts.items()
        for name, value in module.state_dict().items()
    }
    about = dict(extractor.about) if isinstance(extractor, Described) else {}
    said = {"name": extractor.name, "net": net.spec, "about": about, "genzoo": version("genzoo")}
    with atomic(path) as temporary:
        save_file(tensors, temporary, metadata={"kind": _KIND, "extractor": json.dumps(said)})
    return path


def load_extractor(path: str | Path) -> Extractor:
    """The extractor in a file of ours, or in bare weights of Inception-v3 or DINOv2, told by their names."""
    path = Path(path)
    metadata, weights = read_tensors(path)
    if metadata.get("kind") == _KIND:
        return _ours(path, metadata, weights)
    floats = {name: value.float() if value.is_floating_point() else value for name, value in weights.items()}
    if INCEPTION_KEY in floats:
        return inception_v3(floats, str(path))
    if any(name.endswith(DINOV2_KEY) for name in floats):
        return dinov2(floats, str(path))
    raise BadInput(
        f"{path}: no features that are known: expected a file of `genzoo features`, Inception-v3 with names "
        f"such as {INCEPTION_KEY}, or DINOv2 with names such as {DINOV2_KEY}"
    )


def read_tensors(path: Path) -> tuple[Mapping[str, str], dict[str, Tensor]]:
    """Metadata and tensors of a .safetensors file; BadInput with a remedy for any other."""
    check_file(path)
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
        return metadata, load_file(path)
    except (SafetensorError, OSError) as error:
        first = str(error).strip().splitlines()[0]
        raise BadInput(f"{path}: not a sound {SUFFIX} file ({first})") from error


def check_file(path: Path) -> None:
    """BadInput with a remedy unless `path` is a file that can be read without running code."""
    if not path.is_file():
        raise BadInput(f"{path}: no such file")
    if path.suffix.lower() in _PICKLED:
        to = path.with_suffix(SUFFIX)
        raise BadInput(
            f"{path}: a pickle can run code and is not read; convert it once: python -c "
            f"\"import torch, safetensors.torch as s; w = torch.load('{path}', weights_only=True); "
            f"s.save_file({{k: v.contiguous() for k, v in w.items()}}, '{to}')\""
        )


def _ours(path: Path, metadata: Mapping[str, str], weights: Mapping[str, Any]) -> Extractor:
    try:
        said = json.loads(metadata["extractor"])
        name, spec, about = str(said["name"]), dict(said["net"]), dict(said["about"])
        known = spec["class"] in NETS
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{path}: its description can not be read ({error!r})") from error
    if not known:
        raise BadInput(f"{path}: a net {spec['class']!r} that this version does not know")
    net = build(spec)
    parts = {part: _part(part, weights) for part in ("net", "head")}
    fill(net, parts["net"], str(path))
    head = None
    if "weight" in parts["head"]:
        classes, features = parts["head"]["weight"].shape
        head = nn.Linear(features, classes, bias="bias" in parts["head"])
        fill(head, parts["head"], str(path))
        head.requires_grad_(False).eval()
    return Described(name, net.requires_grad_(False).eval(), head, about)


def _part(part: str, weights: Mapping[str, Any]) -> dict[str, Any]:
    return {n.removeprefix(f"{part}."): value for n, value in weights.items() if n.startswith(f"{part}.")}
