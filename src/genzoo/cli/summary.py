"""A run in a few lines: model, data, training, commands."""

import json
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from genzoo.cli.catalogue import verbs_of
from genzoo.cli.opened import Opened
from genzoo.files import read_json
from genzoo.models import capabilities, entry_of, parameter_count
from genzoo.models.taxonomy import PLACES


def summary(run: Opened) -> dict[str, Any]:
    """What is known of a run, as JSON."""
    model, entry = run.model, entry_of(run.model)
    can = capabilities(model)
    folder = run.path if (run.path / "config.json").is_file() else run.path.parent
    return {
        "run": str(run.path),
        "model": {
            "name": entry.name if entry else type(model).__name__,
            "title": entry.title if entry else "not in the registry",
            "family": lineage(entry.place) if entry else [],
            "formula": entry.formula if entry else "",
            "reference": entry.reference if entry else "",
            "arguments": {key: value for key, value in model.spec.items() if key != "class"},
            "levels": model.levels,
            "parameters": parameter_count(model),
            "capabilities": list(can),
        },
        "data": {"source": run.data, **run.view.to_json(), "classes": list(run.classes)},
        "training": training(run, folder),
        "commands": verbs_of(can),
    }


def lineage(place: str) -> list[str]:
    """The titles from the root of the tree to a place.

    >>> lineage("likelihood/implicit")
    ['Maximum likelihood', 'Implicit density']
    """
    keys = place.split("/")
    return [PLACES["/".join(keys[: i + 1])].title for i in range(len(keys))]


def training(run: Opened, folder: Path) -> dict[str, Any]:
    """How far the weights are (spec.json), how they got there (config.json) and the log's last line."""
    known = ("name", "step", "images_seen", "seconds", "validation", "genzoo")
    said: dict[str, Any] = {key: run.about[key] for key in known if key in run.about}
    if (folder / "config.json").is_file():
        about = read_json(folder / "config.json")
        config = about.get("config", about)
        settings = config.get("settings", {})
        said["objective"] = config.get("objective")
        said["settings"] = {key: value for key, value in settings.items() if value is not None}
        said["command"] = about.get("command")
        said["started"] = about.get("started")
    last = last_line(folder / "log.jsonl")
    return said | ({"last": last} if last else {})


def last_line(log: Path) -> dict[str, Any] | None:
    """The last whole line of a log; one that a crash cut short is passed over."""
    if not log.is_file():
        return None
    lines = log.read_text(encoding="utf-8").split("\n")[:-1]
    return json.loads(lines[-1]) if lines else None


def table(said: dict[str, Any]) -> Table:
    """The summary for people."""
    model, data, trained = said["model"], said["data"], said["training"]
    last = trained.get("last") or {}
    rows = {
        "model": f"{model['name']}: {model['title']}",
        "family": " › ".join(model["family"]),
        "formula": model["formula"],
        "arguments": _pairs(model["arguments"]),
        "parameters": f"{model['parameters']:,}",
        "can": ", ".join(model["capabilities"]),
        "data": str(data["source"] or "not known"),
        "view": _pairs(
            {key: data[key] for key in ("size", "channels", "fit", "levels", "binarize", "degrade")}
        ),
        "classes": ", ".join(data["classes"][:12]) + (", …" if len(data["classes"]) > 12 else ""),
        "trained": _pairs({k: v for k, v in trained.items() if not isinstance(v, dict | list)}),
        "objective": _pairs(trained.get("objective") or {}),
        "settings": _pairs(trained.get("settings") or {}),
        "last logged": _pairs({k: v for k, v in last.items() if k != "warnings"}),
        "warnings": "\n".join(last.get("warnings", ())),
        "command": " ".join(trained.get("command") or ()),
        "reference": model["reference"],
        "commands": " ".join(said["commands"]),
    }
    drawn = Table(
        title=escape(said["run"]), show_header=False, box=None, padding=(0, 2, 0, 0), title_style="bold"
    )
    for name, text in rows.items():
        if text:
            drawn.add_row(f"[bold]{name}[/bold]", escape(text))
    return drawn


def _pairs(values: dict[str, Any]) -> str:
    return "  ".join(f"{name}={_short(value)}" for name, value in values.items() if value is not None)


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.5g}"
    return "x".join(map(str, value)) if isinstance(value, list) else str(value)
