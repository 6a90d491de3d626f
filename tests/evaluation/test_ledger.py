"""The ledger gives an answer to the very question that was asked, and to no other."""

import json

import pytest
import torch
from tests.cli.run_fakes import CodeRun, save_run

from genzoo.errors import BadInput
from genzoo.evaluation.ledger import Answer, Ledger
from genzoo.evaluation.result import Result
from genzoo.models import save_model

QUESTION = {"group": "likelihood", "of": "data", "seed": 0, "view": {"size": [4, 4]}}
RESULT = Result("elbo", -1.0, 0.5, 3, "nats", "bound", "tiny test", 0, 16)


@pytest.fixture
def run(tmp_path):
    return save_run(tmp_path / "run", CodeRun((1, 4, 4)))


def test_an_answer_comes_back_as_it_was_kept(run):
    answer = Answer([RESULT], ["few images"], {"parameters": 3}, {"nearest": {"index": [1, 2]}})
    Ledger(run).keep(QUESTION, answer)
    found = Ledger(run).find(QUESTION)
    assert found.to_json() == answer.to_json()
    assert found.results == [RESULT]


@pytest.mark.parametrize("other", [{"seed": 1}, {"group": "quality"}, {"of": "other data"}])
def test_another_question_has_no_answer(run, other):
    Ledger(run).keep(QUESTION, Answer([RESULT]))
    assert Ledger(run).find(QUESTION | other) is None


def test_a_run_that_was_trained_further_is_asked_anew(run):
    Ledger(run).keep(QUESTION, Answer([RESULT]))
    model = CodeRun((1, 4, 4))
    torch.nn.init.ones_(model.zero)
    save_model(model, run)
    assert Ledger(run).find(QUESTION) is None


def test_an_answer_to_an_older_question_of_the_same_name_is_not_taken(run):
    ledger = Ledger(run)
    ledger.keep(QUESTION, Answer([RESULT]))
    path = ledger.path(QUESTION)
    value = json.loads(path.read_text())
    path.write_text(json.dumps(value | {"question": value["question"] | {"seed": 7}}))
    assert ledger.find(QUESTION) is None


def test_a_broken_file_is_named(run):
    ledger = Ledger(run)
    ledger.keep(QUESTION, Answer([RESULT]))
    path = ledger.path(QUESTION)
    value = json.loads(path.read_text())
    path.write_text(json.dumps(value | {"results": [{"name": "elbo"}]}))
    with pytest.raises(BadInput, match=path.name):
        ledger.find(QUESTION)
