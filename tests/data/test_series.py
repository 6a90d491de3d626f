import numpy as np
import pytest

from genzoo.data import View, load
from genzoo.data.batches import gather
from genzoo.data.scaling import Scaling
from genzoo.data.series import read_csv, series
from genzoo.errors import BadInput


def ramp(steps=400, variables=2):
    return np.arange(steps)[:, None] + 1000.0 * np.arange(variables)


def steps_of(data, split, values):
    """Which steps of a ramp the windows of a split hold."""
    units = data.scaling.to_units(data.items[data.split(split)][:, 0] / 255)
    return set(np.unique(np.abs(units[..., :1] - values[:, 0]).argmin(-1)))


def test_time_runs_down_the_rows_and_variables_stand_in_a_row():
    data = series(ramp(), View(size=(20, 2)))
    assert data.shape == (1, 20, 2)
    first = data.items[0, 0].astype(int)
    assert (np.diff(first[:, 0]) >= 0).all()
    assert (first[:, 0] == first[:, 1]).all()


def test_windows_are_consecutive_steps_and_overlap_within_a_split():
    values = np.random.default_rng(0).random((400, 1)) * 255
    data = series(values, View(size=(20, 1)))
    train = data.items[data.split("train"), 0, :, 0]
    assert (train[1:, :-1] == train[:-1, 1:]).all()


def test_no_step_is_in_two_splits_and_they_follow_in_time():
    values = ramp(200)
    data = series(values, View(size=(10, 2)), scaling=Scaling(("a", "b"), (0, 1000), (200, 1200)))
    seen = {split: steps_of(data, split, values) for split in ("train", "val", "test")}
    assert max(seen["train"]) < min(seen["val"]) <= max(seen["val"]) < min(seen["test"])


def test_values_come_back_in_units_to_half_a_level():
    values = np.random.default_rng(0).normal(5, 3, (400, 3))
    data = series(values, View(size=(16, 3)))
    window = data.scaling.to_units(data.items[7, 0] / 255)
    half = (np.array(data.scaling.high) - np.array(data.scaling.low)) / 255 / 2
    assert (np.abs(window - values[7:23]) <= half + 1e-9).all()


def test_the_scale_is_that_of_the_train_part_and_what_lies_outside_is_clipped_and_counted():
    data = series(ramp(400, 1), View(size=(20, 1)))
    assert (data.scaling.low, data.scaling.high) == ((0.0,), (279.0,))
    assert (data.items[data.split("test")] == 255).all()
    assert any(
        "120 of 400 values lie outside the training range and are clipped" in note for note in data.notes
    )


def test_unknown_values_are_marked_and_change_no_other_value():
    values = ramp()
    gaps = values.copy()
    gaps[5, 1] = gaps[390, 0] = np.nan
    whole, data = (series(v, View(size=(10, 2))) for v in (values, gaps))
    assert whole.known is None
    assert (whole.items == data.items)[data.known].all()
    assert not data.known[5, 0, 0, 1]
    assert data.known[5, 0, 0, 0]
    assert whole.fingerprint != data.fingerprint


def test_a_later_series_is_seen_in_the_scale_of_an_earlier_one():
    first = series(ramp(), View(size=(10, 2)))
    again = series(ramp()[100:300] * 0 + ramp()[140], View(size=(10, 2)), scaling=first.scaling)
    assert again.scaling == first.scaling
    expected = round(140 / 279 * 255)
    assert (again.items == expected).all()
    with pytest.raises(BadInput, match="1 variables, expected 2 as in training"):
        series(ramp(600, 1), scaling=first.scaling)


def test_levels_are_evenly_spaced_in_batches():
    data = series(np.random.default_rng(0).random((300, 2)), View(size=(8, 2), levels=16))
    x = gather(data, np.arange(50), View(size=(8, 2), levels=16), 0) * 15
    assert (x - x.round()).abs().max() < 1e-5


def test_a_csv_has_names_comments_dates_and_gaps(tmp_path):
    (tmp_path / "a.csv").write_text("# note\nDate,load,wind\n2020-01-01,1.5,\n2020-01-02,NaN,-3e1\n")
    values, names = read_csv(tmp_path / "a.csv")
    assert names == ("load", "wind")
    np.testing.assert_array_equal(values, [[1.5, np.nan], [np.nan, -30]])
    (tmp_path / "b.csv").write_text("1,2\n3,4\n")
    values, names = read_csv(tmp_path / "b.csv")
    assert names == ("x0", "x1")
    np.testing.assert_array_equal(values, [[1, 2], [3, 4]])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n3\n", "row 3 has 1 cells, expected 2"),
        ("a,b\n1,2\n3,cold\n", "'cold' in row 3, column b, is no number"),
        ("", "no rows"),
    ],
)
def test_a_csv_that_is_no_series_is_refused(tmp_path, text, said):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(BadInput, match=said):
        read_csv(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("values", "view", "said"),
    [
        (ramp(60), View(), "60 steps split by time leave 9 for a split, less than a window of 64"),
        (ramp(), View(size=(20, 5)), "20 steps of 5 variables, the series has 2"),
        (np.full((400, 1), np.inf), View(), "step 0 has an infinite value"),
        (np.full((600, 1), np.nan), View(), "x0 has no known value in the train part"),
        (np.zeros((4, 4, 4)), View(), "a series is an array of numbers"),
        (ramp(), View(channels=3), "no --channels"),
    ],
)
def test_what_cannot_be_windows_is_refused_with_the_reason(values, view, said):
    with pytest.raises(BadInput, match=said):
        series(values, view)


def test_files_and_arrays_load_as_series_by_name(tmp_path):
    np.save(tmp_path / "x.npy", ramp(500))
    lines = [",".join(map(str, row)) for row in ramp(500)]
    (tmp_path / "x.csv").write_text("\n".join(["a,b", *lines]))
    by_array = load(f"series:{tmp_path / 'x.npy'}", View(size=(16, 2)))
    by_text = load(str(tmp_path / "x.csv"), View(size=(16, 2)))
    assert (by_array.items == by_text.items).all()
    assert load(str(tmp_path / "x.npy")).kind == "vectors"


def test_the_bundled_eeg_is_800_steps_of_four_electrodes():
    data = load("eeg", View(size=(32, 4)))
    assert data.shape == (1, 32, 4)
    assert {name: len(rows) for name, rows in data.splits.items()} == {"train": 529, "val": 89, "test": 89}
    assert data.scaling.names == ("PG3", "PG5", "PG7", "PG9")
