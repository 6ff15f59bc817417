"""A real Chromium without network, and reports for it to open."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field

import pytest

from sim.report.page import write_report
from tests.fixtures.synthetic_run import write_run

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
READY_MS = 120_000


@dataclass
class Visit:
    """A page and everything it asked for or complained of."""

    page: object
    requests: list = field(default_factory=list)
    complaints: list = field(default_factory=list)
    dialogs: list = field(default_factory=list)

    def open(self, path, *, ready=True):
        """Open a file and wait until its charts are drawn."""
        self.page.goto(path.as_uri())
        if ready:
            self.page.locator("html[data-ready]").wait_for(state="attached", timeout=READY_MS)
            assert self.page.locator("html").get_attribute("data-ready") == "true", self.complaints
        return self.page


@pytest.fixture(scope="session")
def browser():
    executable = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if executable is None:
        message = "no Chromium here: browser tests need one (Debian: apt install chromium fonts-noto-cjk)"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def visit(browser):
    """Make visits: `visit(width=..., dark=..., still=...)`; contexts are offline and closed at the end."""
    contexts = []

    def make(width=1280, height=900, *, dark=False, still=False):
        context = browser.new_context(
            offline=True,
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce" if still else "no-preference",
            accept_downloads=True,
        )
        contexts.append(context)
        made = Visit(context.new_page())
        made.page.on("request", lambda request: made.requests.append(request.url))
        made.page.on("console", lambda message: made.complaints.append(f"{message.type}: {message.text}"))
        made.page.on("pageerror", lambda error: made.complaints.append(f"error: {error}"))
        made.page.on("dialog", lambda dialog: (made.dialogs.append(dialog.message), dialog.dismiss()))
        return made

    yield make
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A synthetic run with its reports."""
    made = write_run(tmp_path_factory.mktemp("runs") / "run")
    write_report(made)
    return made


@pytest.fixture(scope="module")
def opened(visit, folder):
    """Visits to the reports of the synthetic run by language; opening takes seconds, so tests that only read share them."""
    visits = {}

    def get(code):
        if code not in visits:
            visits[code] = visit()
            visits[code].open(folder / ("report.html" if code == "en" else f"report.{code}.html"))
        return visits[code]

    return get
