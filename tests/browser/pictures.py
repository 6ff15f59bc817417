"""Pictures of a page for eyes to judge: `python -m tests.browser.pictures results/baseline/<run-id>/report.html pictures`.

Writes desktop, phone, dark and paper (PDF) views, and `first.png`, the first screen as the README shows it.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.conftest import ARGUMENTS, READY_MS

VIEWS = {"desktop": (1180, 900, "light"), "phone": (390, 844, "light"), "dark": (1280, 900, "dark")}
FIRST = {"width": 1180, "height": 1150}


def main(page: Path, folder: Path) -> None:
    """Open `page` without network in each view and write what is seen."""
    folder.mkdir(parents=True, exist_ok=True)
    executable = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        for name, (width, height, scheme) in VIEWS.items():
            context = browser.new_context(offline=True, viewport={"width": width, "height": height}, color_scheme=scheme)
            seen = context.new_page()
            seen.goto(page.resolve().as_uri())
            seen.locator("html[data-ready]").wait_for(state="attached", timeout=READY_MS)
            seen.wait_for_timeout(500)
            seen.screenshot(path=folder / f"{name}.png", full_page=True, timeout=READY_MS)
            if name == "desktop":
                seen.set_viewport_size(FIRST)
                seen.screenshot(path=folder / "first.png", timeout=READY_MS)
                seen.pdf(path=folder / "paper.pdf", prefer_css_page_size=True)
            context.close()
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
