"""A real browser for tests: a test that asks for `page` gets a fresh page of a headless Chromium.

`make test` has `tools/chromium.sh` install the browser. Where it could not, these tests are skipped with the reason;
in CI (CI=true) they fail, since there a browser that is missing would hide every fault of the page.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[1]

# Nothing outside this machine is asked for anything: neither by Chromium itself nor by a page under test.
FLAGS = (
    "--no-sandbox",  # root, as in a container, has no sandbox
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
    "--font-render-hinting=none",  # the same widths everywhere
)


def chromium() -> str:
    """The path of the browser. Skips the test where there is none, and fails it in CI."""
    script = ["sh", str(ROOT / "tools" / "chromium.sh"), "--present"]
    run = subprocess.run(script, capture_output=True, text=True, check=False)
    if run.returncode:
        complain = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        complain(run.stderr.strip())
    return run.stdout.strip()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium, started for a module: Playwright's event loop would be in the way of other modules' own."""
    path = chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, headless=True, args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page of 1000 × 700 pixels, without cookies or storage; what goes wrong in its scripts fails the test."""
    context = browser.new_context(viewport={"width": 1000, "height": 700})
    opened = context.new_page()
    opened.set_default_timeout(10_000)
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    context.close()
    assert not errors, f"scripts of the page failed: {errors}"
