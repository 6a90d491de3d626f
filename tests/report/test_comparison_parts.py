"""Pieces of a comparison: fronts, reasons, charts."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from genzoo.data import View
from genzoo.evaluation.result import Result
from genzoo.models.taxonomy import PLACES
from genzoo.report.columns import column_of
from genzoo.report.compare import common_view
from genzoo.report.forest import forest
from genzoo.report.pareto import Plane, Point, front, pareto
from genzoo.report.reasons import lacks

NUMBERS = st.floats(0.1, 100, allow_nan=False)
FID = Result("fid[cnn-11111111]", 5.0, 0.1, 100, "", "estimate", "mnist test", 0)


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=12), st.booleans())
def test_the_front_is_exactly_what_no_point_beats_on_both(pairs, higher):
    sign = 1 if higher else -1
    points = [Point(str(i), "", cost, value) for i, (cost, value) in enumerate(pairs)]
    kept = front(points, higher)

    def beaten(p):
        return any(
            q.cost <= p.cost and sign * q.value >= sign * p.value and (q.cost, q.value) != (p.cost, p.value)
            for q in points
        )

    assert {(p.cost, p.value) for p in kept} == {(p.cost, p.value) for p in points if not beaten(p)}


def test_every_place_says_why_it_has_no_density_no_samples_no_features():
    for place in PLACES.values():
        for what, why in lacks(place, ()):
            assert what
            assert why.endswith(".")


def test_a_model_that_can_do_everything_lacks_nothing():
    can = {"log_prob", "elbo", "sample", "encode", "decode"}
    assert lacks(PLACES["likelihood/explicit/tractable/flow"], can) == []


def test_views_are_compared_through_the_coarsest():
    grey, dynamic, threshold = View(), View(binarize="dynamic"), View(binarize="threshold")
    assert common_view([grey, grey]) == grey
    assert common_view([grey, View(levels=4)]).levels == 4
    assert common_view([grey, dynamic]).binarize == "dynamic"
    assert common_view([threshold, grey]).binarize == "threshold"
    assert common_view([threshold, dynamic]).binarize == "static"


def test_charts_name_every_run_once_a_row_of_panels_and_hold_their_error_bars():
    results = [[FID, None], [replace(FID, name="kid[cnn-11111111]"), FID]]
    columns = [column_of(FID), column_of(results[1][0])]
    (figure,) = forest(columns, ["first", "second"], ["#111111", "#222222"], results, "quality")
    assert figure.count(">first<") == 1
    assert "kernel distance" in figure


def test_the_plot_of_quality_against_cost_names_its_points():
    points = [Point("fast", "#111111", 0.01, 20.0, 1.0), Point("good", "#222222", 1.0, 5.0, 0.5)]
    figure = pareto([Plane("FID and time", "seconds", "FID", False, points)], "p")
    assert all(text in figure for text in (">fast<", ">good<", "less is better"))
