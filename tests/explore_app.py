"""Open the pages that explore the simulator as scripts, without a browser."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

APP = Path(__file__).parents[1] / "app.py"
CURVE = "pages/explore/curve.py"


def opened(page="", **query):
    app = AppTest.from_file(str(APP), default_timeout=60)
    if page:
        app.run().switch_page(page)
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    return app


def with_group(name, **query):
    """Open See it with one group of More knobs open."""
    app = opened(**query)
    app.session_state["more_knobs"] = True
    app.session_state["more_groups"] = name
    app.run()
    assert not app.exception
    return app
