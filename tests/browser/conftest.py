"""Headless Chromium for the reports. Absent: skipped with a message; in CI that is a failure."""

import os
import shutil
import subprocess

import pytest

from data.sample_run import write
from faultrun.report.render import write_report

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
ARGUMENTS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-dev-shm-usage", "--hide-scrollbars",
)  # fmt: skip


def absent(what):
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing; in CI the browser tests are not skipped")
    pytest.skip(f"{what} is not installed")


class Browser:
    """One browser with the few things that these tests do to it."""

    def __init__(self):
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for argument in ARGUMENTS:
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(DRIVER))

    def cdp(self, command, **parameters):
        return self.driver.execute_cdp_cmd(command, parameters)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def look(self, *, width=1600, height=1000, scheme="light", media="screen", scripts=True):
        self.cdp("Emulation.setDeviceMetricsOverride",
                 width=width, height=height, deviceScaleFactor=1, mobile=False)  # fmt: skip
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.cdp("Emulation.setEmulatedMedia", media=media, features=features)
        self.cdp("Emulation.setScriptExecutionDisabled", value=not scripts)

    def open(self, page, fragment="", *, wait=True):
        self.driver.get("about:blank")
        self.driver.get_log("browser")
        self.driver.get(page.as_uri() + fragment)
        if wait:
            self.until("return document.documentElement.dataset.ready === 'yes'")

    def until(self, script):
        from selenium.webdriver.support.ui import WebDriverWait

        WebDriverWait(self.driver, 30, 0.05).until(lambda driver: driver.execute_script(script))

    def press(self, *keys):
        from selenium.webdriver.common.action_chains import ActionChains

        ActionChains(self.driver).send_keys(*keys).perform()

    def complaints(self):
        return [entry["message"] for entry in self.driver.get_log("browser")]


@pytest.fixture(scope="session")
def chromium():
    if not CHROMIUM or not DRIVER:
        absent("chromium or chromedriver")
    browser = Browser()
    yield browser
    browser.driver.quit()


@pytest.fixture
def browser(chromium):
    chromium.look()
    return chromium


@pytest.fixture(scope="session")
def reports(tmp_path_factory):
    """The report of a run of that many steps, made once."""
    made = {}

    def report(steps, **options):
        key = (steps, *sorted(options.items()))
        if key not in made:
            folder = write(tmp_path_factory.mktemp("runs") / "run", steps, **options)
            made[key] = write_report(folder)
        return made[key]

    return report


@pytest.fixture(scope="session")
def axe(tmp_path_factory):
    """The source of axe-core, an accessibility checker, from npm."""
    if not shutil.which("npm"):
        absent("npm")
    folder = tmp_path_factory.mktemp("axe")
    done = subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "axe-core@4"],
        cwd=folder, capture_output=True, text=True, check=False, timeout=180,
    )  # fmt: skip
    if done.returncode != 0:
        absent(f"axe-core ({done.stderr.strip()[-200:]})")
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
