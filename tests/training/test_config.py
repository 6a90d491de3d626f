from dataclasses import replace

import pytest

from genzoo.data.view import View
from genzoo.errors import BadInput
from genzoo.training.config import Config, resumable
from genzoo.training.folder import RunFolder, fresh_folder
from genzoo.training.settings import OptimizerSettings, Settings

CONFIG = Config(
    name="vae-mnist",
    data="mnist",
    view=View(size=(28, 28), binarize="dynamic"),
    model={"class": "VAE", "shape": [1, 28, 28], "hidden": [5, 4]},
    objective={"class": "NegativeELBO", "beta": 1.0},
    optimizers={"": OptimizerSettings(), "critic": OptimizerSettings(lr=0.5)},
    settings=Settings(images=100, horizon=100.0),
)


def test_json_and_back_is_the_same():
    assert Config.from_json(CONFIG.to_json()) == CONFIG


def test_players_have_their_own_optimizer_or_the_common_one():
    assert CONFIG.optimizer_of("critic").lr == 0.5
    assert CONFIG.optimizer_of("generator").lr == 1e-3


def test_a_larger_budget_extends_and_its_schedule_runs_over_all_of_it():
    longer = replace(CONFIG, settings=Settings(images=300, horizon=300.0))
    merged = resumable(CONFIG, longer)
    assert (merged.settings.images, merged.settings.horizon) == (300, 300)


@pytest.mark.parametrize(("images", "horizon"), [(200, 300), (300, 300), (400, 400)])
def test_the_first_part_of_a_longer_run_goes_on_under_the_same_schedule(images, horizon):
    part = replace(CONFIG, settings=Settings(images=100, horizon=300.0))
    longer = replace(CONFIG, settings=Settings(images=images, horizon=float(images)))
    assert resumable(part, longer).settings.horizon == horizon


@pytest.mark.parametrize(
    ("new", "says"),
    [
        (replace(CONFIG, settings=Settings(images=50)), "only raise --images: the run has 100, got 50"),
        (replace(CONFIG, settings=Settings(minutes=5)), "unit"),
        (
            replace(CONFIG, settings=Settings(images=100, batch=7)),
            "cannot change batch: the run has 64, got 7",
        ),
        (replace(CONFIG, view=View(size=(32, 32))), "cannot change (size|binarize)"),
        (replace(CONFIG, model={**CONFIG.model, "hidden": [5, 5]}), r"cannot change hidden.*\[5, 4\]"),
        (replace(CONFIG, objective={**CONFIG.objective, "beta": 4.0}), "cannot change beta"),
        (replace(CONFIG, optimizers={"": OptimizerSettings(lr=1.0)}), "cannot change"),
    ],
)
def test_any_other_change_is_refused_by_name(new, says):
    with pytest.raises(BadInput, match=says):
        resumable(CONFIG, new)


def test_the_log_is_cut_back_to_the_checkpoint(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.create(CONFIG, (1, 28, 28), "abc")
    assert folder.config() == CONFIG
    folder.append({"step": 1})
    folder.save_state({"step": 1})
    folder.append({"step": 2})
    with folder.log_path.open("a") as file:
        file.write('{"step": 3, "lo')  # killed in the middle of a line
    assert [line["step"] for line in folder.log()] == [1, 2]
    assert folder.load_state()["step"] == 1
    assert [line["step"] for line in folder.log()] == [1]


def test_a_taken_folder_is_refused_and_a_fresh_name_found(tmp_path):
    folder = RunFolder(tmp_path / "vae")
    folder.check_new()
    folder.create(CONFIG, (1,), "")
    with pytest.raises(BadInput, match="--resume"):
        folder.check_new()
    (tmp_path / "vae-2").mkdir()
    assert fresh_folder("vae", tmp_path).name == "vae-3"
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter.txt").write_text("keep me")
    with pytest.raises(BadInput, match="not a run folder"):
        RunFolder(tmp_path / "other").check_new()
