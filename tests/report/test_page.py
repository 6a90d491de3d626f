"""The page: alone, accessible, and made of what each model can do."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest
import tiny_runs

import genzoo
from genzoo.data import Dataset
from genzoo.errors import BadInput
from genzoo.evaluation import likelihood
from genzoo.models.taxonomy import TREE
from genzoo.report import build
from genzoo.report.members import open_members
from genzoo.report.page import render
from genzoo.report.table import COLUMNS, table

LINKS = {"src", "href", "xlink:href", "srcset", "action", "data", "poster", "background", "formaction"}


class Elements(HTMLParser):
    """Every start tag with its attributes."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def dataset():
    return tiny_runs.dataset()


@pytest.fixture(scope="module")
def runs():
    return tiny_runs.runs()


@pytest.fixture(scope="module")
def html():
    return tiny_runs.page().read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def elements(html):
    return Elements(html).found


def section(html, name):
    start = html.index(f'id="run-{name}"')
    return html[start : html.index("</section>", start)]


def test_nothing_on_the_page_points_outside_it(html, elements):
    links = [value for _, attrs in elements for name, value in attrs.items() if name in LINKS]
    assert len(links) > 20
    assert [link for link in links if not link.startswith(("data:", "#"))] == []
    assert [url for url in re.findall(r"url\(([^)]*)\)", html) if not url.startswith("#")] == []
    assert "@import" not in html
    assert not {"script", "iframe", "object", "embed", "base"} & {tag for tag, _ in elements}


def test_its_own_policy_forbids_every_request(elements):
    policy = next(a["content"] for t, a in elements if a.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy
    assert "http" not in policy


def test_every_picture_says_what_it_shows(elements):
    pictures = [attrs for tag, attrs in elements if tag == "img"]
    charts = [attrs for tag, attrs in elements if tag == "svg"]
    assert len(pictures) > 15
    assert len(charts) == 7  # four learning curves, two scatters, what the latents say
    assert all(len(p["alt"]) > 5 for p in pictures)
    assert all(len(c["aria-label"]) > 5 and c["role"] == "img" for c in charts)


def test_ids_are_unique_and_every_anchor_leads_somewhere(elements):
    ids = [attrs["id"] for _, attrs in elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    targets = {attrs["href"][1:] for tag, attrs in elements if tag == "a"}
    uses = {attrs["xlink:href"][1:] for _, attrs in elements if "xlink:href" in attrs}
    assert targets
    assert uses
    assert targets | uses <= set(ids)


def test_charts_take_their_colours_from_the_page(html):
    for svg in re.findall(r"<svg.*?</svg>", html, re.DOTALL):
        assert "var(--line)" in svg
        assert re.search(r"#0[1-5]0[1-5]0[1-5]", svg) is None


@pytest.mark.parametrize(
    ("name", "has", "lacks"),
    [
        ("autoencoder", {"Reconstructions"}, {"Samples", "Completions", "A walk"}),
        ("vae", {"Reconstructions", "Samples, and what"}, {"Completions", "A walk"}),
        ("pixelcnn", {"Samples", "Completions"}, {"Reconstructions", "A walk"}),
        ("gan", {"Samples", "A walk", "how often the critic is right"}, {"Reconstructions", "Completions"}),
    ],
)
def test_a_section_shows_what_its_model_can_do_and_no_more(html, name, has, lacks):
    text = section(html, name)
    assert "Learning curves" in text
    assert "As it learned" in text
    assert [title for title in has if title not in text] == []
    assert [title for title in lacks if f"<h3>{title}" in text] == []


def test_two_dimensional_codes_stand_side_by_side(html):
    text = html[html.index('id="latents"') :]
    assert text.count("class, coloured by class") + text.count("coloured by class (") == 2
    assert text.count("standard deviations of the prior") == 1  # the autoencoder has none
    assert "equal shares of the prior" in text
    assert "equal steps over the range" in text


def test_the_whole_tree_is_shown_with_the_models_at_their_places(html):
    text = html[html.index('class="tree"') : html.index('id="numbers"')]
    assert text.count("<li") == len(TREE)
    for title, model in (
        ("Fully visible belief nets", "PixelCNN"),
        ("Variational", "Variational autoencoder"),
    ):
        node = text[text.index(f"<b>{title}</b>") :]
        assert model in node[: node.index("</li>")]


def test_exact_values_and_bounds_never_share_a_column(runs, dataset):
    lines = {line.member.entry.name: line.cells for line in table(open_members(list(runs.values()), dataset))}
    exact, bound = (
        next(i for i, (title, _) in enumerate(COLUMNS) if word in title) for word in ("exact", "bound")
    )
    assert lines["pixelcnn"][exact].text.startswith("−")
    assert lines["pixelcnn"][bound].text == "–"
    assert lines["vae"][exact].text == "–"
    assert lines["vae"][bound].text.startswith("≥ −")
    assert lines["vae"][bound].below.startswith("≤ ")
    for name in ("gan", "autoencoder"):
        assert lines[name][exact].text == lines[name][bound].text == "–"


def test_the_numbers_are_those_of_evaluate(runs, dataset, html):
    member = open_members([runs["pixelcnn"]], dataset)[0]
    nats = likelihood(member.model, dataset, view=member.view)[0]
    assert str(nats).replace("-", "−") in html


def test_a_run_on_vectors_has_a_report_without_pictures(tmp_path):
    rng = np.random.default_rng(0)
    splits = {"train": np.arange(40), "val": np.arange(40, 50), "test": np.arange(50, 60)}
    points = Dataset("points", "vectors", rng.normal(size=(60, 3)).astype(np.float32), splits)
    arguments = {"latent": 2, "hidden": (8,), "likelihood": "gaussian"}
    genzoo.train("vae", points, out=tmp_path / "run", images=160, batch=16, quiet=True, **arguments)
    text = build([tmp_path / "run"], points, tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<img" not in text
    assert "nats (density)" in text
    assert "standard deviations of the prior" in text


def test_a_title_is_text_and_never_markup(runs, dataset):
    text = render(open_members([runs["vae"]], dataset), title="<b>5 & 6</b>")
    assert "<h1>&lt;b&gt;5 &amp; 6&lt;/b&gt;</h1>" in text


def test_no_run_at_all_is_bad_input(tmp_path):
    with pytest.raises(BadInput, match="at least one run"):
        build([], out=tmp_path / "report.html")


def test_a_folder_that_is_no_run_is_bad_input_and_nothing_is_written(tmp_path):
    with pytest.raises(BadInput, match="no saved model here"):
        build([tmp_path], out=tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


def test_data_of_another_shape_is_bad_input(runs, dataset, tmp_path):
    other = Dataset("other", "images", np.zeros((9, 1, 6, 6), np.uint8), dict(dataset.splits))
    with pytest.raises(BadInput, match=r"shape \(1, 8, 8\), other has \(1, 6, 6\)"):
        build([runs["vae"]], other, tmp_path / "report.html")


def test_without_the_extra_the_remedy_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(BadInput, match=r"pip install 'genzoo\[report\]'"):
        build(["run"], out=tmp_path / "report.html")
