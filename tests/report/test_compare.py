"""A comparison of one tiny run of each family: numbers apart by kind, the same images, reasons."""

import json
import re
import sys
from html.parser import HTMLParser

import pytest
from tiny_runs import PROTOCOL, comparison, comparison_page, dataset, runs

import genzoo
from genzoo.errors import BadInput
from genzoo.evaluation.protocol import GROUPS
from genzoo.report.columns import column_of
from genzoo.report.compare import compare


def page():
    return comparison_page().read_text(encoding="utf-8")


def test_every_family_reports_what_it_can():
    quantities = {e.member.entry.name: {r.quantity for r in e.results} for e in comparison().entrants}
    assert "log_prob" in quantities["pixelcnn"]
    assert quantities["vae"] >= {"elbo", "iwae", "fid", "probe_accuracy"}
    assert quantities["gan"] >= {"fid", "kid", "precision", "recall", "probe_accuracy"}
    assert "elbo" not in quantities["gan"]
    assert "fid" not in quantities["autoencoder"]


def test_exact_values_bounds_and_errors_never_share_a_column():
    for column in comparison().columns:
        kinds = {r.kind for e in comparison().entrants for r in e.results if column_of(r) == column}
        assert len(kinds) == 1


def test_samples_of_grey_and_binary_models_are_compared_through_one_view():
    assert comparison().through.binarize == "threshold"
    protocols = {r.protocol for e in comparison().entrants for r in e.results if r.quantity == "fid"}
    assert len(protocols) == 1
    assert "threshold binarization" in next(iter(protocols))


def test_a_second_comparison_measures_nothing_and_says_the_same(monkeypatch):
    def refuse(*_):
        raise AssertionError("measured again")

    monkeypatch.setattr(sys.modules["genzoo.evaluation.evaluate"], "MEASURES", dict.fromkeys(GROUPS, refuse))
    again = compare(list(runs().values()), dataset(), protocol=PROTOCOL, features="random-conv")
    assert again.to_json() == comparison().to_json()


def test_the_numbers_are_json_with_what_each_family_cannot_report():
    said = json.loads(json.dumps(comparison().to_json()))
    gan = next(run for run in said["runs"] if run["model"] == "gan")
    assert [lack["what"] for lack in gan["cannot"]][:2] == ["exact log p(x)", "lower bound of log p(x)"]
    assert all(result["protocol"] for run in said["runs"] for result in run["results"])


class Checker(HTMLParser):
    """Collects tags, and what is open at the end."""

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_and_asks_for_nothing_outside_itself():
    checker = Checker()
    checker.feed(page())
    assert not checker.open
    sources = [a["src"] for tag, a in checker.seen if tag == "img"]
    assert sources
    assert all(source.startswith("data:") for source in sources)
    assert not re.search(r"https?://(?!www\.w3\.org)", page().replace("arXiv", ""))
    ids = [a["id"] for _, a in checker.seen if "id" in a]
    assert len(ids) == len(set(ids))


def test_the_page_shows_every_number_with_its_error_and_every_missing_one_with_its_reason():
    for e in comparison().entrants:
        for result in (r for r in e.results if r.unit not in ("bits/dim", "per dimension")):
            value, _, error = str(result).removeprefix("≈ ").replace("-", "−").partition(" ± ")
            assert f">{value}<" in page()
            assert not error or f">± {error}<" in page()
    assert "p(x) is never written down" in re.sub("<[^>]+>", "", page())
    assert "Reconstructions of the same images" in page()
    assert "nearest training images" in page()
    assert "Quality against cost" in page()


def test_runs_that_differ_in_their_seed_alone_share_a_line(tmp_path):
    said = {"images": 64, "batch": 16, "quiet": True, "code": 2, "hidden": (8,)}
    folders = [tmp_path / f"ae-{seed}" for seed in (0, 1)]
    for seed, folder in enumerate(folders):
        genzoo.train("autoencoder", dataset(), out=folder, seed=seed, **said)
    together = compare(folders, dataset(), protocol=PROTOCOL, groups=["likelihood"])
    (line,) = together.entrants
    assert line.name == "ae-0 and 1 other seeds"
    errors = [compare([f], dataset(), protocol=PROTOCOL, groups=["likelihood"]) for f in folders]
    values = [one.entrants[0].results[0].value for one in errors]
    assert line.results[0].value == pytest.approx(sum(values) / 2)
    assert "2 seeds" in line.results[0].protocol


def test_runs_of_other_shapes_or_data_are_not_compared(tmp_path):
    from tiny_runs import bars

    said = {"images": 32, "batch": 16, "quiet": True, "code": 2, "hidden": (8,)}
    genzoo.train("autoencoder", bars(side=6), out=tmp_path / "small", **said)
    with pytest.raises(BadInput, match="shape"):
        compare([runs()["vae"], tmp_path / "small"], dataset(), protocol=PROTOCOL)
