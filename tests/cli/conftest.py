import pytest
from run_fakes import ClassRun, CodeRun, UniformRun, save_images, save_run


@pytest.fixture(autouse=True)
def _own_folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GENZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture
def data(tmp_path):
    return save_images(tmp_path / "toy.npz")


@pytest.fixture
def uniform_run(tmp_path, data):
    return save_run(tmp_path / "uniform", UniformRun((1, 4, 4), levels=256), data=data)


@pytest.fixture
def code_run(tmp_path, data):
    return save_run(tmp_path / "code", CodeRun((1, 4, 4)), data=data)


@pytest.fixture
def class_run(tmp_path, data):
    return save_run(tmp_path / "class", ClassRun((1, 4, 4)), data=data, classes=("even", "odd"))


@pytest.fixture
def genzoo(capfd):
    """Runs a command; gives its exit code, standard output and standard error."""
    from genzoo.cli import main

    def run(*words):
        code = main([str(word) for word in words])
        said = capfd.readouterr()
        return code, said.out, said.err

    return run
