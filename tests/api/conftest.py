"""One server for all tests that do not need settings of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.service import Server, serving


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with serving() as running:
        yield running
