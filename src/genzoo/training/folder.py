"""A run folder: resolved configuration, log, pictures, the portable model, and resume state apart from it."""

import json
import platform
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from genzoo.errors import BadInput
from genzoo.files import read_json, write_json
from genzoo.models import Model, save_model
from genzoo.training.checkpoint import newest_state, save_rolling
from genzoo.training.config import Config

_PACKAGES = ("genzoo", "torch", "numpy", "pillow", "safetensors")


class RunFolder:
    """The files of one run.

    config.json, log.jsonl, spec.json + weights.safetensors (the portable model), best/ (the same two files
    at the best validation), samples/*.png, and resume/*.safetensors (all that a restart needs).
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    @property
    def exists(self) -> bool:
        """Whether a run was begun here."""
        return (self.path / "config.json").is_file()

    def check_new(self) -> None:
        """BadInput unless a new run may be written here."""
        if self.exists:
            raise BadInput(f"{self.path}: a run is here already; go on with --resume, or give another --out")
        if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise BadInput(f"{self.path}: exists and is not a run folder; give another --out")

    def create(self, config: Config, shape: tuple[int, ...], fingerprint: str) -> None:
        """Writes config.json, with what is needed to repeat the run."""
        about = {
            "config": config.to_json(),
            "shape": list(shape),
            "data_fingerprint": fingerprint,
            "versions": {name: version(name) for name in _PACKAGES} | {"python": platform.python_version()},
            "machine": {
                "system": platform.platform(),
                "threads": torch.get_num_threads(),
                "cuda": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
            },
            "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        self.path.mkdir(parents=True, exist_ok=True)
        write_json(self.path / "config.json", about)
        self.log_path.write_bytes(b"")

    def update_config(self, config: Config) -> None:
        """Takes in a raised budget."""
        write_json(self.path / "config.json", self.about() | {"config": config.to_json()})

    def about(self) -> dict[str, Any]:
        """What config.json says."""
        return read_json(self.path / "config.json")

    def config(self) -> Config:
        """The run's resolved configuration."""
        return Config.from_json(self.about()["config"])

    @property
    def log_path(self) -> Path:
        """The log: one JSON object a line."""
        return self.path / "log.jsonl"

    def append(self, line: Mapping[str, Any]) -> None:
        """Adds a line to the log."""
        with self.log_path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(dict(line)) + "\n")

    def log(self) -> list[dict[str, Any]]:
        """The log's lines; a last one that was cut short by a crash is left out."""
        if not self.log_path.is_file():
            return []
        lines = self.log_path.read_text(encoding="utf-8").split("\n")[:-1]
        return [json.loads(line) for line in lines]

    def save_state(self, state: Mapping[str, Any]) -> None:
        """Writes resume state; remembers how long the log was."""
        size = self.log_path.stat().st_size if self.log_path.exists() else 0
        save_rolling({**state, "log_bytes": size}, self.path / "resume")

    def load_state(self) -> dict[str, Any] | None:
        """The newest resume state, the log cut back to it; None if there is none yet."""
        state = newest_state(self.path / "resume")
        with self.log_path.open("ab") as file:
            file.truncate(state["log_bytes"] if state else 0)
        return state

    def save_model(self, model: Model, about: Mapping[str, Any], where: str = "") -> None:
        """Writes the portable model."""
        save_model(model, self.path / where, about={"genzoo": version("genzoo"), **about})


def config_of(path: str | Path) -> Config | None:
    """The configuration of a run, or of the run whose best/ this is; None for a model saved alone."""
    folder = next((f for f in (RunFolder(path), RunFolder(Path(path).parent)) if f.exists), None)
    return folder.config() if folder else None


def fresh_folder(name: str, parent: str | Path = "runs") -> Path:
    """`runs/NAME`, or `runs/NAME-2`, `-3`, … if that exists."""
    path = Path(parent) / name
    number = 1
    while path.exists():
        number += 1
        path = Path(parent) / f"{name}-{number}"
    return path
