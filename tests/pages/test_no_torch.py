"""torch is never in the app's process: a page costs no second and no 200 MB, and nothing forks with its threads."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
OPEN_EVERY_PAGE = """
import sys
from pathlib import Path
from streamlit.testing.v1 import AppTest

from bench import jobs
from kept_runs import keep

run_id = keep(jobs.default_store())
app = AppTest.from_file("app.py", default_timeout=120).run()
assert not app.exception
pages = sorted(str(path) for path in Path("pages").glob("[!_]*/[!_]*.py"))
for page in pages:
    app.switch_page(page).run()
    assert not app.exception, page
    assert not app.error, page
print(len(pages), "torch" in sys.modules)
"""


def test_no_page_brings_torch_into_the_process(tmp_path):
    environment = os.environ | {
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")]),
    }
    command = [sys.executable, "-c", OPEN_EVERY_PAGE]
    seen = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=180, check=False)
    assert seen.returncode == 0, seen.stderr
    pages, torch = seen.stdout.split()
    assert int(pages) >= 4
    assert torch == "False"
