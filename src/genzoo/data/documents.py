"""Documents as word probabilities: the docstrings of scientific packages, their topic as the class."""

import ast
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genzoo.data import splits
from genzoo.data.arrays import assemble
from genzoo.data.dataset import Dataset
from genzoo.data.view import View
from genzoo.errors import BadInput
from genzoo.files import cache_folder, read_json, write_json

TOPICS = {
    "graphs": ("networkx",),
    "images": ("skimage",),
    "learning": ("sklearn",),
    "linear algebra": ("scipy/linalg", "scipy/sparse"),
    "optimisation": ("scipy/optimize",),
    "signals": ("scipy/signal",),
    "statistics": ("scipy/stats",),
    "tables": ("pandas",),
}  # topic → packages, or parts of them
PACKAGES = ("networkx", "skimage", "sklearn", "scipy", "pandas")
WORDS = 2000  # of the vocabulary
SHORTEST = 20  # words of the vocabulary in a document
_FORMAT = 1  # of what the cache holds: raised when stems are made otherwise
VAL, TEST = 0.05, 0.20  # shares of the documents
_ASIDE = {"tests", "testing", "externals", "_vendored", "_build_utils", "_array_api_compat_vendor"}
_REST = re.compile(
    r"\n\s*(Examples?|References|See Also)\s*\n\s*-{3,}"
)  # code, citations, names of functions
_NAMES = {*PACKAGES, "scikit", "numpy", "nx", "pd", "np", "plt", "df", "dataframe", "ndarray"}
_FUNCTION = """
a about above after again all also am an and any are as at be been before being below between both but by
can could did do does doing down during each either else etc few for from further get given had has have
having he her here how however i if in instead into is it its itself just let may me might more most must
my neither no nor not now of off on once one only or other otherwise our out over own per rather same
several shall she should since so some such than that the their them then there these they this those
through thus to too two under until up upon us use used uses using very via was we well were what when
where whether which while who whose why will with within without would you your
"""  # English words that say nothing of a topic


@dataclass(frozen=True)
class Document:
    """A text as its word stems.

    Args:
        name: where it is: the file and the function or class.
        topic: of its package.
        stems: in the order of the text.
    """

    name: str
    topic: str
    stems: tuple[str, ...]


def docstrings(folders: Mapping[str, Path]) -> Dataset:
    """Docstrings of installed packages as probabilities of their 2,000 most frequent word stems.

    The texts are parsed, never executed. Up to their examples and references; without the words that name
    packages, function words, repeated texts, and texts of fewer than 20 words of the vocabulary. A hash of a
    text's place puts it into the training split, val (5%) or test (20%); the vocabulary is the training
    split's. What the packages' versions say differently shows in the fingerprint.

    Args:
        folders: of `PACKAGES`, by name.
    """
    found = remembered(folders)
    words = vocabulary([d.stems for d in found if splits.place(d.name) >= VAL + TEST])
    counts = counted([d.stems for d in found], words)
    kept = counts.sum(1) >= SHORTEST
    if not kept.any():
        raise BadInput("docstrings: the installed packages have none; were their sources removed?")
    counts, documents = counts[kept], [d for d, keep in zip(found, kept, strict=True) if keep]
    at, topics = np.array([splits.place(d.name) for d in documents]), list(TOPICS)
    parts = {"test": at < TEST, "val": (at >= TEST) & (at < VAL + TEST), "train": at >= VAL + TEST}
    return assemble(
        "docstrings",
        {
            "items": (counts / counts.sum(1, keepdims=True)).astype(np.float32),
            "labels": np.array([topics.index(document.topic) for document in documents]),
        },
        {name: np.flatnonzero(part) for name, part in parts.items()},
        View(),
        classes=tuple(topics),
        names=tuple(document.name for document in documents),
        notes=(f"docstrings of the installed {', '.join(folders)}: other versions, other texts",),
    )


def remembered(folders: Mapping[str, Path]) -> list[Document]:
    """The different documents: parsed once, then kept in the cache until a file changes."""
    files = sources(folders)
    stamps = [(topic, name, path.stat().st_size, path.stat().st_mtime_ns) for topic, name, path in files]
    key = hashlib.blake2b(repr((_FORMAT, stamps)).encode(), digest_size=16).hexdigest()
    kept = cache_folder("documents") / f"{key}.json"
    if not kept.is_file():
        texts = (d for topic, name, path in files for d in of_source(path.read_bytes(), name, topic))
        write_json(kept, [(d.name, d.topic, " ".join(d.stems)) for d in _different(texts)])
    return [Document(name, topic, tuple(text.split())) for name, topic, text in read_json(kept)]


def sources(folders: Mapping[str, Path]) -> list[tuple[str, str, Path]]:
    """Topic, name and path of every source file; tests and other packages' code inside are left out."""
    found = []
    for topic, places in TOPICS.items():
        for package, _, part in (place.partition("/") for place in places):
            folder = folders[package]
            for path in sorted((folder / part).rglob("*.py")):
                name = path.relative_to(folder.parent).as_posix()
                if not _ASIDE & set(name.split("/")):
                    found.append((topic, name, path))
    return found


def of_source(source: bytes, file: str, topic: str) -> Iterator[Document]:
    """The docstrings of a module, its classes, their methods and its functions."""
    inside: list[tuple[str, ast.AST]] = [(file, ast.parse(source))]
    for name, node in inside:
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            continue
        if text := ast.get_docstring(node, clean=False):
            yield Document(name, topic, tuple(stems(text)))
        if not isinstance(node, ast.FunctionDef):
            inside += [(f"{name}:{getattr(below, 'name', '')}", below) for below in node.body]


def stems(text: str) -> list[str]:
    """The words of three letters and more up to the examples, in small letters, without their plural.

    >>> stems("Fits the trees, NumPy arrays and matrices of a Forest.")
    ['fit', 'tree', 'array', 'matrice', 'forest']
    """
    words = re.findall(r"[a-z]{3,}", _REST.split(text)[0].lower())
    return [singular(word) for word in words if word not in _LEFT_OUT]


def singular(word: str) -> str:
    """A word without the ending of a plural.

    Reference: Harman, 1991, "How effective is suffixing?", JASIS 42, the S stemmer.

    >>> [singular(word) for word in ("queries", "nodes", "goes", "values", "bias", "class", "radius")]
    ['query', 'node', 'goe', 'value', 'bia', 'class', 'radius']
    """
    if word.endswith("ies") and word[-4:-3] not in ("e", "a"):
        return word[:-3] + "y"
    if word.endswith("es") and word[-3:-2] not in ("a", "e", "o"):
        return word[:-1]
    return word[:-1] if word.endswith("s") and word[-2:-1] not in ("u", "s") else word


def vocabulary(texts: Sequence[Sequence[str]]) -> list[str]:
    """The most frequent stems of texts, at most 2,000; those as frequent by the alphabet."""
    counts = Counter(word for text in texts for word in text)
    return sorted(counts, key=lambda word: (-counts[word], word))[:WORDS]


def counted(texts: Sequence[Sequence[str]], words: Sequence[str]) -> NDArray[np.int64]:
    """How often each of `words` is in each text, shape (texts, words)."""
    number = {word: i for i, word in enumerate(words)}
    counts = np.zeros((len(texts), len(words)), np.int64)
    for row, text in zip(counts, texts, strict=True):
        for word in text:
            if word in number:
                row[number[word]] += 1
    return counts


def _different(documents: Iterable[Document]) -> Iterator[Document]:
    """Without those whose words another has had."""
    seen = set()
    for document in documents:
        if document.stems not in seen:
            seen.add(document.stems)
            yield document


_LEFT_OUT = {*_FUNCTION.split(), *_NAMES, "dataframes", "ndarrays"}
