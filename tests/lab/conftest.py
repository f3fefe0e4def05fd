"""The lab for tests: booted once in a session, its pools as fresh as each test asks."""

from collections.abc import Iterator

import pytest

from .key_trees import lock_all, make_trees
from .lab import Lab


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Two running hosts, in whatever state the test before left them."""
    with Lab.start(tmp_path_factory.mktemp("lab")) as started:
        yield started


@pytest.fixture
def pools(lab: Lab) -> Lab:
    """The lab with fresh, empty pools tank and backup, and nothing disturbing it."""
    lab.fresh_pools()
    return lab


@pytest.fixture(scope="module")
def key_trees(lab: Lab) -> Lab:
    """The lab with trees of every kind of key, and their replicas."""
    make_trees(lab)
    return lab


@pytest.fixture
def key_vault(key_trees: Lab) -> Lab:
    """The same, locked."""
    lock_all(key_trees)
    return key_trees
