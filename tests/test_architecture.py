"""The house rules that tools can check, checked."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CODE = ("app.py", "pages", "dataloader_sim", "bench")


def tool(*command):
    run = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_imports_go_from_pages_to_bench_to_the_simulator():
    lint = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    assert lint, "lint-imports is not installed: install the project with [dev]"
    run = subprocess.run([lint], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_ruff_finds_nothing_and_the_format_is_its_own():
    tool("ruff", "check", ".")
    tool("ruff", "format", "--check", ".")


def test_mypy_strict_finds_nothing():
    tool("mypy")


@pytest.mark.parametrize("kind", ["*.py", "*.mjs", "*.css"])
def test_no_file_holds_more_than_one_idea(kind):
    files = [path for place in (*CODE, "assets", "tests") for path in _files(place, kind)]
    assert files
    long = {str(path.relative_to(ROOT)): _lines(path) for path in files if _lines(path) > 260}
    assert not long


def test_the_app_is_a_router_and_pages_are_short():
    assert _lines(ROOT / "app.py") < 60
    for page in [*ROOT.glob("pages/explore/*.py"), *ROOT.glob("pages/measure/*.py")]:
        if not page.name.startswith("_"):
            assert _lines(page) <= 60, page.name


def test_no_page_builds_html_by_hand():
    for path in (ROOT / "pages").rglob("*.py"):
        assert "unsafe_allow" not in path.read_text(), path.name


def test_torch_is_imported_only_in_what_runs_in_a_process_of_its_own_or_in_the_users():
    probes = ROOT / "bench" / "calibration" / "probes.py"
    homes = {ROOT / "bench" / "child", ROOT / "bench" / "tracing"}
    for path in [file for place in CODE for file in _files(place, "*.py")]:
        if re.search(r"^\s*(import torch|from torch)\b", path.read_text(), re.MULTILINE):
            assert path == probes or path.parent in homes, path


def test_no_wastebasket_modules():
    for place in CODE:
        for path in _files(place, "*.py"):
            assert path.stem not in {"utils", "helpers", "common"}


def _files(place, kind):
    path = ROOT / place
    return [path] if path.is_file() and path.match(kind) else sorted(path.rglob(kind)) if path.is_dir() else []


def _lines(path):
    return len(path.read_text(encoding="utf-8").splitlines())
