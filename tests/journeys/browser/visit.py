"""Walks through the customer's page as somebody who pays would. A program of its own, with packages of its own: it is
told stories as JSON, and tells what it saw as JSON.

[{"url": …, "width": 360, "scheme": "light", "language": "en", "script": false}] ──► [{"titles": […], "asked": […], …}]
"""

import json
import sys
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

LATE_MS = 20_000


def visit(browser: Browser, story: dict[str, Any]) -> dict[str, Any]:
    """One story, from what is owed to the receipt."""
    context = browser.new_context(
        viewport={"width": story["width"], "height": 800},
        color_scheme=story["scheme"],
        locale=story["language"],
        java_script_enabled=story["script"],
    )
    context.set_default_timeout(LATE_MS)
    seen: dict[str, Any] = {"asked": [], "said": [], "titles": [], "findings": [], "too_wide": [], "cookies": 0}
    context.on("request", lambda request: seen["asked"].append(request.url))
    page = context.new_page()
    page.on("console", lambda message: hear(message, seen))
    page.goto(story["url"])
    look(page, seen, story)
    page.click("main form button[type=submit]")
    look(page, seen, story)
    page.click("button[value=test]")
    look(page, seen, story)
    page.click("button[value=pay]")
    look(page, seen, story)
    seen["receipt"] = page.inner_text("main")
    page.goto(story["url"])
    look(page, seen, story)
    seen["cookies"] = len(context.cookies())
    seen["direction"] = page.get_attribute("html", "dir")
    context.close()
    return seen


def hear(message: ConsoleMessage, seen: dict[str, Any]) -> None:
    """Keeps what the browser complains of. That a page of a merchant's has no icon of ours is no fault of it."""
    if not message.location.get("url", "").endswith("/favicon.ico"):
        seen["said"].append(message.text)


def look(page: Page, seen: dict[str, Any], story: dict[str, Any]) -> None:
    """Keeps what a page is called, whether it fits, and what axe finds wrong with it."""
    page.wait_for_load_state("load")
    seen["titles"].append(page.title())
    if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
        seen["too_wide"].append(page.title())
    if story["script"]:
        for found in Axe().run(page).response["violations"]:
            seen["findings"].append([page.title(), found["id"], [node["html"] for node in found["nodes"]]])


def main() -> None:
    """Reads stories, tells what was seen."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=sys.argv[1], args=["--no-sandbox"])
        print(json.dumps([visit(browser, story) for story in json.load(sys.stdin)]))
        browser.close()


if __name__ == "__main__":
    main()
