"""genzoo train: a recipe or a model, on any data, into a run folder."""

import dataclasses
import os
import sys
import types
import typing
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import tyro
from rich.console import Console
from rich.table import Table

from genzoo.cli.parse import typed
from genzoo.cli.verbs import VERBS, use_of

SUMMARY = "Train a recipe or a model on DATA into a run folder."
_FIXED: dict[str, tuple[Any, Any, str]] = {  # name → type, default, meaning
    "data": (str | None, None, "folder, archive, array file or built-in name; by default the recipe's own"),
    "out": (Path | None, None, "run folder; by default runs/NAME, then runs/NAME-2, …"),
    "resume": (bool, False, "go on with the run in --out; --images or --minutes may be raised"),
    "from": (Path | None, None, "begin from the weights of an earlier run; lists what does not fit"),
    "device": (str, "auto", "auto, cpu, cuda or mps"),
    "strict": (bool, False, "a bad file among the data is an error"),
    "dry_run": (bool, False, "print shapes, parameters, memory and expected time, and stop"),
    "quiet": (bool, False, "show no progress"),
    "save_every": (float, 30.0, "seconds between checkpoints"),
}


def main(argv: Sequence[str]) -> int:
    """Parses, trains, and returns the exit code: 130 or 143 after Ctrl-C or SIGTERM, which save first."""
    from genzoo import api
    from genzoo.models import capabilities
    from genzoo.training.loop import NonFiniteError

    what, given, flags = parse(argv)
    if given["dry_run"]:
        dry_run(what, given, flags)
        return 0
    keys = ("data", "out", "resume", "device", "strict", "quiet", "save_every")
    try:
        run = api.train(what, **{k: given[k] for k in keys}, origin=given["from"], **flags)
    except NonFiniteError:
        return 1  # the view has said what, where, and what is intact
    if run.stopped:
        return 128 + run.stopped
    if os.environ.get("RANK", "0") != "0":
        return 0
    able = capabilities(run.model)
    uses = (use_of(run.config.view), "sample", "reconstruct", "complete")
    verb = next((v for v in uses if VERBS[v].possible(able)), "info")
    line = f"next: genzoo {verb} {run.folder}" + ("" if verb == "info" else f" --out {verb}.png")
    Console(emoji=False).print(line, highlight=False, soft_wrap=True)
    return 0


def parse(argv: Sequence[str]) -> tuple[str | None, dict[str, Any], dict[str, Any]]:
    """What to train, the command's own flags, and the recipe's options that were given."""
    from genzoo.data.sizes import parse_size

    what = next(iter(argv), None)
    what = None if what is None or what.startswith("-") else what
    rest = list(argv[1:] if what is not None else argv)
    if what is None and {"-h", "--help"} & set(rest):
        print_overview()
    known = options_of(what, rest)
    parsed = typed(
        flags_class(known),
        rest,
        verb=f"train {what or 'RECIPE|MODEL'}",
        config=(tyro.conf.DisallowNone,),
        names=[f"--{name.replace('_', '-')}" for name in (*_FIXED, *known, *switched_on(known))],
        description=SUMMARY + " Every option of the model and its objective is a flag.",
    )
    values = {f.name.rstrip("_"): getattr(parsed, f.name) for f in dataclasses.fields(parsed)}
    given = {name: values.pop(name) for name in _FIXED}
    flags = {name: value for name, value in values.items() if value is not None}
    for name, option in known.items():
        if option.type is bool and flags.get(name) == option.default:
            del flags[name]  # not given
    if isinstance(flags.get("size"), str):
        flags["size"] = parse_size(flags["size"])
    return what, given, flags


def switched_on(known: Mapping[str, Any]) -> list[str]:
    """The twins of switches that are on: they switch them off."""
    return [f"no_{name}" for name, option in known.items() if option.type is bool and option.default]


def options_of(what: str | None, argv: Sequence[str]) -> dict[str, Any]:
    """The options of what is trained: of its recipe, or of the run that is resumed or begun from."""
    from genzoo.recipes.options import objective_spec, options, recipe_for
    from genzoo.recipes.resolve import recipe_of
    from genzoo.training.folder import RunFolder

    if what is not None:
        recipe = recipe_for(what)
    else:
        folder = RunFolder(value_of("--out" if "--resume" in argv else "--from", argv) or "")
        if not folder.exists:
            return {}
        recipe = recipe_of(folder.config())
    known = options(recipe.table("model")["name"], objective_spec(recipe)["class"])
    return {name: with_recipe(option, recipe) for name, option in known.items()}


def value_of(flag: str, argv: Sequence[str]) -> str | None:
    """The value of a flag in words that are not parsed yet."""
    spaced = (value for word, value in pairwise(argv) if word == flag)
    joined = (word.partition("=")[2] for word in argv if word.startswith(f"{flag}="))
    return next(spaced, None) or next(joined, None)


def with_recipe(option: Any, recipe: Any) -> Any:
    """The option with the value of the recipe, or else of the model's registration, as its default."""
    from genzoo.models.registry import entry_named
    from genzoo.recipes.options import objective_spec

    table = recipe.table({"view": "data"}.get(option.table, option.table))
    if option.table == "optimizer":
        table = {**entry_named(recipe.table("model")["name"]).optimizer, **table}
    elif option.table == "objective":
        table = objective_spec(recipe)
    if option.field not in table:
        return option
    return dataclasses.replace(option, default=table[option.field])


def flags_class(known: dict[str, Any]) -> type:
    """A dataclass with one field a flag, for tyro."""
    fields: list[tuple[str, Any, Any]] = []
    for name, (kind, default, text) in _FIXED.items():
        safe = name + "_" if name == "from" else name
        shown = "" if default in (None, False) else f"(default: {default})"
        arg = tyro.conf.arg(
            name=name.replace("_", "-"), help=text, help_behavior_hint=shown, metavar=placeholder(kind)
        )
        fields.append((safe, annotated(kind, arg, default), dataclasses.field(default=default)))
    for name, option in known.items():
        kind, default = flag_type(name, option)
        shown = "" if option.type is bool else f"(default: {shown_default(option.default)})"
        arg = tyro.conf.arg(help=option.help, help_behavior_hint=shown, metavar=placeholder(kind))
        fields.append((name, annotated(kind, arg, default), dataclasses.field(default=default)))
    return dataclasses.make_dataclass("train", fields)


def annotated(kind: Any, arg: Any, default: Any) -> Any:
    """The type of a flag with its texts; a switch has a --no- twin if it is on."""
    off = kind is bool and not default
    return Annotated[kind, arg, tyro.conf.FlagCreatePairsOff] if off else Annotated[kind, arg]


def placeholder(kind: Any) -> str | None:
    """What stands for a flag's value in --help; "not given" goes without saying."""
    kinds = [t for t in get_args(kind) if t is not type(None)] if is_union(kind) else [kind]
    if kind is bool:
        return None
    if get_origin(kinds[0]) is typing.Literal:
        return "|".join(map(str, get_args(kinds[0])))
    if get_origin(kinds[0]) is tuple:
        return f"{get_args(kinds[0])[0].__name__.upper()} …"
    return {"str": "TEXT", "int": "N", "float": "X", "Path": "PATH"}.get(kinds[0].__name__)


def is_union(kind: Any) -> bool:
    """Whether a type is a union of others."""
    return get_origin(kind) in (typing.Union, types.UnionType)


def flag_type(name: str, option: Any) -> tuple[Any, Any]:
    """The type that tyro parses a flag as, and its default: None for "not given"."""
    if option.type is bool:
        return bool, option.default
    if name == "size":
        return str | None, None
    kind = option.type
    if is_union(kind):
        (kind,) = [t for t in get_args(kind) if t is not type(None)]
    if getattr(get_origin(kind), "__name__", "") in ("Sequence", "tuple", "list") and len(get_args(kind)) < 3:
        first = get_args(kind)[0]
        kind = tuple[first, first] if kind == tuple[first, first] else tuple[first, ...]  # type: ignore[valid-type]
    return kind | None, None


def shown_default(value: Any) -> str:
    """A default as it would be typed."""
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value).lower()


def print_overview() -> None:
    """The recipes and models there are to train."""
    from genzoo import recipes
    from genzoo.models import catalogue

    table = Table(
        "recipe", "what it is", "published figure", title="genzoo train RECIPE --data DATA --out RUN"
    )
    for name in recipes.names():
        recipe = recipes.read(name)
        table.add_row(name, recipe.summary, recipe.published)
    console = Console(emoji=False)
    console.print(table)
    console.print("models: " + ", ".join(catalogue()), highlight=False)
    console.print("`genzoo train NAME --help` lists every option of a recipe or model.\n", highlight=False)


def dry_run(what: str | None, given: dict[str, Any], flags: dict[str, Any]) -> None:
    """Prints what a run would need; writes nothing."""
    from genzoo.api import prepare
    from genzoo.training.estimate import estimate
    from genzoo.training.progress import duration
    from genzoo.training.trainer import assemble, choose_device, notices

    config, dataset = prepare(
        what, given["data"], origin=given["from"], strict=given["strict"], options=flags
    )
    run = assemble(config, dataset, choose_device(given["device"]))
    found = estimate(run)
    table = Table(show_header=False, title=f"{config.name} on {dataset.name} (nothing is written)")
    table.add_row("items", f"{len(dataset.split('train')):,} to train on, each {found.shape}")
    for player, count in found.parameters.items():
        table.add_row(f"parameters: {player}", f"{count:,}")
    table.add_row("weights", megabytes(found.weights_bytes))
    table.add_row("gradients, moments, average", megabytes(found.optimizer_bytes))
    table.add_row(f"activations, batch of {config.settings.batch}", megabytes(found.activation_bytes))
    table.add_row("a turn", f"{found.seconds_per_turn * 1e3:,.1f} ms on {run.device}")
    table.add_row("speed", f"{found.images_per_second:,.0f} images/s")
    seconds = found.seconds if found.seconds is not None else 60 * (config.settings.minutes or 0)
    table.add_row("expected time", duration(seconds))
    Console(emoji=False).print(table)
    for line in notices(run, config, dataset):
        Console(emoji=False).print(line, highlight=False, markup=False, soft_wrap=True)
    for index, spec in enumerate((config.model, config.objective)):
        Console(emoji=False, file=sys.stdout).print(("model " if index == 0 else "objective "), spec)


def megabytes(size: int) -> str:
    """A size in MB."""
    return f"{size / 1e6:,.1f} MB"
