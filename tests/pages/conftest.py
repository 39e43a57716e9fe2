"""Open a page of the app as a script, without a browser, on runs of its own."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from bench import jobs
from pages._ui import compiling

APP = Path(__file__).parents[2] / "app.py"


@pytest.fixture(scope="session", autouse=True)
def simulator():
    """Have the simulator compiled: until then pages show a recorded run."""
    compiling.wait()


@pytest.fixture
def store(tmp_path, monkeypatch):
    """Return an empty store in a temporary data folder, the one that the pages use."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    jobs.default_store.cache_clear()
    yield jobs.default_store()
    jobs.default_store.cache_clear()


@pytest.fixture
def open_page(store):  # noqa: ARG001 (the pages find it through the environment)
    """Return a function that opens a page, by its file, with the parameters of a link."""

    def opened(page, **query):
        app = AppTest.from_file(str(APP), default_timeout=60)
        app.run()
        # A switch of pages drops the parameters, as it does in the browser.
        app.switch_page(page)
        for name, value in query.items():
            app.query_params[name] = value
        app.run()
        assert not app.exception
        return app

    return opened
