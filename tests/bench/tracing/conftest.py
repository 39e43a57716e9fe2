"""Leave no process of multiprocessing's own behind."""

from multiprocessing import forkserver, resource_tracker

import pytest


@pytest.fixture(autouse=True, scope="module")
def _no_server_stays():
    """Stop what forkserver and spawn leave running in this process: later tests look for children that were left."""
    yield
    forkserver._forkserver._stop()
    resource_tracker._resource_tracker._stop()
