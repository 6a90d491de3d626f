"""From run folders to the page: opens them, measures, draws, and fills in the template."""

import platform
import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

import genzoo
from genzoo.data import Dataset, View
from genzoo.data.batches import gather
from genzoo.files import write_text
from genzoo.random import uniform_at
from genzoo.report.latents import planes
from genzoo.report.markup import formula, tiles
from genzoo.report.members import Member, open_members
from genzoo.report.panels import Row, draws, panels
from genzoo.report.plots import CLASSES
from genzoo.report.table import COLUMNS, protocol, table
from genzoo.report.tree import tree
from genzoo.training.progress import duration

LINEUP = 18  # images in a row of the first picture
_NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")


def write_page(
    runs: Sequence[str | Path],
    data: str | Path | Dataset | None,
    out: Path,
    *,
    title: str | None,
    device: str,
    began: float | None,
) -> Path:
    """Writes the report; see `genzoo.report.build`."""
    members = open_members(runs, data, device)
    write_text(out, render(members, title=title, began=began))
    return out


def render(members: list[Member], *, title: str | None = None, began: float | None = None) -> str:
    """The page as HTML."""
    count = _NUMBERS[len(members)] if len(members) < len(_NUMBERS) else str(len(members))
    plural = "s" if len(members) > 1 else ""
    content = {
        "title": title or f"{count} model{plural} of {members[0].dataset.name}",
        "count": count,
        "members": members,
        "lineup": lineup(members),
        "columns": COLUMNS,
        "lines": table(members),
        "protocol": protocol(members),
        "tree": tree(members),
        "panels": {member.anchor: panels(member) for member in members},
        "planes": planes(members),
        "classes": classes(members),
        "notes": notes(members),
        "facts": None,
    }
    content["facts"] = facts(members, began)  # last: it says how long all this took
    return environment().get_template("page.html.j2").render(content)


def environment() -> Environment:
    """Jinja2 with the package's templates; an unknown name in a template is an error."""
    found = Environment(
        loader=PackageLoader("genzoo", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["formula"] = formula
    found.filters["lede"] = lede
    found.globals["style"] = Markup(found.get_template("page.css").render())
    return found


def lede(member: Member) -> Markup:
    """The first paragraph of a model's own documentation, its formulas set as such."""
    text = re.split(r"\n\s*\n", (member.entry.cls.__doc__ or "").strip())[0]
    return formula(" ".join(text.replace("`", "").split()))


def lineup(members: list[Member]) -> list[Row]:
    """A row of real images, and one of each model that draws."""
    first = members[0]
    if not first.pictured:
        return []
    split = first.dataset.split("test")
    index = split[uniform_at(first.seed, split, 1)[:, 0].argsort()[:LINEUP]]
    real = gather(first.dataset, index, View(), first.seed)
    found = [Row("real", tiles(real, LINEUP, f"{len(real)} real images of {first.dataset.name}"))]
    for member in members:
        images = draws(member, LINEUP) if member.pictured else None
        if images is not None:
            found.append(Row(member.entry.name, tiles(images, LINEUP, f"Samples of {member.entry.title}")))
    return found


def classes(members: list[Member]) -> list[tuple[str, str]]:
    """The classes of the first data set with their colours, for the key of the scatter."""
    names = members[0].dataset.classes
    return [(name, CLASSES[i]) for i, name in enumerate(names)] if len(names) <= len(CLASSES) else []


def facts(members: list[Member], began: float | None) -> list[tuple[str, str]]:
    """What is said at the top: data, time, machine, date."""
    dataset, machine = members[0].dataset, members[0].about["machine"]
    sizes = [f"{len(dataset.splits[name]):,} {name}" for name in ("train", "val", "test")]
    trained = sum(m.saved["seconds"] for m in members)
    spent = f"{duration(trained)} of training, the models' own time added up"
    if began is not None:
        spent = f"{duration(time.time() - began)} from start to report; {spent}"
    threads = f"{machine['threads']} thread{'s' if machine['threads'] != 1 else ''} a model"
    return [
        ("data", f"{dataset.name}: {len(dataset):,} {noun(dataset)} ({' / '.join(sizes)})"),
        ("time", spent),
        ("machine", f"{machine['cuda'] or processor()}, {threads}"),
        ("made", f"{datetime.now(UTC):%d %B %Y} with genzoo {genzoo.__version__}"),
    ]


def noun(dataset: Dataset) -> str:
    """What an item of the data is called."""
    return "real images" if dataset.kind == "images" else dataset.kind


def processor() -> str:
    """The processor's name, as well as the system tells."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        found = re.search(r"model name\s*: (.*)", info.read_text(encoding="utf-8", errors="replace"))
        if found:
            return found[1].strip()
    return platform.processor() or platform.machine()


def notes(members: list[Member]) -> list[dict[str, Any]]:
    """For each run what it takes to repeat it."""
    found = []
    for member in members:
        config = member.about["config"]
        versions = member.about["versions"]
        seen, batch = member.saved["images_seen"], config["settings"]["batch"]
        found.append(
            {
                "name": member.entry.title,
                "run": member.path.name,
                "view": member.view.protocol(),
                "budget": f"{seen:,} images seen in batches of {batch}",
                "seed": config["settings"]["seed"],
                "arguments": ", ".join(f"{k} {v}" for k, v in member.model.spec.items() if k != "class"),
                "source": config["notes"].get("source", ""),
                "versions": f"torch {versions['torch']}, Python {versions['python']}",
            }
        )
    return found
