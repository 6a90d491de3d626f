"""A run's resolved configuration: what stands in its config.json, and what a resume may not change."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from genzoo.data.view import View
from genzoo.errors import BadInput
from genzoo.training.settings import OptimizerSettings, Settings


@dataclass(frozen=True)
class Config:
    """Everything that determines a run, besides the content of its data.

    Args:
        name: the recipe or model it was asked for by.
        data: the source, as it was named.
        view: how items are presented.
        model: the model's spec.
        objective: the objective's spec.
        optimizers: settings by player; the key "" is for players that are not named.
        settings: budget, batch, schedule, options.
        origin: the run whose weights it began from.
    """

    name: str
    data: str
    view: View
    model: Mapping[str, Any]
    objective: Mapping[str, Any]
    optimizers: Mapping[str, OptimizerSettings]
    settings: Settings
    origin: str | None = None
    notes: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As JSON; `from_json` is its inverse."""
        return asdict(self) | {
            "view": self.view.to_json(),
            "optimizers": {k: asdict(v) for k, v in self.optimizers.items()},
        }

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> "Config":
        """The configuration that `to_json` wrote."""
        optimizers = {
            k: OptimizerSettings(**{**v, "betas": tuple(v["betas"])}) for k, v in value["optimizers"].items()
        }
        known = {k: value[k] for k in ("name", "data", "model", "objective", "origin", "notes")}
        view, settings = View.from_json(value["view"]), Settings(**value["settings"])
        return Config(view=view, optimizers=optimizers, settings=settings, **known)

    def optimizer_of(self, player: str) -> OptimizerSettings:
        """The settings of a player."""
        return self.optimizers.get(player, self.optimizers[""])


def flattened(value: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested objects as one with dotted names.

    >>> flattened({"view": {"levels": 2}})
    {'view.levels': 2}
    """
    flat: dict[str, Any] = {}
    for key, item in value.items():
        if isinstance(item, Mapping):
            flat |= flattened(item, f"{prefix}{key}.")
        else:
            flat[prefix + key] = list(item) if isinstance(item, tuple) else item
    return flat


_BUDGET = {"settings.images", "settings.minutes", "settings.horizon"}


def resumable(old: Config, new: Config) -> Config:
    """The configuration to go on with: `old` with a budget that `new` may have raised.

    Raises:
        BadInput: naming the first setting that differs, with both values.
    """
    before, after = flattened(old.to_json()), flattened(new.to_json())
    for name in sorted(before.keys() | after.keys()):
        if name in _BUDGET or name.startswith("notes."):
            continue
        if before.get(name) != after.get(name):
            flag = name.rpartition(".")[2]
            raise BadInput(
                f"--resume cannot change {flag}: the run has {before.get(name)!r}, got {after.get(name)!r}; "
                "start a new run with --from instead"
            )
    if (old.settings.images is None) != (new.settings.images is None):
        raise BadInput("--resume cannot change the budget's unit between --images and --minutes")
    if new.settings.budget < old.settings.budget:
        unit = "images" if old.settings.images is not None else "minutes"
        raise BadInput(
            f"--resume can only raise --{unit}: the run has {old.settings.budget:,g}, "
            f"got {new.settings.budget:,g}"
        )
    settings = replace(old.settings, images=new.settings.images, minutes=new.settings.minutes)
    if settings.budget > (settings.horizon or old.settings.budget):  # the schedule runs over the new budget
        settings = replace(settings, horizon=settings.budget)
    return replace(old, settings=settings)
