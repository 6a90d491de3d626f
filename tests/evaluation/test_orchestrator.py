"""The ruler asks a model what it can answer, once for each question, and says why the rest stays empty."""

import json
from dataclasses import replace

import pytest
import torch
from tests.cli.run_fakes import ClassRun, CodeRun, UniformRun, save_run
from tests.report.tiny_runs import bars

from genzoo.data import View, load
from genzoo.errors import BadInput
from genzoo.evaluation import Extractor, Ledger, Protocol, Subject, evaluate
from genzoo.evaluation.subject import applicable

PROTOCOL = Protocol(samples=20, labels=(4,), probe_seeds=2, draws=2, iwae=3)


@pytest.fixture
def small_features():
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 6))
    return Extractor("linear", net, torch.nn.Linear(6, 2))


def subject(model, extractor=None, view=None):
    return Subject(model, bars(), view or View(), extractor=extractor)


def test_a_model_is_asked_what_it_can_answer(small_features):
    uniform = evaluate(subject(UniformRun((1, 8, 8), levels=256), small_features), PROTOCOL)
    assert set(uniform.answers) == {"likelihood", "quality", "cost"}
    coder = evaluate(subject(CodeRun((1, 8, 8))), PROTOCOL)
    assert set(coder.answers) == {"likelihood", "representation", "cost"}
    assert {r.quantity for r in coder.results} >= {"squared_error", "probe_accuracy", "knn_accuracy"}


@pytest.mark.parametrize(
    ("model", "group", "says"),
    [
        (UniformRun((1, 8, 8), levels=256), "representation", "no features"),
        (CodeRun((1, 8, 8)), "quality", "draws no samples"),
        (ClassRun((1, 8, 8)), "representation", "no features"),
        (UniformRun((1, 8, 8), levels=256), "coverage", "modes of bars are not known"),
    ],
)
def test_the_rest_stays_empty_for_a_reason(model, group, says):
    assert says in applicable(subject(model), PROTOCOL)[group]
    with pytest.raises(BadInput, match=says):
        evaluate(subject(model), PROTOCOL, groups=[group])


def test_too_few_labels_for_the_classes_are_no_probe():
    reasons = applicable(subject(CodeRun((1, 8, 8))), replace(PROTOCOL, labels=(1,)))
    assert "--labels 1: bars allows 2" in reasons["representation"]


def test_the_same_question_is_measured_once_and_gives_the_same_json(tmp_path, small_features):
    run = save_run(tmp_path / "run", UniformRun((1, 8, 8), levels=256))
    asked = subject(UniformRun((1, 8, 8), levels=256), small_features)
    groups = ["likelihood", "quality"]
    first = evaluate(asked, PROTOCOL, groups=groups, ledger=Ledger(run))
    files = {p.name: p.read_text() for p in (run / "results").iterdir()}
    assert len(files) == 2
    kept = evaluate(asked, PROTOCOL, groups=groups, ledger=Ledger(run))
    assert [r.to_json() for r in kept.results] == [r.to_json() for r in first.results]
    evaluate(asked, PROTOCOL, groups=groups, ledger=Ledger(run), again=True, batch=7)
    for path in (run / "results").iterdir():
        again = json.loads(path.read_text())
        for new, old in zip(again["results"], json.loads(files[path.name])["results"], strict=True):
            # another batch size: equal up to the rounding of batched float32 sums
            assert new["value"] == pytest.approx(old["value"], rel=1e-5, abs=1e-6)
            assert new | {"value": 0, "stderr": 0} == old | {"value": 0, "stderr": 0}


def test_another_seed_features_or_view_is_another_question(tmp_path, small_features):
    run = save_run(tmp_path / "run", UniformRun((1, 8, 8), levels=256))
    asked = subject(UniformRun((1, 8, 8), levels=256), small_features)
    other = Extractor("other", small_features.net, small_features.head)
    for one, protocol in (
        (asked, PROTOCOL),
        (asked, replace(PROTOCOL, seed=1)),
        (replace(asked, extractor=other), PROTOCOL),
        (replace(asked, through=View(binarize="static")), PROTOCOL),
    ):
        evaluate(one, protocol, groups=["quality"], ledger=Ledger(run))
    assert len(list((run / "results").iterdir())) == 4


def test_samples_are_seen_through_the_common_view(small_features):
    """Grey samples looked at in black and white are no farther from data than binary ones would be."""
    model = UniformRun((1, 8, 8), levels=2)
    grey = UniformRun((1, 8, 8), levels=256)  # binarized by a draw, uniform grey is uniform black and white
    protocol, through = replace(PROTOCOL, samples=2000), View(binarize="static")

    def fid(one):
        asked = Subject(one, bars(), View(), through, small_features)
        return evaluate(asked, protocol, groups=["quality"]).results[0]

    a, b = fid(model), fid(grey)
    assert a.value == pytest.approx(b.value, abs=4 * (a.stderr**2 + b.stderr**2) ** 0.5)
    assert "static binarization" in a.protocol


def test_wrong_requests_are_refused():
    asked = subject(UniformRun((1, 8, 8), levels=256))
    with pytest.raises(BadInput, match="did you mean 'likelihood'"):
        evaluate(asked, PROTOCOL, groups=["likelyhood"])
    with pytest.raises(BadInput, match="--samples must be at least 1"):
        evaluate(asked, replace(PROTOCOL, samples=0))
    with pytest.raises(BadInput, match="items are 1x8x8, this UniformRun takes 1x4x4"):
        evaluate(subject(UniformRun((1, 4, 4), levels=256)))


def test_a_set_of_points_has_its_modes_counted():
    class Points(CodeRun):
        def sample(self, n, given=None, *, temperature=1.0):
            return torch.zeros(n, 2)

    found = evaluate(
        Subject(Points((2,)), load("ring8")), replace(PROTOCOL, labels=(8,)), groups=["coverage"]
    )
    assert {r.quantity for r in found.results} >= {"modes", "high_quality"}
