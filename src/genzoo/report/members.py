"""The runs of a report, opened: model, place in the tree, log, and the items that it is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genzoo.apply import given_labels
from genzoo.data import Dataset, View, load
from genzoo.data.batches import presented
from genzoo.errors import BadInput
from genzoo.evaluation import Cost, Result, likelihood, sampling_cost
from genzoo.models import Model, capabilities, entry_of, load_model, read_spec
from genzoo.models.base import Samples
from genzoo.models.registry import Entry
from genzoo.models.taxonomy import PLACES, Place
from genzoo.random import uniform_at
from genzoo.training.config import Config
from genzoo.training.folder import RunFolder
from genzoo.training.trainer import choose_device
from genzoo.types import Batch, Given

ACCENTS = ("#c2572b", "#2a7f78", "#5b62b5", "#b0467c", "#6f8b2f", "#a87a1c")  # one a run, in turn
SCATTERED = 1500  # items in a scatter of codes
DRAWS = 16  # of the bound, an item


@dataclass(frozen=True)
class Member:
    """A run as the report sees it.

    Args:
        path: the run folder.
        model: in evaluation mode.
        entry: what the house knows of it.
        about: config.json: configuration, versions, machine.
        saved: spec.json: how far the run got.
        dataset: its items.
        colour: its accent on the page.
        seed: of pictures and measurements.
    """

    path: Path
    model: Model
    entry: Entry
    about: dict[str, Any]
    saved: dict[str, Any]
    dataset: Dataset
    colour: str
    seed: int = 0

    @property
    def name(self) -> str:
        """What the run was asked for by."""
        return self.about["config"]["name"]

    @property
    def anchor(self) -> str:
        """Its section's id on the page."""
        return f"run-{''.join(c if c.isalnum() else '-' for c in self.path.name)}"

    @property
    def place(self) -> Place:
        """Its node in the taxonomy."""
        return PLACES[self.entry.place]

    @property
    def can(self) -> set[str]:
        """Its capabilities."""
        return set(capabilities(self.model))

    @property
    def pictured(self) -> bool:
        """Whether its items are images."""
        return len(self.model.shape) == 3

    @cached_property
    def config(self) -> Config:
        """The run's resolved configuration."""
        return Config.from_json(self.about["config"])

    @cached_property
    def view(self) -> View:
        """How it saw its data."""
        return self.config.view

    @cached_property
    def log(self) -> list[dict[str, Any]]:
        """The lines of its log."""
        return RunFolder(self.path).log()

    @cached_property
    def results(self) -> list[Result]:
        """Everything that can be measured of it on the test split."""
        if not self.can & {"log_prob", "elbo"} and not {"encode", "decode"} <= self.can:
            return []
        return likelihood(self.model, self.dataset, view=self.view, seed=self.seed, samples=DRAWS, iwae=0)

    @cached_property
    def cost(self) -> Cost | None:
        """What a sample costs; None if it cannot draw any."""
        if not isinstance(self.model, Samples) or self.model.requires - {"labels"}:
            return None
        return sampling_cost(self.model, given=self.given(16), seed=self.seed)

    def given(self, n: int) -> Given | None:
        """Conditions of `n` new items."""
        return given_labels(self.model, n)

    def items(self, index: NDArray[np.int64]) -> Batch:
        """The items at these positions, as the model sees them."""
        return presented(self.dataset, index, self.view, self.seed, self.model.requires)

    def held_out(self, n: int) -> Batch:
        """`n` items of the test split, the same ones for every model of one data set."""
        split = self.dataset.split("test")
        return self.items(split[uniform_at(self.seed, split, 1)[:, 0].argsort()[:n]])

    def scattered(self) -> Batch:
        """Up to `SCATTERED` items of validation and test splits: it was not trained on them."""
        unseen = np.concatenate([self.dataset.splits["val"], self.dataset.split("test")])
        return self.items(unseen[uniform_at(self.seed, unseen, 1)[:, 0].argsort()[:SCATTERED]])


def open_members(
    runs: Sequence[str | Path], data: str | Path | Dataset | None, device: str = "auto"
) -> list[Member]:
    """The runs, each with its data; a data set that several share is read once.

    Raises:
        BadInput: for a folder that is no run, or data of another shape than the model's.
    """
    if not runs:
        raise BadInput("name at least one run folder")
    loaded: dict[str, Dataset] = {}
    members = []
    for i, run in enumerate(runs):
        folder, saved = RunFolder(run), read_spec(run)
        if not folder.exists:
            raise BadInput(f"{run}: a saved model, but no run folder (there is no config.json)")
        model = load_model(run, device=choose_device(device))
        entry = entry_of(model)
        if entry is None:
            raise BadInput(f"{run}: {type(model).__name__} is not registered, so its place is not known")
        config = folder.config()
        dataset = data if isinstance(data, Dataset) else _read(str(data or config.data), config.view, loaded)
        if dataset.shape != model.shape:
            raise BadInput(
                f"{run}: the model is for items of shape {model.shape}, {dataset.name} has {dataset.shape}"
            )
        colour = ACCENTS[i % len(ACCENTS)]
        members.append(Member(folder.path, model, entry, folder.about(), saved, dataset, colour))
    return members


def _read(source: str, view: View, loaded: dict[str, Dataset]) -> Dataset:
    key = f"{source} {view.size} {view.channels} {view.fit} {view.background}"
    if key not in loaded:
        loaded[key] = load(source, view)
    return loaded[key]
