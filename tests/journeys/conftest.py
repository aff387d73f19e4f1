"""The browser of the journeys: the system's Chromium, with a fresh profile for everybody."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

from tests.journeys.whole import Whole

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
REQUIRED = os.environ.get("REQUIRE_BROWSER") == "1"
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
# Chromium calls every refused request an error; those that a journey provokes are none.
REFUSED = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")
SECONDS_MAX = 20


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs the whole program comes last, so that nothing else runs beside it.

    Without Chromium each journey is skipped under its own name, so that the summary names it.
    """
    items.sort(key=lambda item: "whole" in getattr(item, "fixturenames", ()))
    if CHROMIUM or REQUIRED:
        return
    for item in items:
        if "visit" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.skip(reason=f"browser journey {item.name}: Chromium is not installed"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser a module: Playwright's loop must be gone before the next test that uses the database."""
    assert CHROMIUM, "REQUIRE_BROWSER is set and Chromium is not installed"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@dataclass
class Visitor:
    """One person's browser window, and everything in it that went wrong."""

    page: Page
    url: str
    wrong: list[str] = field(default_factory=list)
    refusals_expected: bool = False
    java_script: bool = True

    def go(self, path: str) -> None:
        """Open a page that must be there."""
        response = self.page.goto(f"{self.url}{path}")
        assert response is not None
        assert response.status == 200, f"{path}: {response.status}"

    def sees(self, text: str) -> bool:
        """Whether the text is on the page, waiting for it a little."""
        self.page.get_by_text(text).first.wait_for(timeout=SECONDS_MAX * 1_000)
        return True

    def barriers(self) -> list[str]:
        """What keeps people with disabilities out of this page: axe's serious and critical findings."""
        found = Axe().run(self.page).response["violations"]
        return [
            f"{rule['id']} at {node['target']}: {node['failureSummary']}"
            for rule in found
            if rule["impact"] in {"serious", "critical"}
            for node in rule["nodes"]
        ]

    def hear(self, message: ConsoleMessage) -> None:
        """Errors of the console; what the content security policy stopped is among them."""
        if message.type == "error" and not (self.refusals_expected and REFUSED.match(message.text)):
            self.wrong.append(f"{self.page.url}: {message.text}")

    def watch(self, request: Request) -> None:
        """Requests to anybody else."""
        if not request.url.startswith((self.url, "data:", "blob:")):
            self.wrong.append(f"{self.page.url} asks {request.url}")


Visit = Callable[..., Visitor]


@pytest.fixture
def visit(browser: Browser, whole: Whole) -> Iterator[Visit]:
    """`visit(**options)`: another person with a browser. Afterwards nothing may have gone wrong in any of them."""
    contexts: list[BrowserContext] = []
    visitors: list[Visitor] = []

    def open_window(*, refusals_expected: bool = False, **options: Any) -> Visitor:
        contexts.append(browser.new_context(**{"locale": "en-US", **options}))
        visitor = Visitor(
            contexts[-1].new_page(),
            whole.url,
            refusals_expected=refusals_expected,
            java_script=options.get("java_script_enabled", True),
        )
        visitor.page.set_default_timeout(SECONDS_MAX * 1_000)
        visitor.page.on("console", visitor.hear)
        visitor.page.on("pageerror", lambda error: visitor.wrong.append(f"{visitor.page.url}: {error}"))
        visitor.page.on("request", visitor.watch)
        visitors.append(visitor)
        return visitor

    yield open_window
    for context in contexts:
        context.close()
    assert [wrong for visitor in visitors for wrong in visitor.wrong] == []
