"""The pages as a visitor has them: a real Chromium, a real gateway, either side behind the home page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait
from sqlalchemy import select
from sqlalchemy.orm import Session

from new_fastapi.database import open_engine
from new_fastapi.models import Feedback
from tests.support.servers import PATIENCE_SECONDS, serve_gateway
from tests.support.stores import Store

MAP = """
[gateway]
legacy = "legacy_flask:create_app"
new = "new_fastapi:create_app"
served_by_header = true

[routes]
"GET /" = "{side}"
"/static/<path:filename>" = "{side}"
"""
SERVED_BY = "return fetch(arguments[0]).then(answer => answer.headers.get('x-served-by'))"
LINES = {"10 Harbour - Hospital", "20 University - Market", "30 Town Hall - Airport"}


@pytest.fixture
def url(store: Store) -> Iterator[str]:
    with store.new_database() as url:
        yield url


@pytest.fixture(params=["legacy", "new"])
def home(request: pytest.FixtureRequest, url: str, tmp_path: Path, browser: Chrome) -> Iterator[Chrome]:
    """The browser, on the home page of one side."""
    (tmp_path / "map.toml").write_text(MAP.format(side=request.param))
    with serve_gateway(tmp_path / "map.toml", env={"DEPOT_DATABASE_URL": url}) as server:
        browser.get(server.url)
        for path in ("/", "/static/depot.css"):
            assert browser.execute_script(SERVED_BY, path) == request.param
        yield browser


def shown(browser: Chrome, selector: str) -> WebElement:
    """The element, as soon as it is there to be seen."""
    return WebDriverWait(browser, PATIENCE_SECONDS).until(lambda _: next(iter(all_shown(browser, selector)), None))


def all_shown(browser: Chrome, selector: str) -> list[WebElement]:
    return [element for element in browser.find_elements(By.CSS_SELECTOR, selector) if element.is_displayed()]


def test_the_home_page_is_styled_and_leads_to_every_line(home: Chrome) -> None:
    assert (home.title, shown(home, "h1").text) == ("Depot: today's network", "Today's network")
    assert {link.text for link in all_shown(home, "tbody a")} == LINES
    assert shown(home, "header").value_of_css_property("display") == "flex"  # the style sheet says so
    shown(home, "tbody a").click()
    WebDriverWait(home, PATIENCE_SECONDS).until(lambda browser: browser.current_url.endswith("/routes/1"))
    assert '"10 Harbour - Hospital"' in shown(home, "body").text


def test_feedback_is_sent_thanked_for_once_and_kept(home: Chrome, url: str) -> None:
    home.find_element(By.LINK_TEXT, "Feedback").click()
    shown(home, "#name").send_keys("Zoë <b>")
    shown(home, "#message").send_keys("The 7:12 was late.\nAgain.")
    shown(home, "button").click()
    assert shown(home, "[role=status]").text == "Thank you, Zoë <b>."
    assert shown(home, "#message").text == ""
    home.refresh()
    assert shown(home, "form")
    assert all_shown(home, "[role=status]") == []
    engine = open_engine(url, pool_size=1)
    with Session(engine) as session:
        kept = [(row.name, row.message) for row in session.scalars(select(Feedback))]
    engine.dispose()
    assert kept == [("Zoë <b>", "The 7:12 was late.\r\nAgain.")]
