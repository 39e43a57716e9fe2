"""A built wheel, installed elsewhere, runs the app: router, pages, assets and settings travel inside it."""

import os
import socket
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

import pytest
from browser.player_driver import READY

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
SOON_MS = 30_000


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Build the wheel and unpack it into a folder of its own, as an installer does."""
    out = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--outdir", str(out), str(ROOT)]
    run = subprocess.run(build, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(next(out.glob("dataloader_lab-*.whl"))) as wheel:
        wheel.extractall(folder)
    return folder


def test_the_wheel_holds_the_app_and_not_the_tests(site):
    for path in ("app.py", "pages/explore/see_it.py", "assets/player/player.mjs", "assets/streamlit.toml"):
        assert (site / path).is_file()
    assert list((site / "assets" / "photos").glob("*.jpg"))
    assert not (site / "tests").exists()
    assert "dataloader-lab = bench.cli:main" in next(site.glob("*.dist-info/entry_points.txt")).read_text()


def test_the_installed_app_opens_its_first_page(site, chromium, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = (
        "import sys, bench, pages, dataloader_sim; from bench.cli import main;"
        f"assert bench.__file__.startswith({str(site)!r}), bench.__file__;"
        f"sys.exit(main(['--no-browser', '--port', '{port}']))"
    )
    # -P keeps the working folder off the path, so that nothing of the checkout is found by chance.
    server = subprocess.Popen(
        [sys.executable, "-P", "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(site), "XDG_DATA_HOME": str(tmp_path)},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        said = next(line for line in server.stderr if "DataLoader Lab is at" in line)
        assert f"http://127.0.0.1:{port} " in said
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5) as answer:
            assert answer.status == 200
        chromium.goto(f"http://127.0.0.1:{port}/curve")
        chromium.wait_for_selector(".js-plotly-plot", timeout=SOON_MS)
        assert chromium.get_by_text("Page not found").count() == 0
        chromium.goto(f"http://127.0.0.1:{port}/")
        chromium.wait_for_selector(READY, timeout=SOON_MS)
    finally:
        server.terminate()
        assert server.wait(10) == 0
        server.stderr.close()
