"""What README promises is what happens."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.live
def test_the_python_sample_runs_and_prints_what_its_comments_say(tmp_path):
    sample = re.search(r"```python\n(.*?)```", README, re.DOTALL)[1]
    script = tmp_path / "sample.py"
    script.write_text(sample)
    run = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=True, cwd=tmp_path, timeout=120
    )
    said = run.stdout.splitlines()
    assert said[0] in sample
    assert said[1] == re.search(r"\.knee\)  # (\d+)", sample)[1]
    assert said[2].endswith(".")
    assert len(said) == 3


def test_ci_runs_the_second_command():
    install, test = re.search(
        r'(pip install -c constraints\.txt -e "\.\[dev\]") && \S+(python -m pytest)', README
    ).groups()
    ci = (ROOT / ".ci" / "run").read_text()
    assert install.split("install", 1)[1] in ci
    assert test.removeprefix("python ") in ci


def test_every_file_that_the_readme_names_is_there():
    for path in re.findall(r"\]\(([^)h][^)]*)\)", README) + re.findall(r"python (tests/perf/\S+\.py)", README):
        assert (ROOT / path).is_file(), path


def test_every_command_of_the_readme_is_known():
    for line in re.findall(r"^dataloader-lab (.*?)(?:\s+#.*)?$", README, re.MULTILINE):
        command, *options = line.split()
        run = subprocess.run(
            [sys.executable, "-m", "bench.cli", command, "--help"], capture_output=True, text=True, check=True, cwd=ROOT
        )
        for option in (one for one in options if one.startswith("--")):
            assert option in run.stdout


def test_no_figure_is_left_open():
    measured = (ROOT / "docs" / "MEASURED.md").read_text(encoding="utf-8")
    assert not re.search(r"\| [A-Z_]{3,} \|", measured)
    assert len(re.findall(r"\d", measured)) > 200
