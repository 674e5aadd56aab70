"""The report in a real browser: safe, readable at every width, usable by keyboard, without script."""

import pytest

SIZES = (1, 50, 10_000)
WIDTHS = (400, 900, 1600)


@pytest.mark.parametrize("steps", SIZES)
def test_it_opens_without_a_complaint(browser, reports, steps):
    browser.open(reports(steps, hostile=True))
    assert browser.complaints() == []
    assert browser.run("return document.querySelectorAll('#rows tr[data-row]').length") >= 1
    assert browser.run("return document.querySelectorAll('#rows tr').length") < 120


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("steps", SIZES)
def test_nothing_is_wider_than_the_window(browser, reports, steps, width, scheme):
    browser.look(width=width, scheme=scheme)
    browser.open(reports(steps, hostile=True))
    assert browser.run("return document.documentElement.scrollWidth") <= width
    browser.run("document.querySelector('#rows [data-row]').click()")
    browser.until("return !document.getElementById('detail').hidden")
    assert browser.run("return document.documentElement.scrollWidth") <= width


def test_schemes_differ_and_the_button_goes_through_them(browser, reports):
    background = "return getComputedStyle(document.body).backgroundColor"
    browser.open(reports(50))
    light = browser.run(background)
    browser.look(scheme="dark")
    dark = browser.run(background)
    assert light != dark
    click = "document.getElementById('theme').click()"
    browser.run(click)
    assert browser.run(background) == light
    browser.run(click)
    assert browser.run(background) == dark
    browser.run(click)
    assert browser.run("return document.documentElement.dataset.theme") is None


def test_hostile_text_is_only_text(browser, reports):
    browser.open(reports(50, hostile=True), "#s=reset-harmless%5Bnth%3D5%5D")
    browser.until("return document.querySelector('#detail pre') !== null")
    assert browser.run("return document.querySelectorAll('img, iframe, object, embed').length") == 0
    printed = browser.run("return document.getElementById('detail').textContent")
    assert "<script>alert(1)</script><img src=x onerror=alert(2)>" in printed
    assert "\x1b" not in printed
    assert "\u202e" not in printed
    assert browser.complaints() == []


def test_the_policy_stops_scripts_styles_and_requests(browser, reports):
    browser.open(reports(1))
    assert browser.run("""
        const attempts = [
            () => { const script = document.createElement("script"); script.text = "window.broken = 1"; document.head.append(script); },
            () => { document.body.setAttribute("onclick", "window.broken = 2"); document.body.click(); },
            () => { document.body.innerHTML += "<img src=x onerror='window.broken = 3'>"; },
        ];
        for (const attempt of attempts) try { attempt(); } catch { /* refused, as it has to be */ }
        return window.broken === undefined;
    """)
    assert browser.run("""
        document.body.setAttribute("style", "color: rgb(1, 2, 3)");
        return getComputedStyle(document.body).color !== "rgb(1, 2, 3)";
    """)
    browser.driver.set_script_timeout(5)
    refused = browser.driver.execute_async_script(
        "const done = arguments[0]; fetch('https://example.invalid/').then(() => done(false), () => done(true))"
    )
    assert refused


def test_a_link_to_a_step_opens_it(browser, reports):
    browser.open(reports(50), "#s=never-retried%5Bnth%3D2%5D")
    browser.until("return !document.getElementById('detail').hidden")
    text = browser.run("return document.getElementById('detail').innerText")
    for words in (
        "The exit status is 0, but it had to be other than 0.", "Expected and found",
        "faultrun campaigns/nvme-admin.yaml --seed 20260817 --only 'never-retried[nth=2]'",
        "read back", "after restore", "FAULT_INJECTION: forcing a failure.", "nvme_should_fail",
        "on the workload's path", "standard error", "the exit status is not 0",
    ):  # fmt: skip
        assert words in text
    assert browser.run("return document.querySelectorAll('#detail .klog .injected').length") == 1
    browser.run("location.hash = '#s=baseline'")
    browser.until("return document.getElementById('detail-title').textContent === 'baseline'")
    browser.run("history.back()")
    browser.until("return document.getElementById('detail-title').textContent !== 'baseline'")


def test_search_filter_and_sort_in_ten_thousand(browser, reports):
    browser.open(reports(10_000))
    result = "return document.getElementById('result').textContent"
    assert browser.run(result) == "10,000 steps"
    browser.run("document.querySelector('#chips [data-verdict=FAIL]').click()")
    failed = browser.run(result)
    assert failed.endswith(" of 10,000 steps")
    assert browser.run("return document.querySelector('#rows [data-row]').className") == "fail"
    assert "v=FAIL" in browser.run("return location.hash")
    browser.run("document.getElementById('clear').click()")
    browser.press("/")
    browser.press("io-status")
    browser.until("return document.getElementById('result').textContent.includes(' of ')")
    names = browser.run(
        "return [...document.querySelectorAll('#rows .c-id')].map(c => c.textContent)"
    )
    assert names
    assert all("io-status" in name for name in names)
    browser.run("document.querySelector('th.c-elapsed button').click()")
    assert browser.run("return document.querySelector('th.c-elapsed').ariaSort") == "ascending"
    browser.run("document.getElementById('clear').click()")
    browser.run("document.getElementById('scroller').scrollTop = 1e9")
    browser.until("return document.querySelector('[data-row=\"9999\"]') !== null")


def test_the_last_detail_of_ten_thousand_opens(browser, reports):
    browser.open(reports(10_000), "#s=after-all-83")
    browser.until("return !document.getElementById('detail').hidden")
    assert "after-all-83" in browser.run("return document.getElementById('detail').innerText")


def test_keyboard_alone_is_enough(browser, reports):
    from selenium.webdriver.common.keys import Keys

    browser.open(reports(50))
    browser.press("/")
    assert browser.run("return document.activeElement.id") == "query"
    browser.press(Keys.ARROW_DOWN)
    assert browser.run("return document.activeElement.dataset.row") == "0"
    browser.press(Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    assert browser.run("return document.activeElement.dataset.row") == "2"
    browser.press(Keys.ENTER)
    browser.until("return document.activeElement.id === 'detail'")
    browser.press(Keys.ESCAPE)
    assert browser.run("return document.getElementById('detail').hidden")
    assert browser.run("return document.activeElement.dataset.row") == "2"
    browser.press(Keys.END)
    assert browser.run("return document.activeElement.dataset.row") == "49"


def test_it_says_the_same_without_script(browser, reports):
    browser.look(scripts=False)
    page = reports(50)
    browser.driver.get("about:blank")
    browser.driver.get(page.as_uri())
    nodes = browser.cdp("DOM.getDocument", depth=0)["root"]["nodeId"]
    seen = browser.cdp("DOM.querySelectorAll", nodeId=nodes, selector=".plainstep")["nodeIds"]
    assert len(seen) == 50
    box = browser.cdp("DOM.getBoxModel", nodeId=seen[-1])["model"]
    assert box["height"] > 10
    table = browser.cdp("DOM.querySelector", nodeId=nodes, selector=".plain")["nodeId"]
    assert table


def test_print_shows_the_list_and_no_controls(browser, reports):
    browser.look(media="print", width=900)
    browser.open(reports(50))
    shown = "return getComputedStyle(document.querySelector(arguments[0])).display"
    assert browser.run(shown, ".static") == "block"
    assert browser.run(shown, ".workbench") == "none"
    assert browser.run(shown, ".top") == "none"
    assert browser.cdp("Page.printToPDF", printBackground=True)["data"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_accessibility(browser, reports, axe, width, scheme):
    browser.look(width=width, scheme=scheme)
    browser.open(reports(50, hostile=True), "#s=never-retried%5Bnth%3D2%5D")
    browser.until("return !document.getElementById('detail').hidden")
    browser.cdp("Runtime.evaluate", expression=axe)
    found = browser.driver.execute_async_script(
        "const done = arguments[0]; axe.run().then((r) => done(r.violations.map((v) =>"
        " [v.id, v.nodes.slice(0, 3).map((n) => n.html + ' ' + n.failureSummary)])))"
    )
    assert not found, "\n".join(map(str, found))
