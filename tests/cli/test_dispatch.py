import subprocess
import sys

import pytest

from genzoo import __version__
from genzoo.cli import dispatch, main
from genzoo.cli.parse import parse
from genzoo.cli.verbs import VERBS, Verb
from genzoo.errors import BadInput


def python(*words):
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=60, check=False)


def test_help_imports_neither_torch_nor_numpy():
    code = (
        "import sys; from genzoo.cli import main; main(['--help']); "
        "sys.exit(any(name in sys.modules for name in ('torch', 'numpy', 'PIL')))"
    )
    done = python("-c", code)
    assert done.returncode == 0, done.stderr
    assert all(verb in done.stdout for verb in VERBS)


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in ("train", "data", "demo")])
def test_the_help_of_a_verb_imports_no_torch(verb):
    code = (
        f"import sys; from genzoo.cli import main; code = main([{verb!r}, '--help']); "
        "sys.exit(code or 'torch' in sys.modules)"
    )
    done = python("-c", code)
    assert done.returncode == 0, done.stderr
    assert f"genzoo {verb}" in done.stdout


def test_the_version_is_printed(genzoo):
    assert genzoo("--version") == (0, f"genzoo {__version__}\n", "")


def test_no_command_shows_the_help_and_is_no_success(genzoo):
    code, out, _ = genzoo()
    assert code == 2
    assert "usage: genzoo VERB" in out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["smaple"], "no command is called 'smaple'; did you mean 'sample'?"),
        (["--helo"], "no option is called '--helo'"),
        (["sample"], "sample needs RUN and --out;"),
        (["sample", "r"], "sample needs --out;"),
        (["sample", "r", "--ouput", "x"], "sample has no option --ouput; did you mean '--out'?"),
        (["sample", "r", "--out", "x", "-n", "ten"], "-n/--n: expected a whole number, got 'ten';"),
        (["sample", "r", "s", "--out", "x"], "sample does not understand 's';"),
        (["sample", "r", "--out"], "sample: "),
        (["models", "--markdwn"], "did you mean '--markdown'?"),
        (["complete", "r", "--temperature", "hot", "--out", "x"], "expected a number, got 'hot'"),
        (
            ["train", "gan-mnist", "--judge", "me"],
            "argument '--judge'. Expected one of ('classifier', 'none', 'random-conv')",
        ),
    ],
)
def test_words_that_fit_nothing_are_refused_in_one_line(genzoo, words, says):
    code, out, err = genzoo(*words)
    assert code == 2
    assert out == ""
    assert err.startswith("genzoo: error: ")
    assert err.count("\n") == 1
    assert says in err
    assert "None" not in err


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (BadInput("no\nsuch thing"), 2, "genzoo: error: no such thing\n"),
        (BadInput("no :x: at [red]"), 2, "genzoo: error: no :x: at [red]\n"),
        (KeyboardInterrupt(), 130, "genzoo: interrupted\n"),
        (FloatingPointError("log_prob is not finite"), 1, "genzoo: error: log_prob is not finite\n"),
        (PermissionError(13, "Permission denied", "x.png"), 1, "Permission denied"),
    ],
)
def test_what_goes_wrong_is_one_line_and_an_exit_code(genzoo, monkeypatch, error, code, says):
    def fails(words):
        raise error

    monkeypatch.setattr(dispatch, "run", fails)
    found, out, err = genzoo("models")
    assert (found, out) == (code, "")
    assert says in err
    assert "None" not in err
    assert err.count("\n") == 1


def test_a_mistake_of_ours_is_not_hidden(monkeypatch):
    def fails(words):
        raise TypeError("ours")

    monkeypatch.setattr(dispatch, "run", fails)
    with pytest.raises(TypeError):
        main(["models"])


def test_a_reader_that_closes_the_pipe_ends_it_quietly():
    words = [sys.executable, "-m", "genzoo", "--help"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()
        said = process.stderr.read()
    assert "Traceback" not in said
    assert process.returncode == 1


def test_words_become_typed_arguments():
    seen = {}

    def command(run: str, /, *, n: int = 3, name: str | None = None, loud: bool = False) -> None:
        seen.update(run=run, n=n, name=name, loud=loud)

    parse(command, ["a", "--n", "5", "--loud"], verb="toy")()
    assert seen == {"run": "a", "n": 5, "name": None, "loud": True}


def test_a_verb_is_possible_with_all_of_one_set_of_capabilities():
    verb = Verb("x", "", (frozenset({"a", "b"}), frozenset({"c"})))
    assert verb.possible(["b", "a", "d"])
    assert verb.possible(["c"])
    assert not verb.possible(["a"])
    assert VERBS["info"].possible([])
