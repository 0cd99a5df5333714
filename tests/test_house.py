"""The house's budgets: small rooms, one way to do a thing, nothing that does not belong here."""

import ast
import re
import subprocess
import tomllib
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("router", "channels", "rules")
LONGEST_MODULE = 400
LONGEST_FUNCTION = 50
LARGEST_ROOM = 85
#: Schemas are lists: they are read by column, not from top to bottom.
LISTS = (
    "router/store/tables.py",
    "router/store/migrations/versions/0001_the_desk.py",
    "router/store/migrations/versions/0002_triage_in_depth.py",
    "router/store/migrations/versions/0003_promises_kept.py",
    "router/store/migrations/versions/0005_every_door.py",
)
#: Where importing inside a function is the point.
LATE_IMPORTS = ("router/cli.py", "router/terminal/commands.py")
#: Where anything may be caught, because it is parked, shown or told there.
CATCH_ALL = {
    "channels/email/signatures.py": "whatever a mail holds: not verified, told in the log",
    "router/deliver.py": "each kind of failure has its place on the ticket",
    "router/fetching.py": "counted as a try of that file, told in the log",
    "router/notify.py": "counted as a try of that notice, told in the log",
    "router/pipeline.py": "parked with its traceback, as a visible ticket",
    "router/sweeps.py": "told in the log and in the health table",
    "router/webhooks.py": "counted as a try of that call, told in the log and by an alarm",
    "router/worker.py": "told in the log and in the health table",
    "router/store/database.py": "handed to whoever waits for the job",
}
#: What a machine has learnt from our own text is larger than what people write.
LEARNT = ("rules/reader.npz",)
VENDORS = ("imapclient", "tweepy", "wechatpy", "apscheduler")
BAD_NAMES = re.compile(r"(^|_)(utils?|helpers?|misc|managers?|common)(_|\.|$)")


def _modules():
    return sorted(path for name in PACKAGES for path in (ROOT / name).rglob("*.py"))


def _name(path):
    return path.relative_to(ROOT).as_posix()


@pytest.fixture(scope="module")
def trees():
    return {_name(path): ast.parse(path.read_text("utf-8")) for path in _modules()}


@pytest.fixture(scope="module")
def tracked():
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()]


def test_no_module_is_longer_than_one_can_hold_in_mind():
    long = {
        _name(path): lines
        for path in _modules()
        if (lines := len(path.read_text("utf-8").splitlines())) > LONGEST_MODULE
        and _name(path) not in LISTS
    }
    assert long == {}


def test_no_room_holds_more_modules_than_one_can_find_a_way_in(trees):
    rooms = Counter(Path(name).parent.as_posix() for name in trees)
    assert {room: held for room, held in rooms.items() if held > LARGEST_ROOM} == {}


def test_no_function_is_longer_than_a_screen(trees):
    long = {
        f"{name}:{node.name}": node.end_lineno - node.lineno + 1
        for name, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION
        and name not in LISTS
    }
    assert long == {}


def test_every_module_says_what_it_is_for(trees):
    silent = [
        name
        for name, tree in trees.items()
        if not ast.get_docstring(tree) and "/migrations/" not in name
    ]
    assert silent == []


def test_nothing_is_imported_inside_a_function(trees):
    late = [
        f"{name}:{inner.lineno}"
        for name, tree in trees.items()
        if name not in LATE_IMPORTS
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]
    assert late == []


def test_everything_is_caught_only_where_somebody_is_told(trees):
    blind = [
        f"{name}:{node.lineno}"
        for name, tree in trees.items()
        if name not in CATCH_ALL
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in ("Exception", "BaseException"))
        and not _only_tidies(node)
    ]
    assert blind == []


def _only_tidies(handler):
    """Whether what was caught goes on as it came, once something is let go of."""
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def test_an_untyped_vendor_library_has_one_file_of_ours(trees):
    users = {vendor: set() for vendor in VENDORS}
    for name, tree in trees.items():
        for node in tree.body:  # nothing is imported further down: there is a test for it
            if isinstance(node, ast.Import):
                taken = [one.name for one in node.names]
            elif isinstance(node, ast.ImportFrom):
                taken = [node.module or ""]
            else:
                continue
            for module in taken:
                users.get(module.split(".")[0], set()).add(name)
    assert {vendor: files for vendor, files in users.items() if len(files) > 1} == {}


def test_sql_is_spoken_in_the_store_only(trees):
    speaks = re.compile(r"^\s*(SELECT .* FROM|INSERT INTO|UPDATE \w+ SET|DELETE FROM) ", re.DOTALL)
    elsewhere = [
        f"{name}:{node.lineno}"
        for name, tree in trees.items()
        if not name.startswith("router/store/")
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and speaks.match(node.value)
    ]
    assert elsewhere == []


def test_names_are_words_of_the_trade(trees):
    bad = [name for name in trees if BAD_NAMES.search(Path(name).stem)]
    bad += [
        f"{name}:{node.name}"
        for name, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and node.name.endswith(("Manager", "Helper", "Util"))
    ]
    assert bad == []


def test_no_test_pretends(tracked):
    pretending = [
        _name(path)
        for path in tracked
        if path.suffix == ".py"
        and path.name != "test_house.py"
        and re.search(r"unittest\.mock|MagicMock|time\.sleep\(", path.read_text("utf-8"))
    ]
    assert pretending == []


def test_every_dependency_has_its_reason():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = {
        re.match(r"[A-Za-z0-9_.-]+", one)[0].lower()
        for group in [project["dependencies"], *project["optional-dependencies"].values()]
        for one in group
    }
    page = (ROOT / "docs" / "dependencies.md").read_text("utf-8")
    listed = {name.lower() for name in re.findall(r"^\| `([^`]+)`", page, re.MULTILINE)}
    assert listed == wanted


def test_the_locks_name_no_host():
    for name in ("requirements.txt", "requirements-dev.txt"):
        assert "://" not in (ROOT / name).read_text("utf-8")


def test_the_repository_holds_no_large_or_foreign_file(tracked):
    large = [
        _name(path)
        for path in tracked
        if path.stat().st_size > (4_000_000 if _name(path) in LEARNT else 600_000)
    ]
    assert large == []


def test_both_languages_say_the_same_things():
    folder = ROOT / "router" / "web" / "translations"
    if not folder.exists():
        pytest.skip("there are no pages yet")
    for path in sorted((folder / "zh").glob("*.toml")):
        chinese = _keys(tomllib.loads(path.read_text("utf-8")))
        english = _keys(tomllib.loads((folder / "en" / path.name).read_text("utf-8")))
        assert chinese == english, path.name
    assert {one.name for one in (folder / "zh").iterdir()} == {
        one.name for one in (folder / "en").iterdir()
    }


def _keys(table, above=""):
    found = set()
    for key, value in table.items():
        if isinstance(value, dict):
            found |= _keys(value, f"{above}{key}.")
        else:
            found.add(f"{above}{key}")
    return found


def test_config_toml_is_the_reference_of_every_setting():
    from router.terminal import reference

    assert (ROOT / "config.toml").read_text("utf-8") == reference.render()


def test_the_shipped_settings_are_valid_and_change_nothing():
    from router.configuration import load
    from router.settings import Settings

    assert load(ROOT / "config.toml", {}).model_dump() == Settings().model_dump()


def test_no_file_holds_the_marks_of_a_merge(tracked):
    marked = [
        _name(path)
        for path in tracked
        if path.suffix in (".py", ".toml", ".html", ".css", ".js", ".md")
        and re.search(r"^(<{7}|>{7}) ", path.read_text("utf-8"), re.MULTILINE)
    ]
    assert marked == []
