"""Recipe + flags + data → the configuration of a run."""

import inspect
from collections.abc import Collection, Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from genzoo.configurable import build
from genzoo.data.batches import TWO_SETS
from genzoo.data.dataset import Dataset
from genzoo.data.degrade import REMEDY, degraded_shape
from genzoo.data.view import View
from genzoo.errors import BadInput, nearest
from genzoo.models import catalogue, entry_named
from genzoo.models.registry import Entry
from genzoo.recipes import Recipe
from genzoo.recipes.options import FROM_DATA, objective_spec, options
from genzoo.training.config import Config
from genzoo.training.settings import OptimizerSettings, Settings

DEFAULT_DATA = "mnist5k"
DEFAULT_MINUTES = 20.0  # the budget of a model that is trained without a recipe


def sort_flags(recipe: Recipe, flags: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Flags by the table they belong to; BadInput for a name that this recipe does not know."""
    known = options(recipe.table("model")["name"], objective_spec(recipe)["class"])
    tables: dict[str, dict[str, Any]] = {}
    for name, value in flags.items():
        if name not in known:
            raise BadInput(f"{recipe.name} has no option {name!r}{nearest(name, known)}")
        tables.setdefault(known[name].table, {})[known[name].field] = value
    return tables


def _refuse_unknown(recipe: Recipe, name: str, table: Mapping[str, Any], cls: Any) -> None:
    known = {f.name for f in fields(cls)}
    for key in table:
        if key not in known:
            raise BadInput(f"{recipe.name}: [{name}] has no key {key!r}{nearest(key, known)}")


def resolve_view(recipe: Recipe, flags: Mapping[str, Any]) -> View:
    """How the data are presented: the recipe's [data] under the flags."""
    table = recipe.table("data") | dict(sort_flags(recipe, flags).get("view", {}))
    table.pop("data", None)
    _refuse_unknown(recipe, "data", table, View)
    size = table.get("size")
    if isinstance(size, int):
        table["size"] = (size, size)
    elif size is not None:
        table["size"] = tuple(size)
    return View(**table)


def resolve_source(recipe: Recipe, data: str | Path | None) -> str:
    """The data: as named by the user, else by the recipe, else the bundled digits."""
    return str(data) if data is not None else recipe.table("data").get("data", DEFAULT_DATA)


def _settings(recipe: Recipe, flags: Mapping[str, Any]) -> Settings:
    table = recipe.table("train")
    if "images" in flags or "minutes" in flags:
        table.pop("images", None)
        table.pop("minutes", None)
    table |= flags
    if table.get("images") is None and table.get("minutes") is None:
        table["minutes"] = DEFAULT_MINUTES
    _refuse_unknown(recipe, "train", table, Settings)
    settings = Settings(**table)
    return replace(settings, horizon=settings.horizon or settings.budget)


def _optimizers(
    recipe: Recipe, default: Mapping[str, Any], flags: Mapping[str, Any]
) -> dict[str, OptimizerSettings]:
    common = {**default, **recipe.table("optimizer")}
    players = {"": common} | {k: common | v for k, v in recipe.table("optimizers").items()}
    made = {}
    for player, table in players.items():
        _refuse_unknown(recipe, "optimizer", table, OptimizerSettings)
        merged = {**table, **flags}
        if "betas" in merged:
            merged["betas"] = tuple(merged["betas"])
        made[player] = OptimizerSettings(**merged)
    return made


def resolve(
    recipe: Recipe,
    dataset: Dataset,
    source: str,
    flags: Mapping[str, Any],
    *,
    origin: str | None = None,
) -> Config:
    """The configuration of a run of `recipe` on `dataset`, loaded with `resolve_view`'s view.

    The model's shape and number of levels come from the data.

    Raises:
        BadInput: for unknown names, impossible values, or a model that cannot represent the data.
    """
    tables = sort_flags(recipe, flags)
    view = resolve_view(recipe, flags)
    model_table = recipe.table("model")
    entry = entry_named(model_table.pop("name"))
    settings = _settings(recipe, tables.get("train", {}))
    optimizers = _optimizers(recipe, entry.optimizer, tables.get("optimizer", {}))
    decided = from_data(dataset, view, model_table, entry)
    require_pictures(entry.cls.requires, dataset, view, entry.name)
    arguments = model_table | tables.get("model", {}) | decided
    model = build({"class": entry.cls.__name__} | _as_lists(arguments))
    check_levels(model.levels, dataset, view, entry.name)
    require_pictures(model.requires, dataset, view, entry.name)
    return Config(
        name=recipe.name,
        data=source,
        view=view,
        model=model.spec,
        objective=objective_spec(recipe) | _as_lists(tables.get("objective", {})),
        optimizers=optimizers,
        settings=settings,
        origin=origin,
        notes={k: getattr(recipe, k) for k in ("source", "published", "protocol") if getattr(recipe, k)},
    )


def from_data(dataset: Dataset, view: View, model: Mapping[str, Any], entry: Entry) -> dict[str, Any]:
    """The arguments of a model that its data decide."""
    decided: dict[str, Any] = {"shape": list(dataset.shape)}
    if "levels" in inspect.signature(entry.cls).parameters and dataset.kind == "images":
        decided["levels"] = view.values
    if view.degrade is not None:
        if view.degrade != "past" and dataset.given is not None:
            raise BadInput(
                f"--degrade {view.degrade}: {dataset.name} comes with pictures; leave out one of them"
            )
        decided["picture"] = picture_of(dataset, view, model, entry)
    elif (came := came_with(dataset, entry)) is not None:
        if (own := list(model.get("picture") or came)) != came:
            raise BadInput(f"{dataset.name}: comes with pictures of {came}, the model takes {own}")
        decided["picture"] = came
    return decided


def came_with(dataset: Dataset, entry: Entry) -> list[int] | None:
    """The shape of the pictures that come with the items, for a model that learns from them; else None."""
    if "picture" not in inspect.signature(entry.cls).parameters:
        return None
    if dataset.given is not None:
        return list(dataset.given.shape[1:])
    return list(dataset.other.shape) if dataset.other is not None and entry.cls.kinds == 2 else None


def require_pictures(requires: Collection[str], dataset: Dataset, view: View, name: str) -> None:
    """BadInput for a model that is given a picture, where nothing says which."""
    if "images" not in requires or dataset.given is not None or view.degrade is not None:
        return
    if dataset.other is not None:
        raise BadInput(f"{dataset.name} {TWO_SETS}")
    raise BadInput(f"{name} is given a picture here: {REMEDY}")


def picture_of(dataset: Dataset, view: View, model: Mapping[str, Any], entry: Entry) -> list[int]:
    """The shape of what is left of an image; BadInput if the model is given none, or one of another shape."""
    assert view.degrade is not None
    if "picture" not in inspect.signature(entry.cls).parameters:
        able = [e.name for e in catalogue().values() if "picture" in inspect.signature(e.cls).parameters]
        raise BadInput(
            f"--degrade {view.degrade}: {entry.name} is not given a picture; "
            f"models that can be: {', '.join(able)}"
        )
    left = list(degraded_shape(dataset.shape, view.degrade))
    if (own := list(model.get("picture", left))) != left:
        raise BadInput(f"--degrade {view.degrade}: leaves a picture of {left}, the model takes {own}")
    return left


def check_levels(levels: int | None, dataset: Dataset, view: View, name: str) -> None:
    """BadInput if a model has no probability for the values that the pixels take."""
    if levels is None or dataset.kind != "images" or levels == view.values:
        return
    if levels == 2:
        raise BadInput(
            f"{name} is a model of binary pixels and these have {view.values} values: "
            "add --binarize dynamic, or choose a likelihood for them (--likelihood logistic)"
        )
    raise BadInput(
        f"{name} is a model of {levels} levels, the view has {view.values}: give --levels {levels}"
    )


def _as_lists(table: Mapping[str, Any]) -> dict[str, Any]:
    return {k: list(v) if isinstance(v, tuple) else v for k, v in table.items()}


def override(config: Config, recipe: Recipe, flags: Mapping[str, Any]) -> Config:
    """An existing configuration with some flags given anew; what is not given stays as it was."""
    tables = sort_flags(recipe, flags)
    if tables.keys() & {"model", "objective"}:
        model = {**config.model, **_as_lists(tables.get("model", {}))}
        config = replace(config, model=build(model).spec)
        config = replace(config, objective={**config.objective, **_as_lists(tables.get("objective", {}))})
    view, train = dict(tables.get("view", {})), dict(tables.get("train", {}))
    if "images" in train or "minutes" in train:
        train = {"images": None, "minutes": None} | train
    optimizers = {
        player: replace(settings, **tables.get("optimizer", {}))
        for player, settings in config.optimizers.items()
    }
    return replace(
        config,
        view=replace(config.view, **view),
        settings=replace(config.settings, **train),
        optimizers=optimizers,
    )


def recipe_of(config: Config) -> Recipe:
    """The recipe that an existing configuration would be resolved from, for other data of its view."""
    catalogue()
    name = next(e.name for e in catalogue().values() if e.cls.__name__ == config.model["class"])
    arguments = {k: v for k, v in config.model.items() if k not in FROM_DATA | {"class"}}
    common = asdict(config.optimizers[""])
    tables = {
        "model": arguments | {"name": name},
        "objective": dict(config.objective),
        "data": config.view.to_json() | {"data": config.data},
        "train": {k: v for k, v in asdict(config.settings).items() if k != "horizon"},
        "optimizer": common,
        "optimizers": {k: asdict(v) for k, v in config.optimizers.items() if k},
    }
    return Recipe(config.name, **dict(config.notes), tables=tables)
