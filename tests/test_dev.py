"""How a checkout is installed: wherever it lies, and whatever became of it since."""

import importlib.util
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def dev(monkeypatch):
    """scripts/dev.py of a checkout in a folder."""
    spec = importlib.util.spec_from_file_location("dev", ROOT / "scripts" / "dev.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def at(folder):
        monkeypatch.setattr(module, "ROOT", folder)
        monkeypatch.setattr(module, "HOME", folder / ".venv")
        monkeypatch.setattr(module, "BIN", folder / ".venv" / "bin")
        monkeypatch.setattr(module, "PYTHON", folder / ".venv" / "bin" / "python")
        return module

    return at


def _checkout(folder):
    """A program that says what it was asked."""
    (folder / "router").mkdir(parents=True)
    (folder / "router" / "cli.py").write_text("import sys\ndef main(): print(sys.argv[1:])\n")
    for name in ("requirements.txt", "pyproject.toml"):
        (folder / name).write_text(name)
    venv.create(folder / ".venv")


def _said(folder):
    words = [folder / ".venv" / "bin" / "router", "a b", "$c"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def test_the_command_works_in_a_folder_with_a_blank_and_after_it_was_moved(dev, tmp_path):
    old, new = tmp_path / "我的 desk's $folder", tmp_path / "moved"
    _checkout(old)
    dev(old)._link()
    assert _said(old) == "['a b', '$c']"
    old.rename(new)
    moved = dev(new)
    (new / ".venv" / ".installed").write_text(moved._wanted(new / "requirements.txt"))
    assert moved.install(dev=False) == 0
    assert _said(new) == "['a b', '$c']"


def test_an_environment_whose_python_is_gone_is_made_anew(dev, tmp_path, monkeypatch):
    module = dev(tmp_path)
    module.BIN.mkdir(parents=True)
    module.PYTHON.symlink_to(tmp_path / "a Python that was taken away")
    called = []

    def call(*words, **_):
        called.append((words[1], module.HOME.exists()))
        return 0

    monkeypatch.setattr(module, "call", call)
    assert module._with_uv("uv", tmp_path / "requirements.txt") == 0
    assert called == [("venv", False), ("pip", False)]


@pytest.mark.parametrize("fault", [KeyboardInterrupt(), PermissionError(13, "no", "/x")])
def test_what_stops_an_installation_is_told_in_one_line(dev, tmp_path, monkeypatch, capsys, fault):
    module = dev(tmp_path)

    def stopped(*_, **__):
        raise fault

    monkeypatch.setattr(module, "install", stopped)
    monkeypatch.setattr(sys, "argv", ["dev.py", "run"])
    assert module.main() in (2, 130)
    assert capsys.readouterr().err.strip() in ("stopped; run it again to go on", "/x: no")
