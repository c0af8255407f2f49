"""The web report in a real browser, from disk: no error, nothing hostile runs, filters and keys."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from agent_place import HARNESS, KERNEL, Place, Turn, bash, say, write
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from repro.agent.to_dataset import collect_generations
from repro.container.julia import Julia
from repro.report.site import write_site

from conftest import skip
from report_data import made_up

PROGRAM = "programs/gpt-5.5/cholesky_threads_0.html"
SESSION = "sessions/gpt-5.5/cholesky_threads_0-0.html"
VIEWS = ["index.html", "matrix.html", "sessions.html", "claims.html", "environment.html",
         "find.html", PROGRAM, SESSION]  # fmt: skip
PHONE = 360


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("report")
    write_site(made_up(root), root / "site")
    return root / "site"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; as root it has no sandbox of its own."""
    path = shutil.which("chromium")
    if not path:
        skip("Chromium (apt-get install chromium)")
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=flags)
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page in which any console message, error or request of another file fails the test."""
    context = browser.new_context(viewport={"width": 1200, "height": 800})
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: said.append(f"error: {error}"))
    page.on("dialog", lambda dialog: said.append(f"dialog: {dialog.message}"))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.split("#")[0]))
    yield page
    context.close()
    assert said == []
    assert [url for url in asked if not url.endswith(".html")] == []


def show(page: Page, site: Path, view: str) -> None:
    path, _, fragment = view.partition("#")
    page.goto((site / path).as_uri() + (f"#{fragment}" if fragment else ""))


def test_no_view_has_an_error_and_nothing_hostile_runs(page: Page, site: Path) -> None:
    for view in VIEWS:
        show(page, site, view)
        page.keyboard.press("o")  # unfold all
        assert "HACKED" not in page.title()
        assert page.locator("main img, main script, main svg[onload]").count() == 0
        assert page.locator("h1").count() == 1


def test_the_policy_stops_a_script_that_is_not_ours(browser: Browser, site: Path) -> None:
    """Escaping is not the only guard. A page of its own, for the console tells of it."""
    page = browser.new_page()
    show(page, site, SESSION)
    page.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1';"
        " document.body.append(s); const i = document.createElement('img');"
        " i.setAttribute('onerror', 'window.ran = 2'); i.src = 'x'; document.body.append(i); }"
    )
    page.wait_for_timeout(100)
    assert page.evaluate("window.ran") is None
    page.close()


def test_a_filter_narrows_and_is_a_part_of_the_address(page: Page, site: Path) -> None:
    show(page, site, "find.html")
    items = page.locator("[data-item]:visible")
    every = items.count()
    page.locator("[data-choice]").select_option("deadlock")
    assert items.count() == 1
    assert "only=deadlock" in page.url
    page.locator("[data-choice]").select_option("")
    page.keyboard.press("/")
    page.locator("[data-filter]").fill("CHOLESKY mpi flagged")
    assert items.count() == 0
    page.locator("[data-filter]").fill("cholesky mpi tampered")
    assert items.count() == 1
    address = page.url
    page.keyboard.press("Escape")
    assert items.count() == every
    page.goto("about:blank")
    page.goto(address)
    assert items.count() == 1
    assert page.locator("[data-count]").inner_text() == f"1 of {every}"


def test_a_cell_of_the_matrix_leads_to_its_evidence(page: Page, site: Path) -> None:
    show(page, site, "matrix.html")
    page.locator("[data-filter]").fill("cholesky/threads")
    assert page.locator("tbody tr:visible").count() == 2
    page.locator("a.o-deadlock:visible").click()
    assert page.url.endswith(f"{PROGRAM}#1x1x4")
    cell = page.locator("[id='1x1x4']")
    assert cell.locator("svg.samples").is_visible()
    assert cell.get_by_text("frame of a made-up backtrace").first.is_visible()
    assert page.locator("pre.code .h-k").count() > 3


def test_everything_by_keyboard(page: Page, site: Path) -> None:
    show(page, site, "index.html")
    page.keyboard.press("2")
    page.wait_for_url("**/matrix.html")
    page.locator("[data-grid] tbody a.o").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{PROGRAM}#1x1x2")
    page.keyboard.press("?")
    assert page.locator("dialog").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("dialog").is_visible()
    show(page, site, SESSION)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.id") == "step-2"


def test_a_link_to_a_folded_place_unfolds_it_and_shows_it(page: Page, site: Path) -> None:
    show(page, site, f"{SESSION}#step-7")
    assert page.evaluate("document.getElementById('step-7').getBoundingClientRect().top < 800")
    page.locator("[data-choice]").select_option("look-ups")
    assert page.locator(".step:visible").count() == 2
    page.locator("svg.line a").nth(2).click()
    assert page.locator("#step-5").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_by_day_and_night(
    browser: Browser, site: Path, scheme: Literal["light", "dark"]
) -> None:
    viewport: ViewportSize = {"width": PHONE, "height": 640}
    context = browser.new_context(viewport=viewport, color_scheme=scheme)
    page = context.new_page()
    for view in VIEWS:
        show(page, site, view)
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE, view
        back, ink = page.evaluate(
            "() => { const s = getComputedStyle(document.body); return [s.backgroundColor, s.color]"
            ".map((c) => c.match(/[0-9]+/g).slice(0, 3).reduce((a, b) => a + Number(b), 0)); }"
        )
        assert (back < ink) == (scheme == "dark")
        assert abs(back - ink) > 500
    show(page, site, "matrix.html")
    assert page.evaluate(
        "() => [...document.querySelectorAll('.matrix th a')].every((link) =>"
        " link.getBoundingClientRect().right <= link.parentElement.getBoundingClientRect().right)"
    )
    context.close()


CONTRAST = """() => {
  const parts = (colour) => colour.match(/[0-9.]+/g).map(Number);
  const light = (colour) => parts(colour).slice(0, 3).map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const colour = getComputedStyle(node).backgroundColor;
      if ((parts(colour)[3] ?? 1) === 1) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const low = new Set();
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !node.checkVisibility() || node.closest("svg, .skip")) continue;
    const style = getComputedStyle(node);
    const [a, b] = [light(style.color), light(behind(node))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) low.add(`${node.className || node.tagName} ${ratio.toFixed(2)}`);
  }
  return [...low];
}"""
"""Texts below the contrast that WCAG 2 asks for (1.4.3), by its formula."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_the_contrast_that_wcag_asks_for(
    browser: Browser, site: Path, scheme: Literal["light", "dark"]
) -> None:
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    for view in VIEWS:
        show(page, site, view)
        page.evaluate("document.querySelectorAll('details').forEach((each) => each.open = true)")
        assert page.evaluate(CONTRAST) == [], view
    page.evaluate("document.querySelector('main').style.color = '#888'")
    assert page.evaluate(CONTRAST) != []  # it can fail
    context.close()


def test_what_scrolls_can_be_scrolled_and_what_acts_has_a_name(page: Page, site: Path) -> None:
    for view in VIEWS:
        show(page, site, view)
        page.keyboard.press("o")
        page.wait_for_function(
            "() => [...document.querySelectorAll('main *')].every((each) => each.tabIndex === 0"
            " || each.closest('svg') || !/auto|scroll/.test(getComputedStyle(each).overflowX)"
            " || (each.scrollWidth <= each.clientWidth && each.scrollHeight <= each.clientHeight))"
        )
        assert page.evaluate(
            "() => [...document.querySelectorAll('a, button, input, select, table')].filter((each)"
            " => !(each.ariaLabel || each.textContent.trim() || each.closest('label')))"
            ".map((each) => each.outerHTML)"
        ) == []  # fmt: skip
        assert page.locator("th:not([scope]), [role=img] a").count() == 0


def test_the_way_through_a_page_by_tab_is_seen(page: Page, site: Path) -> None:
    for view in (PROGRAM, SESSION):
        show(page, site, view)
        page.keyboard.press("Tab")
        skip_link = page.locator(".skip")
        assert skip_link.evaluate("(each) => each.getBoundingClientRect().left") >= 0
        for _ in range(40):
            seen = page.evaluate(
                "() => { const at = document.activeElement, style = getComputedStyle(at);"
                " return at === document.body || style.outlineStyle !== 'none'; }"
            )
            assert seen, page.evaluate("document.activeElement.outerHTML")
            page.keyboard.press("Tab")
    show(page, site, SESSION)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_reload_keeps_a_view_and_back_leads_to_it(page: Page, site: Path) -> None:
    show(page, site, "matrix.html")
    rows = page.locator("tbody tr:visible")
    every = rows.count()
    page.locator("[data-filter]").fill("cholesky/threads")
    page.reload()
    assert 0 < rows.count() < every
    page.locator("a.o-deadlock:visible").click()
    page.wait_for_url("**#1x1x4")
    page.reload()
    assert page.locator("[id='1x1x4']").bounding_box()["y"] < 800  # type: ignore[index]
    page.go_back()
    page.wait_for_url("**/matrix.html#q=*")
    assert page.locator("[data-filter]").input_value() == "cholesky/threads"
    assert 0 < rows.count() < every
    page.go_back()
    assert page.url == "about:blank"  # what was typed is not in the way


def test_a_claim_leads_to_a_cell_that_it_rests_on(page: Page, site: Path) -> None:
    show(page, site, "claims.html#kinds-of-failure")
    claim = page.locator("#kinds-of-failure")
    claim.get_by_text("cells of evidence").click()
    claim.get_by_role("link", name="gpt-5.5/cholesky/threads/0@1x1x4").click()
    page.wait_for_url(f"**/{PROGRAM}#1x1x4")


def test_a_command_is_copied_and_keys_can_be_switched_off(page: Page, site: Path) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    show(page, site, PROGRAM)
    page.get_by_role("button", name="Copy").first.click()
    page.get_by_role("button", name="Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == ".venv/bin/repro cell run gpt-5.5/cholesky/threads/0@1x1x1 --dataset made-up"
    page.get_by_role("button", name="Keys").click()
    page.get_by_label("Use these keys").uncheck()
    page.get_by_role("button", name="Close").click()
    page.reload()
    page.keyboard.press("2")
    page.keyboard.press("?")
    assert PROGRAM in page.url
    assert not page.locator("dialog").is_visible()


def test_a_real_session_shows_what_changed_between_its_runs(
    page: Page, julia: Julia, tmp_path: Path
) -> None:
    """OpenCode is real, and what it records is what the report expects; the model is scripted."""
    place = Place.make(tmp_path, julia)
    place.settings = (
        'price = {input = 3.0, output = 15.0, date = "2026-01-01", source = "made up"}\n'
    )
    bad, run = KERNEL.replace("0.5", "0.4"), "julia -t 2 test_pi_threads.jl"
    session = place.generate([
        write("test_pi_threads.jl", HARNESS), say("The harness is there."),
        write("pi_threads.jl", bad), bash(run), edit("0.4", "0.5"), edit("not there", "x"),
        bash(f"{run} && echo '# by echo' >> pi_threads.jl"), say("All tests pass."),
    ])  # fmt: skip
    collect_generations(place.generations, str(place.study), tmp_path, "real", "", "CC0-1.0")
    assert write_site(tmp_path / "real", tmp_path / "site").gaps == []
    show(page, tmp_path / "site", f"sessions/{session.program.model}/pi_threads_0-0.html")
    told = [found.inner_text() for found in page.locator(".diff summary").all()]
    assert told == [
        f"pi_threads.jl: +{len(bad.splitlines())} -0",
        f"test_pi_threads.jl: +{len(HARNESS.splitlines())} -0",
        "pi_threads.jl: +1 -1",
        "pi_threads.jl: +1 -0",
    ]
    assert page.locator(".call.refused").count() == 1
    assert page.locator("dd a[href^='#step-']").count() == 2  # runs of Julia
    assert page.locator("polyline.spent").count() == 1
    assert page.locator("figcaption", has_text="dollars so far, to 0.0036").count() == 1
    assert page.locator(".call", has_text="ALL TESTS PASSED").last.is_visible()


def edit(old: str, new: str) -> Turn:
    arguments = {"filePath": "/workspace/pi_threads.jl", "oldString": old, "newString": new}
    return {"calls": [{"name": "edit", "arguments": arguments}]}


def test_without_script_all_of_it_can_be_read(browser: Browser, site: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    show(page, site, PROGRAM)
    assert page.locator(".cell").count() == page.locator(".cell:visible").count() == 3
    context.close()
