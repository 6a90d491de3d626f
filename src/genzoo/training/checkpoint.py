"""Resume state in one file: tensors as safetensors, the tree around them as JSON in its header."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from genzoo.files import atomic

_TENSOR, _DICT, _TUPLE = "tensor", "dict", "tuple"


def pack(tree: Any, tensors: dict[str, Tensor]) -> Any:
    """The tree as JSON, with its tensors moved to `tensors`; keys may be integers.

    >>> held = {}
    >>> unpack(json.loads(json.dumps(pack({1: (2, torch.ones(1))}, held))), held)
    {1: (2, tensor([1.]))}
    """
    if isinstance(tree, Tensor):
        name = str(len(tensors))
        tensors[name] = tree.detach().cpu().contiguous().clone()
        return {_TENSOR: name}
    if isinstance(tree, dict):
        return {_DICT: [[key, pack(value, tensors)] for key, value in tree.items()]}
    if isinstance(tree, tuple):
        return {_TUPLE: [pack(value, tensors) for value in tree]}
    if isinstance(tree, list):
        return [pack(value, tensors) for value in tree]
    if tree is None or isinstance(tree, bool | int | float | str):
        return tree
    raise TypeError(f"resume state must be tensors and JSON values, got {type(tree).__name__}")


def unpack(tree: Any, tensors: dict[str, Tensor]) -> Any:
    """The inverse of `pack`."""
    if isinstance(tree, list):
        return [unpack(value, tensors) for value in tree]
    if not isinstance(tree, dict):
        return tree
    if _TENSOR in tree:
        return tensors[tree[_TENSOR]]
    if _TUPLE in tree:
        return tuple(unpack(value, tensors) for value in tree[_TUPLE])
    return {key: unpack(value, tensors) for key, value in tree[_DICT]}


def save_state(state: dict[str, Any], path: str | Path) -> None:
    """Writes a state atomically: the file is whole or absent, whenever the process dies."""
    tensors: dict[str, Tensor] = {}
    tree = json.dumps(pack(state, tensors))
    with atomic(path) as temporary:
        save_file(tensors, temporary, metadata={"tree": tree})


def load_state(path: str | Path) -> dict[str, Any]:
    """Reads what `save_state` wrote."""
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return unpack(json.loads(file.metadata()["tree"]), tensors)


def states_in(folder: Path) -> list[Path]:
    """The checkpoints of a folder, oldest first."""
    return sorted(folder.glob("[0-9]*.safetensors"))


def save_rolling(state: dict[str, Any], folder: Path, keep: int = 2) -> Path:
    """Writes the checkpoint of a step and removes all but the newest `keep`."""
    path = folder / f"{state['step']:010d}.safetensors"
    save_state(state, path)
    for old in states_in(folder)[:-keep]:
        old.unlink(missing_ok=True)
    return path


def newest_state(folder: Path) -> dict[str, Any] | None:
    """The newest checkpoint that can be read, None if there is none."""
    for path in reversed(states_in(folder)):
        try:
            return load_state(path)
        except (SafetensorError, OSError, KeyError, json.JSONDecodeError):
            continue
    return None


def same(a: Any, b: Any) -> bool:
    """Whether two states are equal bit for bit."""
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        return a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return bool(a == b)
