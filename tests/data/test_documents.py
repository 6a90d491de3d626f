"""Documents as word probabilities."""

import numpy as np
import pytest

from genzoo.data.documents import (
    PACKAGES,
    SHORTEST,
    TOPICS,
    counted,
    docstrings,
    of_source,
    remembered,
    stems,
    vocabulary,
)
from genzoo.errors import BadInput

SUBJECTS = {"networkx": "node edge path", "skimage": "pixel image filter", "pandas": "column row index"}


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Packages of a few functions whose docstrings are words of their subject."""
    monkeypatch.setenv("GENZOO_CACHE", str(tmp_path / "cache"))
    rng = np.random.default_rng(0)
    for topic, places in TOPICS.items():
        words = np.array([*SUBJECTS.get(places[0], topic).split(), "value", "number", "function"])
        for place in places:
            file = tmp_path / place / "code.py"
            file.parent.mkdir(parents=True, exist_ok=True)
            texts = (" ".join(rng.choice(words, 30)) for _ in range(40))
            file.write_text("".join(f'def f{i}():\n    """{text}"""\n' for i, text in enumerate(texts)))
            aside = file.parent / "tests" / "test_code.py"
            aside.parent.mkdir(exist_ok=True)
            aside.write_text('"""' + "never " * 40 + '"""')
    return {package: tmp_path / package for package in PACKAGES}


def test_items_are_word_probabilities_with_the_topic_as_class(folders):
    data = docstrings(folders)
    assert data.classes == tuple(TOPICS)
    assert len(data) == 40 * sum(len(places) for places in TOPICS.values())
    np.testing.assert_allclose(data.items.sum(1), 1, rtol=1e-6)
    assert data.items.min() >= 0
    assert data.names[0] == "networkx/code.py:f0"
    assert np.bincount(data.labels).tolist() == [40 * len(places) for places in TOPICS.values()]


def test_the_splits_are_disjoint_cover_all_and_have_the_stated_shares(folders):
    data = docstrings(folders)
    parts = [data.split(name) for name in ("train", "val", "test")]
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(data)))
    n = len(data)
    for part, share in zip(parts, (0.75, 0.05, 0.2), strict=True):
        assert abs(len(part) / n - share) < 4 * (share * (1 - share) / n) ** 0.5


def test_it_is_always_the_same_set_read_from_the_sources_or_from_the_cache(folders, tmp_path):
    first = docstrings(folders)
    (kept,) = (tmp_path / "cache" / "documents").iterdir()
    again = docstrings(folders)
    assert again.fingerprint == first.fingerprint
    kept.unlink()
    assert docstrings(folders).fingerprint == first.fingerprint


def test_a_changed_package_is_another_set(folders):
    before = docstrings(folders)
    file = folders["pandas"] / "code.py"
    file.write_text(file.read_text().replace("column", "row"))
    assert docstrings(folders).fingerprint != before.fingerprint


def test_tests_of_packages_are_no_documents(folders):
    assert not any("tests/" in document.name for document in remembered(folders))


def test_a_source_gives_the_texts_of_module_class_method_and_function_without_running_it():
    source = b'''"""Module words."""
raise SystemExit
class Tree:
    """Class words."""
    def grow(self):
        """Method words."""
        def inner():
            """Not seen."""
def plant(): "Function words."
'''
    found = {d.name: d.stems for d in of_source(source, "a/b.py", "graphs")}
    assert found == {
        "a/b.py": ("module", "word"),
        "a/b.py:Tree": ("class", "word"),
        "a/b.py:Tree:grow": ("method", "word"),
        "a/b.py:plant": ("function", "word"),
    }


def test_examples_references_and_package_names_are_left_out():
    text = """Draws graphs with networkx.

    Examples
    --------
    >>> forbidden
    """
    assert stems(text) == ["draw", "graph"]
    assert stems("Fast.\n\nReferences\n----------\nSomebody") == ["fast"]


def test_the_vocabulary_is_by_frequency_then_alphabet_and_counts_are_of_it():
    assert vocabulary([["b", "a", "c"], ["c", "b"]]) == ["b", "c", "a"]
    counts = counted([["b", "x", "b"], ["a"]], ["b", "c", "a"])
    assert counts.tolist() == [[2, 0, 0], [0, 0, 1]]


def test_packages_without_texts_are_refused(folders):
    for folder in folders.values():
        for file in folder.rglob("*.py"):
            file.write_text(f'"""{"word " * (SHORTEST - 1)}"""')
    with pytest.raises(BadInput, match="sources removed"):
        docstrings(folders)
