import sys

import pytest

import channels
from channels import registry

DOOR = """
from channels.contract import Channel


class Base(Channel):
    kind = "other"


class Pigeon(Base):
    kind = "pigeon"
"""


@pytest.fixture
def pigeon(tmp_path, monkeypatch):
    (tmp_path / "pigeon.py").write_text(DOOR)
    (tmp_path / "empty.py").write_text("")
    monkeypatch.setattr(channels, "__path__", [*channels.__path__, str(tmp_path)])
    yield
    sys.modules.pop("channels.pigeon", None)
    sys.modules.pop("channels.empty", None)


@pytest.mark.usefixtures("pigeon")
def test_a_file_dropped_into_the_package_is_a_door():
    assert "pigeon" in registry.kinds()
    assert registry.channel("pigeon").__name__ == "Pigeon"


@pytest.mark.usefixtures("pigeon")
def test_looking_for_doors_imports_none():
    registry.kinds()
    assert "channels.pigeon" not in sys.modules


def test_the_installed_packages_are_looked_through_once(monkeypatch):
    known = registry.kinds()
    monkeypatch.setattr(registry, "entry_points", None)
    monkeypatch.setattr(registry.pkgutil, "iter_modules", None)
    assert registry.kinds() == known


@pytest.mark.usefixtures("pigeon")
def test_a_file_without_a_door_is_refused_by_name():
    with pytest.raises(KeyError, match="defines no Channel"):
        registry.channel("empty")


def test_an_unknown_kind_is_told_what_there_is():
    with pytest.raises(KeyError, match=r"email.*webform"):
        registry.channel("telegraph")


def test_the_rooms_of_the_package_are_no_doors():
    assert not {"contract", "registry"} & set(registry.kinds())
