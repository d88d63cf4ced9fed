"""The browser that other tests rely on: it draws, scripts run, nothing outside is reached, and its absence is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Page


def test_it_draws_mathml(page: Page) -> None:
    """A fraction is laid out as one: the numerator stands above the denominator."""
    page.set_content("<math><mfrac><mi id='above'>a</mi><mi id='below'>b</mi></mfrac></math>")
    above, below = page.locator("#above").bounding_box(), page.locator("#below").bounding_box()
    assert above is not None
    assert below is not None
    assert above["y"] + above["height"] <= below["y"]


def test_it_runs_scripts_and_takes_pictures(page: Page) -> None:
    page.set_content("<p id='x'></p><script>document.getElementById('x').textContent = 6 * 7</script>")
    assert page.locator("#x").text_content() == "42"
    assert page.screenshot().startswith(b"\x89PNG")


def test_a_page_is_fresh(page: Page) -> None:
    assert page.context.cookies() == []
    assert page.url == "about:blank"


def test_nothing_outside_is_asked(page: Page) -> None:
    failed: list[str | None] = []
    page.on("requestfailed", lambda request: failed.append(request.failure))
    page.set_content("<img src='http://outside.example/x.png'>")
    assert failed == ["net::ERR_NAME_NOT_RESOLVED"]


@pytest.mark.parametrize(("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_a_missing_browser_is_told(
    monkeypatch: pytest.MonkeyPatch, ci: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setenv("CHROMIUM", "/no/such/chromium")
    with pytest.raises(outcome, match="/no/such/chromium, does not run"):
        chromium()
