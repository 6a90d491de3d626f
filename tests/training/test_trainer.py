import io
import os
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch
from rich.console import Console
from safetensors.torch import load_file

import genzoo
from genzoo import api
from genzoo.data.dataset import Dataset, Skipped
from genzoo.errors import BadInput
from genzoo.models import load_model, read_spec
from genzoo.training import progress
from genzoo.training.estimate import estimate
from genzoo.training.folder import RunFolder
from genzoo.training.trainer import assemble, choose_device, take_weights

SMALL = {"latent": 2, "hidden": (8,), "binarize": "threshold", "batch": 8}


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    items = rng.integers(0, 256, (60, 1, 6, 6)).astype(np.uint8)
    splits = {"train": np.arange(50), "val": np.arange(50, 60), "test": np.arange(50, 60)}
    return Dataset("noise", "images", items, splits, fingerprint="one")


def train(data, out, **options):
    return genzoo.train("vae", data, out=out, quiet=True, **{**SMALL, "images": 80, **options})


def test_a_run_folder_has_every_file_and_the_saved_model_is_the_trained_one(data, tmp_path):
    run = train(data, tmp_path / "run")
    names = {p.relative_to(run.folder).as_posix() for p in run.folder.rglob("*") if p.is_file()}
    assert {"config.json", "log.jsonl", "spec.json", "weights.safetensors"} <= names
    assert {"best/spec.json", "best/weights.safetensors", "resume/0000000010.safetensors"} <= names
    assert "samples/00000001.png" in names
    again = genzoo.load(run.folder)
    for a, b in zip(again.parameters(), run.model.parameters(), strict=True):
        assert torch.equal(a, b)
    assert not run.model.training
    assert read_spec(run.folder)["view"]["binarize"] == "threshold"
    steps = [line for line in run.log if "lr" in line]
    assert steps[0]["step"] == 1
    assert steps[-1]["images_seen"] == 80
    best = min(line["validation"] for line in run.log if "validation" in line)
    assert read_spec(run.folder / "best")["validation"] == best


def test_a_raised_budget_goes_on_to_where_a_longer_run_ends(data, tmp_path):
    train(data, tmp_path / "long", images=160)
    train(data, tmp_path / "short")
    run = genzoo.train(data=data, out=tmp_path / "short", resume=True, images=160, quiet=True)
    long = load_model(tmp_path / "long")
    for a, b in zip(run.model.parameters(), long.parameters(), strict=True):
        assert torch.equal(a, b)
    assert run.config.settings.images == 160
    assert RunFolder(run.folder).config().settings.images == 160


def test_resume_refuses_other_changes_data_that_changed_and_a_missing_run(data, tmp_path):
    train(data, tmp_path / "run")
    resume = {"out": tmp_path / "run", "resume": True, "quiet": True}
    with pytest.raises(BadInput, match="cannot change latent: the run has 2, got 3"):
        genzoo.train("vae", data, latent=3, **resume)
    with pytest.raises(BadInput, match="cannot change lr"):
        genzoo.train("vae", data, lr=0.5, **resume)
    with pytest.raises(BadInput, match="goes on with vae, not with gan"):
        genzoo.train("gan", data, **resume)
    with pytest.raises(BadInput, match="has changed since"):
        genzoo.train("vae", replace(data, fingerprint="two"), **resume)
    with pytest.raises(BadInput, match="no run to resume"):
        genzoo.train("vae", data, out=tmp_path / "none", resume=True, quiet=True)


def test_an_existing_run_is_not_overwritten(data, tmp_path):
    train(data, tmp_path / "run")
    before = (tmp_path / "run" / "weights.safetensors").read_bytes()
    with pytest.raises(BadInput, match="--resume"):
        train(data, tmp_path / "run", seed=1)
    assert (tmp_path / "run" / "weights.safetensors").read_bytes() == before


def test_an_earlier_runs_weights_are_taken_and_misfits_listed(data, tmp_path, capsys):
    first = train(data, tmp_path / "first")
    genzoo.train("vae", data, out=tmp_path / "next", origin=first.folder, images=8, **SMALL | {"latent": 3})
    said = capsys.readouterr().err
    assert "starts fresh" in said
    assert "(4, 8) does not fit (6, 8)" in said
    fresh = assemble(first.config, data, torch.device("cpu")).model
    misfits = take_weights(fresh, load_file(first.folder / "weights.safetensors"))
    assert misfits == []
    for a, b in zip(fresh.parameters(), first.model.parameters(), strict=True):
        assert torch.equal(a, b)
    with pytest.raises(BadInput, match="not one weight"):
        take_weights(fresh, {"nothing.weight": torch.zeros(1)})


def test_ctrl_c_saves_says_how_to_go_on_and_the_rest_is_bitwise(data, tmp_path, capsys, monkeypatch):
    whole = train(data, tmp_path / "whole", images=800)
    from genzoo.training import keeper

    def interrupt(self, losses, line=keeper.Keeper.line):
        if self.run.step == 40:
            os.kill(os.getpid(), signal.SIGINT)
        return line(self, losses)

    monkeypatch.setattr(keeper.Keeper, "line", interrupt)
    run = genzoo.train("vae", data, out=tmp_path / "cut", **{**SMALL, "images": 800})
    assert run.stopped == signal.SIGINT
    assert f"go on with: genzoo train --resume --out {tmp_path / 'cut'}" in capsys.readouterr().err
    assert RunFolder(run.folder).log()[-1]["step"] == 40
    monkeypatch.undo()
    rest = genzoo.train(data=data, out=tmp_path / "cut", resume=True, quiet=True)
    for a, b in zip(rest.model.parameters(), whole.model.parameters(), strict=True):
        assert torch.equal(a, b)
    with_time = {"seconds", "sampling_seconds"}
    ours, theirs = (
        [{k: v for k, v in x.items() if k not in with_time} for x in r.log] for r in (rest, whole)
    )
    assert ours == theirs


def test_binary_models_refuse_grey_pixels_and_say_what_to_add(data, tmp_path):
    with pytest.raises(BadInput, match="--binarize dynamic"):
        genzoo.train("vae", data, out=tmp_path / "x", images=8)
    assert not (tmp_path / "x").exists()


def test_unknown_options_and_devices_are_named(data, tmp_path):
    with pytest.raises(BadInput, match=r"no option 'latnt'.*'latent'"):
        train(data, tmp_path / "x", latnt=3)
    with pytest.raises(BadInput, match="'tpu'"):
        choose_device("tpu")
    with pytest.raises(BadInput, match=r"'vea'.*'vae'"):
        genzoo.train("vea", data)


def test_a_dry_run_counts_parameters_exactly_and_writes_nothing(data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config, dataset = api.prepare("vae", data, options={**SMALL, "images": 80})
    found = estimate(assemble(config, dataset, torch.device("cpu")))
    encoder, decoder = 36 * 8 + 8 + 8 * 4 + 4, 2 * 8 + 8 + 8 * 36 + 36
    assert found.parameters == {"model": encoder + decoder}
    assert found.weights_bytes == 4 * (encoder + decoder)
    assert found.turns == 10
    assert found.activation_bytes > 8 * 36 * 4  # at least the batch itself
    assert list(tmp_path.iterdir()) == []


def test_a_long_run_gets_a_remedy_after_twenty_steps(data):
    config, dataset = api.prepare("vae", data, options={**SMALL, "images": 8_000_000})
    run = assemble(config, dataset, torch.device("cpu"))
    out = io.StringIO()
    view = progress.View("vae", Console(file=out, width=200))
    for step in range(progress.MEASURED):
        run.step, run.images_seen, run.seconds = step + 1, 8 * (step + 1), 0.1 * (step + 1)
        view(run, {"model": {"loss": 1.0}})
    said = out.getvalue()
    assert "27 h 46 min to go" in said
    assert "--images 290000," in said


def test_files_that_are_left_out_and_phases_out_of_reach_are_said_first(data, tmp_path, capfd):
    bad = tuple(Skipped(f"[{i}].png", "not an image") for i in range(3))
    genzoo.train("vae", replace(data, skipped=bad), out=tmp_path / "run", **{**SMALL, "images": 8})
    first = capfd.readouterr().err.splitlines()[0]
    assert first == ("left out of noise: [0].png: not an image and 2 more; genzoo data noise lists them")
    small = replace(data, items=data.items[:, :, :4, :4].repeat(2, 2).repeat(2, 3))
    options = {"images": 8, "batch": 4, "width": 2, "top": 2, "latent": 2}
    genzoo.train("progressive-gan", small, out=tmp_path / "grown", **options)
    assert capfd.readouterr().err.startswith("--images 8 ends at 4x4 pixels")
