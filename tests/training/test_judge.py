"""What watches a game as it goes: a judge keeps the best model, patience stops, a collapse is told of."""

import os
import signal

import numpy as np
import pytest
import torch
from torch import nn

import genzoo
from genzoo import api
from genzoo.data.dataset import Dataset
from genzoo.errors import BadInput
from genzoo.models import load_model, read_spec
from genzoo.training.folder import RunFolder
from genzoo.training.keeper import Keeper
from genzoo.training.loop import fit
from genzoo.training.trainer import assemble

SMALL = {"latent": 2, "hidden": (4,), "batch": 8, "quiet": True}


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    items = rng.integers(0, 256, (120, 1, 6, 6)).astype(np.uint8)
    splits = {"train": np.arange(50), "val": np.arange(50, 120), "test": np.arange(50, 120)}
    return Dataset("noise", "images", items, splits, fingerprint="one")


class Judge:
    """Says one number after another, and keeps the weights that it said them of; may stop the run at last."""

    def __init__(self, values, stops=False):
        self.values, self.models, self.stops = list(values), [], stops

    def __call__(self, model):
        self.models.append([p.detach().clone() for p in model.parameters()])
        if self.stops and len(self.models) == len(self.values):
            os.kill(os.getpid(), signal.SIGINT)
        return self.values[len(self.models) - 1]


@pytest.fixture
def train(data, tmp_path, monkeypatch):
    """Trains a GAN for so many turns, a milestone each, under a judge who says these values."""

    own = api.judge_for

    def go(values, turns, name="gan", folder="run", stops=False, **options):
        judge = Judge(values, stops) if values is not None else None
        monkeypatch.setattr(api, "judge_for", (lambda *_, dataset: judge) if judge else own)
        out = tmp_path / folder
        kept = {"quiet": True} if options.get("resume") else SMALL
        run = genzoo.train(name, data, out=out, **{**kept, "images": 8 * turns, **options})
        return run, judge

    return go


def said(run):
    return [line["validation"] for line in run.log if "validation" in line]


def holds(folder, weights):
    return all(torch.equal(a, b) for a, b in zip(load_model(folder).parameters(), weights, strict=True))


def test_the_best_model_is_the_one_of_the_smallest_value(train):
    values = [5.0, 3.0, 4.0, 2.0, 6.0, 2.5]
    run, judge = train(values, 6)
    assert said(run) == values
    assert holds(run.folder / "best", judge.models[3])
    assert holds(run.folder, judge.models[5])
    assert read_spec(run.folder / "best")["validation"] == 2.0
    assert read_spec(run.folder / "best")["step"] == 4
    assert genzoo.load(run.folder, best=True).spec == run.model.spec


def test_a_run_out_of_patience_stops_and_says_where_the_best_is(train, capsys):
    run, judge = train([5.0, 3.0, 4.0, 3.5, 3.0, 1.0], 6, patience=3, quiet=False)
    assert len(judge.models) == 5  # 3.0 again is no better: the third milestone since the best
    assert [line["step"] for line in run.log][-1] == 5
    assert holds(run.folder / "best", judge.models[1])
    assert f"no better for 3 milestones, stopped; the best is in {run.folder}/best" in capsys.readouterr().err


def test_patience_is_not_lost_when_there_is_a_better_one_in_time(train):
    run, _ = train([5.0, 6.0, 4.0, 6.0, 3.0, 6.0], 6, patience=2)
    assert run.log[-1]["step"] == 6


def test_a_resumed_run_remembers_the_best_and_how_long_ago_it_was(train):
    first, judge = train([5.0, 2.0, 3.0, 3.0], 12, patience=4, stops=True)
    assert first.log[-1]["step"] == 4
    run, later = train([2.5] * 12, 12, name=None, resume=True)
    assert len(later.models) == 2  # two milestones before, two now
    assert holds(run.folder / "best", judge.models[1])
    again, never = train([1.0] * 12, 12, name=None, resume=True)
    assert never.models == []
    assert again.log == run.log


def test_a_run_whose_budget_was_raised_is_judged_again(train):
    train([5.0, 4.0], 2)
    run, later = train([3.0] * 8, 8, name=None, resume=True)
    assert len(later.models) == 6
    assert holds(run.folder / "best", later.models[0])


def test_the_judge_does_not_change_what_is_trained(train):
    runs = [train([5.0, 4.0, 3.0], 3, folder="one"), train(None, 3, folder="two")]
    runs.append(train(None, 3, folder="three", judge="none"))
    assert [len(said(run)) for run, _ in runs] == [3, 3, 0]
    weights = [list(run.model.parameters()) for run, _ in runs]
    for other in weights[1:]:
        assert all(torch.equal(a, b) for a, b in zip(weights[0], other, strict=True))


def test_without_a_judge_a_game_of_two_has_no_best_and_no_validation(train):
    run, _ = train(None, 4, judge="none")
    assert not (run.folder / "best").exists()
    assert said(run) == []
    assert run.log[-1]["step"] == 4


def test_patience_without_anything_to_go_by_is_refused(train, tmp_path):
    with pytest.raises(BadInput, match="--patience 1 goes by what --judge says of samples"):
        train(None, 4, judge="none", patience=1)
    assert not (tmp_path / "run").exists()


def test_a_game_of_one_goes_by_its_loss_whoever_would_judge(train):
    run, judge = train([0.0] * 9, 4, name="vae", binarize="threshold")
    assert judge.models == []
    assert len(said(run)) == 4
    assert read_spec(run.folder / "best")["validation"] == min(said(run))


def test_the_judge_that_is_there_by_default_looks_at_samples(train):
    run, _ = train(None, 2)  # 2,000 samples in the features of the random net
    first, last = said(run)
    assert min(first, last) > 0
    assert read_spec(run.folder / "best")["validation"] == min(first, last)


def collapsed(data, tmp_path, turns=8):
    """A keeper of a run whose generator makes one image and cannot learn to make another."""
    config, dataset = api.prepare(
        "gan", data, options={**SMALL, "quiet": None, "images": 8 * turns, "lr": 1e-12}
    )
    run = assemble(config, dataset, torch.device("cpu"))
    for layer in run.model.generator.modules():
        if isinstance(layer, nn.Linear):
            nn.init.zeros_(layer.weight)
    files, lines = RunFolder(tmp_path / "run"), []
    files.create(config, dataset.shape, dataset.fingerprint)
    return Keeper(run, files, {}, say=lines.append), lines


def test_a_collapse_is_told_of_once_and_is_in_every_line_after_the_first_quarter(data, tmp_path):
    keeper, lines = collapsed(data, tmp_path)
    fit(keeper.run, hooks=[keeper])
    collapses = [line for line in lines if "the samples look alike" in line]
    assert len(collapses) == 1
    assert collapses[0].startswith("warning: ")
    milestones = [line for line in keeper.folder.log() if "sample_diversity" in line]
    assert [line["step"] for line in milestones] == list(range(1, 9))
    assert all(line["sample_diversity"] < 1e-6 for line in milestones)
    told = [line["step"] for line in milestones if any("look alike" in w for w in line.get("warnings", []))]
    assert told == list(range(2, 9))  # of 8 turns a quarter is 2
