"""MathML in a real browser, in a mathematical font: every sign has its glyph, and things stand where they belong."""

from __future__ import annotations

from importlib.metadata import distribution
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import matcalc as mc
from tools.cases import read_cases

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, Route

ORIGIN = "http://localhost/"
STYLE = "@font-face { font-family: Mathematical; src: url(font) } math { font: 30px Mathematical }"
# The package is not imported: all we want of it is the font that it ships.
FONT = Path(str(distribution("ziamath").locate_file("ziamath/fonts/STIXTwoMath-Regular.ttf")))


@pytest.fixture
def drawn(page: Page) -> Any:
    """A page with the given formulas, once the font is there."""

    def answer(route: Route) -> None:
        if route.request.url.endswith("font"):
            route.fulfill(body=FONT.read_bytes(), content_type="font/ttf")
        else:
            route.fulfill(body="", content_type="text/html")

    page.route(f"{ORIGIN}**", answer)
    page.goto(ORIGIN)

    def show(*formulas: str) -> Page:
        paragraphs = "".join(f"<p>{formula}</p>" for formula in formulas)
        page.set_content(f"<!doctype html><meta charset=utf-8><style>{STYLE}</style>{paragraphs}")
        page.evaluate("document.fonts.load('30px Mathematical')")
        return page

    return show


class Box:
    """Where an element is drawn; y grows downwards."""

    def __init__(self, element: Locator) -> None:
        found = element.bounding_box()
        assert found is not None
        self.left, self.top = found["x"], found["y"]
        self.width, self.height = found["width"], found["height"]
        self.right, self.bottom = self.left + self.width, self.top + self.height
        self.middle, self.center = self.top + self.height / 2, self.left + self.width / 2


def part(page: Page, text: str, place: int = 0) -> Box:
    """The sign with exactly this text."""
    signs = page.locator("mi, mn, mo")
    matching = [index for index, shown in enumerate(signs.all_text_contents()) if shown == text]
    return Box(signs.nth(matching[place]))


def derived(expression: str, wrt: str, **options: Any) -> str:
    return str(mc.derive(expression, wrt, **options).mathml)


def test_every_sign_of_the_corpus_has_its_glyph(drawn: Any) -> None:
    """A sign that the font lacks would be drawn in another font, or as a box."""
    formulas = [
        derived(case.expr, case.wrt, shapes=case.declared(), order=case.order)
        for case in read_cases()
        if case.in_scope
    ]
    names = [
        mc.parse(f"{name} + a", shapes=f"{name}:, a:").mathml for name in ("xhat", "ytilde", "mubar", "zdot")
    ]
    page = drawn(*formulas, *names, derived("f(g(h(x)))", "x", order=4, shapes="x:"))
    page.evaluate(
        """() => {
            const seen = new Set()
            for (const sign of document.querySelectorAll("mi, mn, mo, mtext"))
                for (const character of sign.textContent)
                    if (!seen.has(sign.tagName + character))
                        seen.add(sign.tagName + character), sign.classList.add("first")
        }"""
    )
    session = page.context.new_cdp_session(page)
    session.send("DOM.enable")
    session.send("CSS.enable")
    root = session.send("DOM.getDocument")["root"]["nodeId"]
    nodes = session.send("DOM.querySelectorAll", {"nodeId": root, "selector": ".first"})["nodeIds"]
    used = [session.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"] for node in nodes]
    assert len(nodes) > 60
    assert {font["familyName"] for fonts in used for font in fonts} == {"STIX Two Math"}


def test_scripts_stand_beside_their_base(drawn: Any) -> None:
    page = drawn(derived("x.T @ A @ x1", "A"))
    base, top = part(page, "x", 1), part(page, "⊤")
    assert top.bottom < base.bottom
    assert top.middle < base.middle
    index = part(page, "1")
    assert index.middle > base.middle
    assert index.left == pytest.approx(top.left, abs=3), "index and transpose stand on one another"


def test_a_script_is_on_the_whole_bracket(drawn: Any) -> None:
    page = drawn(mc.parse("(x.T @ y / a)**2", shapes="x: n, y: n, a:").mathml)
    closing, two, bar = part(page, ")"), part(page, "2"), Box(page.locator("mfrac"))
    assert closing.left < two.left
    assert two.bottom < bar.middle
    assert two.top < bar.top + bar.height / 4


def test_brackets_grow_with_what_they_enclose(drawn: Any) -> None:
    page = drawn(mc.parse("tanh(x / a) + tanh(x)", shapes="x: n, a:").mathml)
    plain, grown = sorted((part(page, "(", place) for place in range(2)), key=lambda box: box.height)
    fraction = Box(page.locator("mfrac"))
    assert grown.top <= fraction.top + 3
    assert grown.bottom >= fraction.bottom - 3
    assert plain.height < 0.75 * grown.height


def test_a_fraction(drawn: Any) -> None:
    page = drawn(derived("norm(x)", "x"))
    above, fraction = part(page, "x"), Box(page.locator("mfrac"))
    below = part(page, "x", 1)
    assert above.bottom < below.top
    assert above.center == pytest.approx(fraction.center, abs=1)
    bars = part(page, "‖"), part(page, "‖", 1)
    assert bars[0].right <= below.left + 1
    assert bars[1].left >= below.right - 1


def test_the_letters_of_a_sum_stand_below_it(drawn: Any) -> None:
    page = drawn(mc.parse("A[i,j]*B[i,k]*C[i,l]*x[i] -> jkl").mathml)
    sign, below = part(page, "∑"), Box(page.locator("munder > :last-child"))
    assert below.top >= sign.bottom - 1
    assert below.center == pytest.approx(sign.center, abs=2)
    fences = part(page, "["), part(page, "]")
    assert all(fence.top <= sign.top and fence.bottom >= below.bottom - 1 for fence in fences)


def test_what_a_where_names_is_aligned(drawn: Any) -> None:
    page = drawn(derived("x.T @ inv(tanh(A @ tanh(A @ x) @ y.T)) @ y", "x"))
    equals = [part(page, "=", place) for place in range(3)]
    assert all(one.left == pytest.approx(equals[0].left, abs=0.5) for one in equals)
    assert all(one.bottom < two.top for one, two in pairwise(equals))
    names = [Box(cell) for cell in page.locator("mtr:not(:first-child) > mtd:first-child > *").all()]
    assert all(one.right == pytest.approx(names[0].right, abs=0.5) for one in names), "names end at the ="
    assert names[0].right <= equals[0].left
    whole = Box(page.locator("mtr:first-child > mtd > *"))
    assert whole.left == pytest.approx(Box(page.locator("mtable")).left, abs=2)


def test_words_do_not_run_into_letters(drawn: Any) -> None:
    page = drawn(mc.parse("W @ tanh(x)", shapes="W: m n, x: n").mathml)
    assert part(page, "tanh").left - part(page, "W").right >= 4
