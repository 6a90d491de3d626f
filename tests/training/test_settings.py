import pytest

from genzoo.errors import BadInput
from genzoo.training.settings import OptimizerSettings, Settings


def test_schedules_start_at_one_and_end_at_zero():
    for name in ("linear", "cosine"):
        settings = Settings(images=1000, horizon=1000, schedule=name)
        assert settings.lr_factor(0, 0) == 1.0
        assert settings.lr_factor(10, 500) == pytest.approx(0.5)
        assert settings.lr_factor(20, 1000) == pytest.approx(0.0)
        assert settings.lr_factor(30, 2000) == pytest.approx(0.0)


def test_warmup_rises_by_equal_steps():
    settings = Settings(images=1000, warmup=4)
    assert [settings.lr_factor(step, 0) for step in range(5)] == [0.25, 0.5, 0.75, 1.0, 1.0]


def test_a_raised_budget_gives_a_spent_schedule_something_to_go_on_with():
    short, long = (Settings(images=n, horizon=n, schedule="linear") for n in (100, 200))
    assert short.lr_factor(3, 100) == 0
    assert long.lr_factor(3, 100) == 0.5


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({}, "--images N or --minutes M"),
        ({"images": 5, "minutes": 1.0}, "--images N or --minutes M"),
        ({"images": 0}, "--images must be positive"),
        ({"minutes": -1.0}, "--minutes must be positive"),
        ({"images": 5, "ema": 1.0}, "--ema"),
        ({"images": 5, "batch": 10, "accumulate": 3}, "--batch 10"),
        ({"images": 5, "clip": -1.0}, "--clip"),
        ({"images": 5, "patience": -1}, "--patience"),
    ],
)
def test_impossible_settings_are_named(wrong, says):
    with pytest.raises(BadInput, match=says):
        Settings(**wrong)


@pytest.mark.parametrize("lr", [0.0, -1.0, float("nan"), float("inf")])
def test_a_learning_rate_is_positive_and_finite(lr):
    with pytest.raises(BadInput, match="--lr"):
        OptimizerSettings(lr=lr)
