"""What was measured, kept beside the run as JSON: a number is measured once for each exact question."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from genzoo.errors import BadInput
from genzoo.evaluation.result import Result
from genzoo.files import read_json, sha256, write_json
from genzoo.models.store import WEIGHTS

FORMAT = 2  # of the files, and of every rule by which their numbers are made
Question = Mapping[str, Any]  # all that an answer depends on, as JSON


@dataclass(frozen=True)
class Answer:
    """What was found for one question.

    Args:
        results: the numbers.
        notes: sentences that whoever reads the numbers should know.
        cost: parameters, FLOPs, times and memory; the one part that differs from time to time.
        extra: what pictures need, as JSON, such as each sample's nearest training image.
    """

    results: Sequence[Result] = ()
    notes: Sequence[str] = ()
    cost: Mapping[str, Any] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        said: dict[str, Any] = {"results": [r.to_json() for r in self.results]}
        if self.notes:
            said["notes"] = list(self.notes)
        if self.extra:
            said["extra"] = dict(self.extra)
        return said | ({"cost": dict(self.cost)} if self.cost is not None else {})

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> "Answer":
        """The answer that `to_json` wrote."""
        results = [Result(**r) for r in value["results"]]
        return Answer(results, value.get("notes", ()), value.get("cost"), value.get("extra", {}))


class Ledger:
    """The answers of one saved model, in its folder's `results/`: one file a question.

    A question holds the hash of the weights, so a run that was trained further is measured anew, and an
    answer about other weights is never given.

    Args:
        run: the folder of a saved model.
    """

    def __init__(self, run: str | Path) -> None:
        self.folder = Path(run) / "results"
        self.weights = sha256(Path(run) / WEIGHTS)[:16]

    def full(self, question: Question) -> dict[str, Any]:
        """The question with what it leaves unsaid."""
        return json.loads(json.dumps({"format": FORMAT, "weights": self.weights, **question}))

    def path(self, question: Question) -> Path:
        """The file of a question's answer."""
        text = json.dumps(self.full(question), sort_keys=True)
        return self.folder / f"{question['group']}-{hashlib.sha256(text.encode()).hexdigest()[:8]}.json"

    def find(self, question: Question) -> Answer | None:
        """The answer, if this very question was asked before."""
        path = self.path(question)
        if not path.is_file():
            return None
        value = read_json(path)
        if not isinstance(value, dict) or value.get("question") != self.full(question):
            return None
        try:
            return Answer.from_json(value)
        except (KeyError, TypeError) as error:
            raise BadInput(f"{path}: not a file of results ({error}); remove it to measure again") from error

    def keep(self, question: Question, answer: Answer) -> None:
        """Writes an answer."""
        write_json(self.path(question), {"question": self.full(question), **answer.to_json()})
