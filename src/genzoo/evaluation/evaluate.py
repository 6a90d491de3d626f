"""The ruler: everything that can be said of a model, in groups, each measured once for each question."""

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

from genzoo.data import load
from genzoo.data.stacked import grey_source
from genzoo.data.view import View
from genzoo.errors import BadInput, nearest
from genzoo.evaluation import cost, modes, probes
from genzoo.evaluation.completion import completion
from genzoo.evaluation.features import Extractor, extractor_for, training_budget
from genzoo.evaluation.ledger import Answer, Ledger
from genzoo.evaluation.likelihood import at_least_one, check_shape
from genzoo.evaluation.measured import likelihood
from genzoo.evaluation.perceptual import perceptual
from genzoo.evaluation.protocol import GROUPS, Group, Protocol
from genzoo.evaluation.quality import images_seen, quality
from genzoo.evaluation.result import Result
from genzoo.evaluation.subject import Subject, applicable, only_if_asked
from genzoo.evaluation.translation import translation
from genzoo.training import distributed

PICTURED = 32  # samples whose nearest training images are remembered
Tick = Callable[[int], None]
Watch = Callable[[str, int | None], AbstractContextManager[Tick]]  # shows how far a piece of work is


def unwatched(title: str, total: int | None) -> AbstractContextManager[Tick]:
    """Shows nothing."""
    return nullcontext(lambda done: None)


@dataclass(frozen=True)
class Evaluation:
    """The answers by group; a group that the model has nothing for is not among them."""

    answers: Mapping[Group, Answer]

    @property
    def results(self) -> list[Result]:
        """All numbers but costs."""
        return [result for answer in self.answers.values() for result in answer.results]

    @property
    def notes(self) -> list[str]:
        """All notes, each once."""
        return list(dict.fromkeys(note for answer in self.answers.values() for note in answer.notes))

    @property
    def cost(self) -> Mapping[str, Any] | None:
        """Parameters, FLOPs, times and memory, if they were measured."""
        return self.answers["cost"].cost if "cost" in self.answers else None


def evaluate(
    subject: Subject,
    protocol: Protocol | None = None,
    *,
    groups: Collection[str] | None = None,
    ledger: Ledger | None = None,
    again: bool = False,
    batch: int = 64,
    watch: Watch = unwatched,
) -> Evaluation:
    """Measures what was not measured before, group by group.

    Args:
        groups: some of `GROUPS`; by default all that the model has something for but those `only_if_asked`.
        ledger: where answers are kept; without one everything is measured.
        again: measure also what was measured before.
        batch: items at a time; no number depends on it.
        watch: shows how far each piece of work is.

    Raises:
        BadInput: for a group that is unknown, or that was asked for and the model has nothing for.
    """
    protocol = protocol or Protocol()
    _check(subject, protocol, groups, batch)
    reasons = applicable(subject, protocol)
    usual = [g for g in GROUPS if not reasons[g] and not only_if_asked(subject.model, g)]
    asked = usual if groups is None else [g for g in GROUPS if g in groups]
    for group in asked:
        if reasons[group]:
            raise BadInput(f"{group} cannot be measured: {reasons[group]}")
    answers: dict[Group, Answer] = {}
    for group in asked:
        question = question_of(subject, protocol, group)
        answer = None if again or ledger is None else ledger.find(question)
        if answer is None:
            answer = MEASURES[group](subject, protocol, batch, watch)
            if ledger is not None and distributed.rank() == 0:
                ledger.keep(question, answer)
        answers[group] = answer
    return Evaluation(answers)


def question_of(subject: Subject, protocol: Protocol, group: Group) -> dict[str, Any]:
    """All that the answer of a group depends on."""
    said: dict[str, Any] = {
        "group": group,
        "data": subject.dataset.name,
        "of": subject.dataset.fingerprint,
    }
    said |= {"view": subject.view.to_json(), **protocol.of(group)}
    if group == "translation" and protocol.perceptual:
        said["perceptual"] = perceptual(protocol.perceptual).label
    if group in ("quality", "coverage", "translation", "completion"):
        chosen = subject.extractor
        said["through"] = (subject.through or subject.view).to_json()
        said["features"] = chosen.label if isinstance(chosen, Extractor) else chosen
    return said


def _likelihood(subject: Subject, protocol: Protocol, batch: int, watch: Watch) -> Answer:
    dataset = subject.dataset
    with watch("likelihood", len(dataset.split(protocol.split)[: protocol.limit])) as tick:
        results = likelihood(
            subject.model,
            dataset,
            view=subject.view,
            split=protocol.split,
            batch=batch,
            seed=protocol.seed,
            samples=protocol.draws,
            iwae=protocol.iwae,
            naive=protocol.naive,
            ais=protocol.ais,
            limit=protocol.limit,
            tick=tick,
        )
    return Answer(results)


def _quality(subject: Subject, protocol: Protocol, batch: int, watch: Watch) -> Answer:
    extractor = _extractor(subject, watch)
    total = protocol.samples + images_seen(subject.dataset, protocol.samples, protocol.split)
    with watch("samples", total) as tick:
        found = quality(
            subject.model,
            subject.dataset,
            extractor,
            view=subject.through or subject.view,
            split=protocol.split,
            samples=protocol.samples,
            seed=protocol.seed,
            batch=batch,
            tick=tick,
        )
    notes = [found.note] if found.note else []
    if found.nearest is None:
        return Answer(found.results, notes)
    return Answer(
        found.results,
        notes,
        extra={"nearest": found.nearest.index[:PICTURED, 0].tolist()},
    )


def _coverage(subject: Subject, protocol: Protocol, batch: int, watch: Watch) -> Answer:
    grey, dataset = grey_source(subject.dataset.name), subject.dataset
    extractor = None
    if grey is not None:  # of stacked digits each colour is judged on its own
        size: Any = dataset.shape[1:]
        digits = load(grey, View(size=size, channels=1))
        extractor = _extractor(replace(subject, dataset=digits, through=View(size=size, channels=1)), watch)
    with watch("modes", None) as tick:
        results = modes.coverage(
            subject.model,
            dataset,
            seed=protocol.seed,
            extractor=extractor,
            view=subject.view,
            batch=batch,
            tick=tick,
        )
    return Answer(results)


def _translation(subject: Subject, protocol: Protocol, batch: int, watch: Watch) -> Answer:
    extractor = _extractor(subject, watch)
    with watch("translations", None) as tick:
        results = translation(
            subject.model,
            subject.dataset,
            extractor,
            view=subject.view,
            split=protocol.split,
            seed=protocol.seed,
            batch=batch,
            lpips=perceptual(protocol.perceptual) if protocol.perceptual else None,
            tick=tick,
        )
    return Answer(results)


def _completion(subject: Subject, protocol: Protocol, batch: int, watch: Watch) -> Answer:
    extractor = _extractor(subject, watch)
    with watch("completions", None) as tick:
        results = completion(
            subject.model,
            subject.dataset,
            extractor,
            view=subject.view,
            split=protocol.split,
            limit=protocol.limit,
            seed=protocol.seed,
            batch=batch,
            tick=tick,
        )
    return Answer(results)


def _representation(subject: Subject, protocol: Protocol, batch: int, watch: Watch) -> Answer:
    with watch("features", None) as tick:
        results = probes.probe(
            subject.model,
            subject.dataset,
            view=subject.view,
            labels=[n or None for n in protocol.labels],
            seeds=protocol.probe_seeds,
            split=protocol.split,
            limit=protocol.limit,
            tick=tick,
        )
    return Answer(results)


def _cost(subject: Subject, protocol: Protocol, batch: int, watch: Watch) -> Answer:
    with watch("cost", None):
        found = cost.measure(subject.model, subject.dataset, subject.config, view=subject.view)
    return Answer(cost=found.to_json())


MEASURES: dict[Group, Callable[[Subject, Protocol, int, Watch], Answer]] = {
    "likelihood": _likelihood,
    "quality": _quality,
    "coverage": _coverage,
    "translation": _translation,
    "completion": _completion,
    "representation": _representation,
    "cost": _cost,
}


def _extractor(subject: Subject, watch: Watch) -> Extractor:
    if isinstance(subject.extractor, Extractor):
        return subject.extractor
    total = training_budget(subject.dataset) if subject.extractor in (None, "classifier") else None
    with watch("features", total) as tick:
        return extractor_for(
            subject.dataset,
            subject.extractor,
            view=subject.through or subject.view,
            device=subject.model.like.device,
            tick=tick,
        )


def _check(subject: Subject, protocol: Protocol, groups: Collection[str] | None, batch: int) -> None:
    check_shape(subject.model, subject.dataset)
    for group in groups or ():
        if group not in GROUPS:
            raise BadInput(f"nothing to measure is called {group!r}{nearest(group, GROUPS)}")
    positive = {
        "--limit": protocol.limit,
        "--batch": batch,
        "--samples": protocol.samples,
        "--draws": protocol.draws,
    }
    for flag, value in positive.items():
        if value is not None:
            at_least_one(flag, value)
