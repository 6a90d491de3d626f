"""Numbers that may not be compared never stand in one column."""

from dataclasses import replace

import pytest

from genzoo.errors import BadInput
from genzoo.evaluation.result import Result
from genzoo.report.columns import best, column_of, columns_of
from genzoo.report.compare import check_features

ELBO = Result("elbo", -90.0, 0.2, 100, "nats", "bound", "mnist test, static binarization", 0, 16)
FID = Result("fid[cnn-11111111]", 5.0, 0.1, 100, "", "estimate", "mnist test", 0)


@pytest.mark.parametrize(
    "other",
    [
        replace(ELBO, name="log_prob", kind="exact"),
        replace(ELBO, protocol="mnist test, 256 levels"),
        replace(ELBO, unit="nats (density)"),
        replace(ELBO, name="iwae[50]"),
        replace(ELBO, n=99),
    ],
)
def test_kind_protocol_unit_and_count_each_make_a_column(other):
    assert column_of(other) != column_of(ELBO)


def test_equal_protocols_share_a_column_whatever_the_value():
    assert column_of(replace(ELBO, value=-80.0, stderr=0.3)) == column_of(ELBO)


def test_columns_come_in_the_order_of_the_ruler_each_once():
    exact = replace(ELBO, name="log_prob", kind="exact")
    assert [c.name for c in columns_of([[FID, ELBO], [exact, FID]])] == ["log_prob", "elbo", FID.name]


def test_probes_of_models_that_see_the_data_differently_share_a_column():
    a = Result("probe_accuracy[100]", 0.8, 0.01, 100, "share", "estimate", "256 levels", 0)
    assert column_of(a) == column_of(replace(a, protocol="static binarization"))


def test_two_hashes_are_never_compared():
    with pytest.raises(BadInput, match="11111111 and cnn-22222222"):
        check_features(columns_of([[FID], [replace(FID, name="fid[cnn-22222222]")]]))


def test_the_best_are_those_that_no_other_beats_by_more_than_its_noise():
    column = column_of(FID)
    results = [FID, replace(FID, value=5.2), replace(FID, value=7.0), None]
    assert best(column, results) == [True, True, False, False]
    up = [ELBO, replace(ELBO, value=-95.0)]
    assert best(column_of(ELBO), up) == [True, False]


def test_one_number_alone_is_not_the_best():
    assert best(column_of(FID), [FID, None]) == [False, False]
