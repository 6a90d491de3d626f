"""The registered models in the taxonomy's tree, as a tree for the terminal, a markdown table and JSON."""

from typing import Any

from rich.markup import escape
from rich.tree import Tree

from genzoo.cli.verbs import VERBS
from genzoo.models import abilities, catalogue
from genzoo.models.taxonomy import PLACES, TREE


def verbs_of(can: tuple[str, ...]) -> list[str]:
    """The verbs, of those that take a run, that a model with these capabilities can do."""
    return [name for name, verb in VERBS.items() if verb.needs is not None and verb.possible(can)]


def rows() -> list[dict[str, Any]]:
    """What is known of each model, in the order of the tree."""
    found = []
    for name, entry in catalogue().items():
        can = abilities(name)
        found.append(
            {
                "name": name,
                "title": entry.title,
                "place": entry.place,
                "formula": entry.formula,
                "reference": entry.reference,
                "capabilities": list(can),
                "verbs": verbs_of(can),
            }
        )
    return found


def tree() -> Tree:
    """The whole tree; places that nothing stands at are dim."""
    models = rows()
    root = Tree("[bold]generative models[/bold]")
    nodes: dict[str, Tree] = {"": root}
    for place in TREE:
        lived_in = any(f"{m['place']}/".startswith(f"{place.path}/") for m in models)
        style = "" if lived_in else "dim"
        parent = nodes[place.path.rpartition("/")[0]]
        text = f"[italic]{escape(place.title)}[/italic]  [dim]{escape(place.says)}[/dim]"
        nodes[place.path] = parent.add(text, style=style, guide_style="dim")
        for model in (m for m in models if m["place"] == place.path):
            leaf = nodes[place.path].add(
                f"[bold green]{model['name']}[/bold green]  {escape(model['title'])}"
            )
            leaf.add(escape(model["formula"]))
            leaf.add(f"can: {', '.join(model['capabilities'])}")
            leaf.add(f"[dim]{escape(model['reference'])}[/dim]")
    return root


def markdown_table() -> str:
    """The table of models in the README."""
    lines = [
        "| model | family | formula | commands | reference |",
        "|---|---|---|---|---|",
    ]
    for model in rows():
        verbs = " ".join(f"`{verb}`" for verb in model["verbs"] if verb != "info")
        cells = [
            f"`{model['name']}` {model['title']}",
            PLACES[model["place"]].title,
            model["formula"],
            verbs,
            model["reference"],
        ]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)
