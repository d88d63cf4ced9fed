"""The page in a real browser: typed into, clicked and read, as a person would."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.api.service import ROOT, Server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SCREENSHOT = ROOT / "docs" / "page.png"
NETWORK = "u.T @ tanh(W @ x + b)"


@pytest.fixture
def opened(server: Server, page: Page) -> Iterator[Page]:
    """The page, once its first example is verified; whatever it asks of other hosts fails the test."""
    strangers: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: request.url.startswith(server.url) or strangers.append(request.url))
    page.on("console", lambda message: "Content Security" in message.text and complaints.append(message.text))
    page.goto(server.url)
    page.wait_for_selector(".evidence")
    yield page
    assert not strangers
    assert not complaints
    assert not page.context.cookies()


def type_in(page: Page, text: str) -> None:
    field = page.get_by_role("textbox", name="Expression")
    field.press("ControlOrMeta+A")
    field.press_sequentially(text)


def expect_formula(page: Page, text: str, place: str = "#echo") -> None:
    """Waits until a formula shows this, up to signs that are only said."""
    from playwright.sync_api import expect

    signs = r"[\u2061-\u2063\s]*".join(map(re.escape, text))
    expect(page.locator(f"{place} math").first).to_have_text(re.compile(f"^{signs}$"))


def expect_text(page: Page, place: str, text: str) -> None:
    from playwright.sync_api import expect

    expect(page.locator(place)).to_have_text(text)


def test_what_is_typed_is_read_and_differentiated(opened: Page) -> None:
    type_in(opened, NETWORK)
    expect_formula(opened, "u⊤tanh(Wx+b)")
    opened.get_by_role("group", name="by").get_by_label("b").check(force=True)
    opened.get_by_role("group", name="by").get_by_label("W").uncheck(force=True)
    expect_formula(opened, "∂∂b=u⊙(1−tanh2(Wx+b))", ".card")
    expect_text(opened, ".card .shape", "a column of m")


def test_a_mistake_is_marked_and_its_repair_applied(opened: Page) -> None:
    type_in(opened, "2 * x @ y")
    problem = opened.get_by_role("alert")
    problem.get_by_text("does not fit").wait_for()
    assert opened.locator("#mirror mark").text_content() == "2 * x @ y"
    assert opened.get_by_role("textbox", name="Expression").get_attribute("aria-invalid") == "true"
    problem.get_by_role("button", name="x.T @ y (inner)").click()
    expect_formula(opened, "2x⊤y")
    expect_text(opened, "#problem", "")
    assert opened.locator("#mirror mark").count() == 0
    assert opened.get_by_role("textbox", name="Expression").get_attribute("aria-invalid") is None


def test_what_a_repair_changed_can_be_taken_back(opened: Page) -> None:
    type_in(opened, "sum(phi(x))")
    opened.get_by_role("button", name="phi is any function").click()
    expect_formula(opened, "∂∂x=ϕ′(x)", ".card")
    opened.get_by_role("button", name="Not: phi is any function").click()
    opened.get_by_role("alert").get_by_text("phi").first.wait_for()
    assert opened.locator("#options").text_content() == ""


def test_a_place_is_counted_in_characters(opened: Page) -> None:
    """A letter of mathematical script counts once for Python and twice for JavaScript."""
    type_in(opened, "x + 𝐀 ? y")
    opened.locator("#mirror mark").wait_for()
    assert opened.locator("#mirror mark").text_content() == "𝐀"


def test_the_badge_opens_the_evidence(opened: Page) -> None:
    badge = opened.locator(".evidence summary")
    assert re.fullmatch(r"✓ verified to .*10⁻¹[⁰-⁹]", badge.text_content() or "")
    badge.click()
    rows = [row.text_content() or "" for row in opened.locator(".evidence tbody tr").all()]
    assert [row.startswith("✓") for row in rows] == [True, True]
    assert "JAX autodiff" in rows[0]
    assert "central differences" in rows[1]
    assert "float64" in (opened.locator(".evidence p").text_content() or "")


def test_every_tab_copies_what_it_shows(opened: Page, server: Server) -> None:
    opened.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tabs = opened.get_by_role("tab")
    titles = tabs.all_text_contents()
    targets = (opened.locator("body").get_attribute("data-targets") or "").split()
    assert titles[:2] == ["LaTeX", "Python"]
    assert titles[-1] == "Index notation"
    assert len(titles) == 3 + len(targets)
    expected = server.derive("u.T @ f(W @ x + b)", "W", code=targets).json()
    texts = [expected["latex"], expected["text"], *expected["code"].values(), expected["index_notation"]]
    for tab, text in zip(tabs.all(), texts, strict=True):
        tab.click()
        opened.locator(".copy:enabled").wait_for()
        opened.get_by_role("button", name="Copy the text of this tab").click()
        opened.get_by_text("Copied", exact=True).first.wait_for()
        assert opened.evaluate("navigator.clipboard.readText()") == text
    assert "def " in expected["code"]["numpy"]


def test_a_link_reproduces_everything(opened: Page, browser: Browser) -> None:
    type_in(opened, "norm(X @ w - y)**2")
    expect_formula(opened, "‖Xw−y‖22")
    opened.get_by_label("second").check(force=True)
    opened.get_by_label("Jacobian").check(force=True)
    shape = opened.get_by_label("Shape of X", exact=True)
    shape.fill("k×n")
    shape.press("Enter")
    opened.locator(".chip.pinned").wait_for()
    expect_formula(opened, "∂2∂w2=2X⊤X", ".card")
    fresh = browser.new_context().new_page()
    fresh.goto(opened.url)
    expect_formula(fresh, "∂2∂w2=2X⊤X", ".card")
    assert fresh.get_by_role("textbox", name="Expression").input_value() == "norm(X @ w - y)**2"
    assert fresh.get_by_label("Shape of X", exact=True).input_value() == "k×n"
    assert fresh.get_by_label("Jacobian").is_checked()
    assert "#" in fresh.url
    assert "?" not in fresh.url.split("#")[0]
    fresh.context.close()


def test_walking_about_the_page_keeps_the_link(opened: Page) -> None:
    before = opened.url
    opened.get_by_role("link", name="Language").click()
    assert opened.evaluate("document.activeElement.id") == "language"
    opened.keyboard.press("Home")
    opened.locator(".skip").focus()
    opened.keyboard.press("Enter")
    assert opened.evaluate("document.activeElement.id") == "expression"
    assert opened.url == before


def test_shapes_can_be_changed_and_given_back(opened: Page) -> None:
    shape = opened.get_by_label("Shape of W", exact=True)
    shape.fill("3 5")
    shape.press("Enter")
    expect_text(opened, ".card .shape", "3 × 5 matrix")
    opened.get_by_role("button", name="Infer the shape of W again").click()
    expect_text(opened, ".card .shape", "m × n matrix")


def test_an_answer_leaves_alone_what_is_typed_into_a_chip(opened: Page) -> None:
    held: list[Any] = []
    opened.route("**/v1/parse", lambda route: held.append(route) if not held else route.continue_())
    with opened.expect_request("**/v1/parse"):
        opened.get_by_label("second").check(force=True)
    shape = opened.get_by_label("Shape of W", exact=True)
    shape.press("ControlOrMeta+A")
    shape.press_sequentially("k×")
    with opened.expect_response("**/v1/derive"):
        held[0].continue_()
    assert shape.input_value() == "k×"
    opened.keyboard.type("3")
    opened.keyboard.press("Enter")
    opened.locator(".chip.pinned").wait_for()
    assert opened.get_by_label("Shape of W", exact=True).input_value() == "k×3"


def test_shapes_are_written_under_the_factors(opened: Page) -> None:
    opened.get_by_label("shapes", exact=True).check(force=True)
    unders = opened.locator(".card .formula .under").all_text_contents()
    assert unders == ["m", "m×n", "n", "m", "m", "m", "1×n"]
    wholes = opened.locator(".card .formula .whole").all_text_contents()
    assert [re.sub(r"[\u2061-\u2063]", "", text) for text in wholes] == [
        "(um⊙f′(Wm×nxn+bm)m)",
        "f′(Wm×nxn+bm)",
    ]
    opened.get_by_label("shapes", exact=True).uncheck(force=True)
    assert opened.locator(".under").count() == 0


def test_a_wide_formula_is_set_smaller_and_then_scrolls(opened: Page) -> None:
    def sizes() -> tuple[float, bool]:
        size, over = opened.evaluate(
            """() => { const box = document.querySelector(".card .formula");
            const size = parseFloat(getComputedStyle(box.firstElementChild).fontSize);
            return [size, box.scrollWidth > box.clientWidth] }"""
        )
        return size, over

    type_in(opened, "a.T @ (x * tanh(W2 @ tanh(W1 @ x + b1) + b2))")
    expect_text(opened, ".card h2", "Derivative by x")
    opened.wait_for_selector(".evidence")
    usual, over = sizes()
    assert not over
    opened.set_viewport_size({"width": 560, "height": 700})
    opened.wait_for_timeout(100)
    smaller, over = sizes()
    assert smaller < usual
    opened.set_viewport_size({"width": 320, "height": 700})
    opened.wait_for_timeout(100)
    assert sizes() == (16, True)
    assert opened.evaluate("document.documentElement.scrollWidth") <= 320
    opened.set_viewport_size({"width": 1000, "height": 700})
    opened.wait_for_timeout(100)
    assert sizes() == (usual, False)


def test_the_way_back_leads_to_what_was_there(opened: Page) -> None:
    opened.get_by_role("link", name="Least squares").click()
    expect_formula(opened, "∥Xw−y∥22".replace("∥", "‖"))
    opened.get_by_role("link", name="A quadratic form’s Hessian").click()
    expect_formula(opened, "∂2∂x2=A+A⊤", ".card")
    opened.go_back()
    expect_formula(opened, "∂∂w=2X⊤(Xw−y)", ".card")
    opened.go_back()
    expect_formula(opened, "u⊤f(Wx+b)")
    opened.go_forward()
    expect_formula(opened, "∂∂w=2X⊤(Xw−y)", ".card")


def test_a_link_to_the_same_expression_in_another_way_is_followed(opened: Page) -> None:
    type_in(opened, "x.T @ A @ x")
    expect_formula(opened, "∂∂x=(A+A⊤)x", ".card")
    opened.evaluate("location.hash = '#e=x.T+%40+A+%40+x&by=x&order=2'")
    expect_formula(opened, "∂2∂x2=A+A⊤", ".card")


def test_examples_are_a_click_away(opened: Page) -> None:
    for link in opened.locator("#examples a").all():
        opened.evaluate("document.querySelector('#results').replaceChildren()")
        link.click()
        opened.wait_for_selector(".evidence:not(.failed)")
        assert opened.locator(".evidence.unknown").count() == 0
        assert opened.locator("#problem").text_content() == ""
    opened.get_by_text("All functions").click()
    opened.get_by_text("softmax_cross_entropy(labels, logits)").wait_for()


def test_the_keyboard_is_enough(opened: Page) -> None:
    """From the expression by Tab alone to the variable, the order, the tabs and the copy button."""
    opened.keyboard.press("/")
    opened.keyboard.type("x.T @ A @ x")
    opened.keyboard.press("Enter")
    expect_formula(opened, "x⊤Ax")

    def tab_to(selector: str) -> None:
        for _ in range(40):
            if opened.evaluate("s => document.activeElement.matches(s)", selector):
                return
            opened.keyboard.press("Tab")
        raise AssertionError(f"no way to {selector}")

    tab_to("#by input[value=A]")
    opened.keyboard.press("Space")
    opened.locator(".card[data-name=A]").wait_for()
    assert opened.evaluate("document.activeElement.value") == "A"
    tab_to("#order input")
    opened.keyboard.press("ArrowRight")
    expect_formula(opened, "∂2∂x2=A+A⊤", ".card[data-name=x]")
    tab_to(".evidence summary")
    opened.keyboard.press("Enter")
    assert opened.locator(".evidence table").first.is_visible()
    tab_to("[role=tab]")
    opened.keyboard.press("ArrowRight")
    assert opened.evaluate("document.activeElement.textContent") == "Python"
    expect_text(opened, ".card[data-name=x] pre", "A + A.T")
    tab_to(".copy")
    opened.keyboard.press("Enter")
    expect_text(opened, "#status", "Copied")


def test_a_derivative_is_announced(opened: Page) -> None:
    assert opened.get_by_role("status").text_content() == (
        "Derivative by W: (u * f'(W @ x + b)) @ x.T, m × n matrix."
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_accessible_at_every_width_and_in_both_lights(
    server: Server, browser: Browser, width: int, scheme: Any
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    background = []
    for address in ("/", "/#e=x+%40+y", "/docs"):
        page.goto("about:blank")
        page.goto(server.url + address)
        if address != "/docs":
            page.wait_for_selector(".evidence, .problem p")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        # The style sheet's transitions would give axe colours that are on their way.
        page.wait_for_timeout(250)
        found = Axe().run(page).response["violations"]
        assert not found, [(fault["id"], [node["html"][:200] for node in fault["nodes"]]) for fault in found]
        background.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    numbers = [int(number) for number in re.findall(r"\d+", background[0])]
    assert (max(numbers) < 64) == (scheme == "dark")
    context.close()


def test_a_first_visit_is_small(server: Server, browser: Browser) -> None:
    """All that a first visit loads, as it travels."""
    context = browser.new_context()
    page = context.new_page()
    wire = context.new_cdp_session(page)
    sizes: list[float] = []
    wire.send("Network.enable")
    wire.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.goto(server.url)
    page.wait_for_selector(".evidence")
    page.evaluate("document.fonts.ready")
    assert page.evaluate("[...document.fonts].some(font => font.status === 'loaded')")
    assert len(sizes) > 8
    assert sum(sizes) < 600_000
    context.close()


def test_the_readme_shows_the_page_as_it_is(server: Server, browser: Browser) -> None:
    """The picture in the README is taken here; it is replaced when the page looks different."""
    context = browser.new_context(viewport={"width": 1000, "height": 800}, color_scheme="light")
    page = context.new_page()
    page.goto(f"{server.url}/#e=u.T+%40+f(W+%40+x+%2B+b)&by=W")
    page.wait_for_selector(".evidence")
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(300)
    _keep(page, SCREENSHOT)
    context.close()
    assert SCREENSHOT.stat().st_size < 200_000
    assert "docs/page.png" in (ROOT / "README.md").read_text()


def _keep(page: Page, path: Path) -> None:
    """Writes the screenshot unless the one that is there shows the same but for a few pixels' rounding."""
    shot = page.screenshot()
    if path.exists():
        different = page.evaluate(
            """async ([one, other]) => {
                const pixels = async (data) => {
                    const bytes = Uint8Array.from(atob(data), c => c.charCodeAt(0));
                    const image = await createImageBitmap(new Blob([bytes]));
                    const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
                    canvas.drawImage(image, 0, 0);
                    return canvas.getImageData(0, 0, image.width, image.height).data;
                };
                const [a, b] = [await pixels(one), await pixels(other)];
                if (a.length !== b.length) return 1;
                let count = 0;
                for (let k = 0; k < a.length; k += 4) count += Math.abs(a[k] - b[k]) > 48;
                return count / (a.length / 4);
            }""",
            [b64(shot), b64(path.read_bytes())],
        )
        if different < 0.001:
            return
    path.write_bytes(shot)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
