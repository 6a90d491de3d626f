"""Charts: what is read off a log, and what a curve keeps."""

import numpy as np
import pytest

from genzoo.report.curves import judged, keys_ending, series
from genzoo.report.plots import chart, scatter, smooth, svg


def test_smoothing_keeps_a_constant_and_the_number_of_points():
    line = [(float(x), 3.0) for x in range(100)]
    assert smooth(line) == line


def test_smoothing_averages_over_its_window():
    spike = [(float(x), 100.0 if x == 50 else 0.0) for x in range(101)]
    half = round(101 * 0.04 / 2)
    assert dict(smooth(spike))[50.0] == pytest.approx(100 / (2 * half + 1))


def test_a_log_of_two_players_gives_two_losses_and_the_critics_verdicts():
    log = [
        {"images_seen": 8, "critic/loss": 1.0, "critic/accuracy_real": 0.5, "generator/loss": 2.0},
        {"images_seen": 8, "sampling_seconds": 0.1},
        {"images_seen": 16, "critic/loss": 0.5, "critic/accuracy_real": 0.75, "generator/loss": 3.0},
    ]
    assert keys_ending(log, ".*/loss") == ["critic/loss", "generator/loss"]
    assert judged(log) == ["critic/accuracy_real"]
    assert judged([{"critic/accuracy": 0.5, "critic/score_real": 1.0, "critic_accuracy": 1.0}]) == [
        "critic/accuracy"
    ]
    assert series(log, "generator/loss") == [(8, 2.0), (16, 3.0)]


def test_a_chart_is_the_same_text_each_time():
    codes = np.random.default_rng(0).normal(size=(40, 2))
    labels = np.arange(40) % 3
    texts = {str(svg(scatter(codes, labels, ("a", "b", "c"), prior=True), "one", "codes")) for _ in range(2)}
    assert len(texts) == 1


def test_ids_of_two_charts_differ():
    made = []
    for name in ("one", "two"):
        with chart(2, 2) as (figure, (axes,)):
            axes.plot([0, 1], [0, 1])
        made.append(str(svg(figure, name, "a line")))
    assert 'id="one-' in made[0]
    assert 'id="one-' not in made[1]


def test_codes_without_classes_are_drawn_in_the_models_colour():
    text = str(svg(scatter(np.zeros((3, 2)), None, (), prior=False), "plain", "codes"))
    assert "var(--accent)" in text
