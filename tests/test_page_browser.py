import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from reports.page.build import write_report
from reports.runs.reader import load
from tests import synthetic
from tests.browser import Browser, browser, find_chromium

pytestmark = pytest.mark.page

AXES = {"activation": ["relu", "gelu"], "loss": ["mse", "hinge"], "model.hidden": [[128], [256, 64]]}
MANY = {
    "activation": ["selu", "swish", "relu", "gelu"],
    "loss": ["mse", "softmax_ce", "hinge", "focal"],
    "model.hidden": [[128], [256, 64]],
    "optimizer.weight_decay": [0.0, 0.0005, 0.001, 0.005, 0.01],
    "optimizer.lr": [0.1, 0.03, 0.01, 0.003, 0.001],
}
HOSTILE = (
    "<script>document.title='run'</script><img src=x onerror=\"document.title='run'\">'\"&\u202e\u0645"
    + "x" * 300
)
LATENCY_MS = 500
WCAG_AA = 4.5


@pytest.fixture(scope="module")
def page() -> Iterator[Browser]:
    path = find_chromium()
    if path is None:
        if os.environ.get("REQUIRE"):
            pytest.fail("no Chromium here")
        pytest.skip("no Chromium here: make test-page installs it where it can")
    with browser(path) as made:
        made.resize(1280, 900)
        yield made


def build(root: Path, cells: list[synthetic.Cell], sweep: str = "grid", plots: bool = True) -> str:
    """Return the address of the page of a made-up sweep."""
    return write_report(load(synthetic.write_sweep(root, cells, sweep)), plots=plots).as_uri()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> str:
    cells = synthetic.grid(AXES, seeds=range(5))
    cells[0].status, cells[7].status, cells[11].status = "diverged", "missing", "failed"
    return build(tmp_path_factory.mktemp("small"), cells)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> str:
    cells = synthetic.grid({"loss": ["mse", HOSTILE], "activation": ["relu", "gelu\u202e<b>"]})
    for one, name in zip(cells, "abcd", strict=True):
        one.name = f"{name}<i>'\"&%#?-{one.cell_id}"
    cells[0].status = "failed"
    cells[0].extra = {"error": {"type": "Error", "message": HOSTILE, "traceback": HOSTILE}}
    return build(tmp_path_factory.mktemp("hostile"), cells, HOSTILE)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> str:
    cells = synthetic.with_accidents(synthetic.grid(MANY, seeds=range(5)), np.random.default_rng(0))
    assert len(cells) == 4000 and len(cells) // 5 == 800
    return build(tmp_path_factory.mktemp("large"), cells, plots=False)


def complaints(page: Browser) -> list[str]:
    """Return what the browser complained of: exceptions, whatever is on the console, failed requests."""
    thrown = [event["exceptionDetails"]["text"] for event in page.of("Runtime.exceptionThrown")]
    logged = [event["entry"]["text"] for event in page.of("Log.entryAdded")]
    printed = [event["type"] for event in page.of("Runtime.consoleAPICalled")]
    failed = [event["errorText"] for event in page.of("Network.loadingFailed")]
    return thrown + logged + printed + failed


def column(page: Browser, name: str) -> list[str]:
    """Return what the table of all runs shows in one column."""
    script = """(name => {
      const all = (selector) => [...document.querySelectorAll(`#run-table ${selector}`)];
      const place = all("thead th").map(cell => cell.textContent).indexOf(name);
      return all("tbody tr").map(row => row.children[place].textContent);
    })"""
    found: list[str] = page.run(f"{script}({name!r})")
    return found


def press(page: Browser, name: str) -> float:
    """Press the head of a column, and return how long the page was busy, in ms."""
    script = """(name => {
      const buttons = [...document.querySelectorAll("#run-table thead button")];
      const button = buttons.find(b => b.textContent === name);
      const start = performance.now();
      button.click();
      document.body.offsetHeight;
      return performance.now() - start;
    })"""
    return float(page.run(f"{script}({name!r})"))


def choose(page: Browser, name: str, value: str) -> float:
    """Choose a value of a filter, or type into the search, and return how long the page was busy, in ms."""
    script = """((name, value) => {
      const labels = [...document.querySelectorAll("#filters label")];
      const label = labels.find(l => l.firstChild.textContent.trim() === name);
      const box = label.querySelector("select, input"), start = performance.now();
      box.value = value;
      box.dispatchEvent(new Event(box.tagName === "SELECT" ? "change" : "input"));
      document.body.offsetHeight;
      return performance.now() - start;
    })"""
    return float(page.run(f"{script}({name!r}, {value!r})"))


def shown(page: Browser) -> str:
    return str(page.run("document.getElementById('shown').textContent"))


def test_the_console_stays_silent(page: Browser, small: str) -> None:
    page.open(small)
    assert complaints(page) == []


def test_no_request_leaves_the_disk(page: Browser, small: str) -> None:
    page.open(small)
    load_images(page)
    asked = {event["request"]["url"] for event in page.of("Network.requestWillBeSent")}
    assert small in asked
    assert all(url.startswith(small.removesuffix("index.html")) for url in asked)


def load_images(page: Browser) -> None:
    """Open every section and wait for its pictures; raises RuntimeError for one that cannot be decoded."""
    page.run("document.querySelectorAll('details').forEach(box => { box.open = true; })")
    page.run("document.querySelectorAll('img').forEach(image => { image.loading = 'eager'; })")
    page.run("Promise.all([...document.images].map(image => image.decode())).then(() => true)")


def test_every_image_loads(page: Browser, small: str) -> None:
    page.open(small)
    load_images(page)
    sizes = page.run("[...document.images].map(image => [image.naturalWidth, image.alt.length])")
    assert len(sizes) > 10 and all(width > 100 and words > 10 for width, words in sizes)
    assert complaints(page) == []


def test_a_click_on_a_head_sorts_and_another_turns_the_order_round(page: Browser, small: str) -> None:
    page.open(small)
    press(page, "test accuracy")
    down = [float(text) for text in column(page, "test accuracy") if text != "–"]
    assert len(down) == 37 and down == sorted(down, reverse=True)
    assert column(page, "test accuracy")[-3:] == ["–"] * 3
    press(page, "test accuracy")
    up = [float(text) for text in column(page, "test accuracy") if text != "–"]
    assert up == sorted(up) and column(page, "test accuracy")[-3:] == ["–"] * 3
    sort = "document.querySelector('#run-table [aria-sort]')"
    assert page.run(f"[{sort}.ariaSort, {sort}.textContent]") == ["ascending", "test accuracy"]


def test_factors_sort_in_their_own_order_not_by_letters(page: Browser, large: str) -> None:
    page.open(large)
    press(page, "lr")
    assert set(column(page, "lr")) == {"0.001"}
    press(page, "lr")
    assert set(column(page, "lr")) == {"0.1"}


def test_filters_and_search_narrow_the_table_together(page: Browser, small: str) -> None:
    page.open(small)
    assert shown(page) == "40 of 40 runs"
    choose(page, "loss", "hinge")
    assert shown(page) == "20 of 40 runs" and set(column(page, "loss")) == {"hinge"}
    choose(page, "activation", "gelu")
    assert shown(page) == "10 of 40 runs"
    choose(page, "Search", "256-64 SEED=3")
    assert shown(page) == "1 of 40 runs"
    choose(page, "Search", "no such run")
    assert shown(page) == "0 of 40 runs"
    for name in ("loss", "activation", "Search"):
        choose(page, name, "")
    assert shown(page) == "40 of 40 runs"


def linked_files(page: Browser) -> list[str]:
    """Return the paths that the rows of the table link to."""
    links = "[...document.querySelectorAll('#run-table a')]"
    return list(page.run(f"{links}.map(link => decodeURIComponent(new URL(link.href).pathname))"))


def test_every_link_of_a_run_leads_to_a_file(page: Browser, small: str) -> None:
    page.open(small)
    names = linked_files(page)
    assert len(names) == 39 * 3  # the missing run has no files
    assert [name for name in names if not Path(name).is_file()] == []


def test_a_link_into_a_closed_section_opens_it(page: Browser, small: str) -> None:
    page.open(small)
    page.run("location.hash = '#table-contrasts'")
    page.run("new Promise(done => setTimeout(done, 100))")
    assert page.run("document.querySelector('#table-contrasts').open")


def test_the_page_works_with_the_keyboard_alone(page: Browser, small: str) -> None:
    page.open(small)
    seen = []
    for _ in range(12):
        for kind in ("keyDown", "keyUp"):
            page.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
        seen.append(page.run("document.activeElement.textContent || document.activeElement.id"))
    assert seen[0] == "Skip to the findings"
    assert {"Grid", "Rankings", "Runs"} <= set(seen)


def test_hostile_text_stays_text(page: Browser, hostile: str) -> None:
    page.open(hostile)
    load_images(page)
    assert complaints(page) == []
    assert page.run("document.title").startswith("<script>")
    assert page.run("document.querySelectorAll('script').length") == 2
    assert page.run("[...document.querySelectorAll('b, i')].every(e => !e.textContent.includes('gelu'))")
    assert HOSTILE[:60] in "".join(column(page, "why"))
    names = linked_files(page)
    assert len(names) == 12 and all(Path(name).is_file() for name in names)


@pytest.mark.parametrize("width", [360, 768, 1280, 2200])
def test_the_page_never_scrolls_sideways(
    page: Browser, small: str, hostile: str, large: str, width: int
) -> None:
    page.resize(width, 900)
    for url in (small, hostile, large):
        page.open(url)
        page.run("document.querySelectorAll('details').forEach(box => { box.open = true; })")
        wide = page.run("document.documentElement.scrollWidth")
        assert wide <= width, f"{wide} px at a width of {width}"
    page.resize(1280, 900)


def test_thousands_of_runs_answer_at_once(page: Browser, large: str) -> None:
    page.open(large)
    assert shown(page) == "4000 of 4000 runs"
    times = [press(page, "test accuracy"), press(page, "loss"), press(page, "seed")]
    times += [
        choose(page, "loss", "hinge"),
        choose(page, "Search", "relu 0.0005"),
        choose(page, "Search", ""),
    ]
    assert max(times) < LATENCY_MS
    assert page.run("document.querySelectorAll('#run-table tbody tr').length") <= 50
    assert page.run("performance.timing.loadEventEnd - performance.timing.navigationStart") < 5000


CONTRAST = """(() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const read = (colours) => {
    canvas.clearRect(0, 0, 1, 1);
    for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map(x => x / 255).map(x => x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const low = [];
  for (const element of document.querySelectorAll("main *, header *, nav *")) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.checkVisibility() || element.disabled) continue;
    const behind = [];
    for (let box = element; box; box = box.parentElement) {
      behind.unshift(getComputedStyle(box).backgroundColor);
    }
    const paper = light(read(behind)), ink = light(read([...behind, getComputedStyle(element).color]));
    const ratio = (Math.max(paper, ink) + 0.05) / (Math.min(paper, ink) + 0.05);
    const words = element.textContent.trim().slice(0, 30);
    if (ratio < LIMIT) low.push(`${element.tagName} ${element.className} "${words}" ${ratio.toFixed(2)}`);
  }
  return [...new Set(low)];
})()"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_stands_out_from_what_is_behind_it(page: Browser, small: str, scheme: str) -> None:
    page.media(prefers_color_scheme=scheme)
    page.open(small)
    page.run("document.querySelectorAll('details').forEach(box => { box.open = true; })")
    assert page.run(CONTRAST.replace("LIMIT", str(WCAG_AA))) == []
    page.media()


def test_print_shows_what_the_screen_folds_away(page: Browser, small: str, tmp_path: Path) -> None:
    page.open(small)
    page.pdf(tmp_path / "page.pdf")
    content = (tmp_path / "page.pdf").read_bytes()
    assert content.startswith(b"%PDF") and len(re.findall(rb"/Type\s*/Page\b", content)) >= 3
    page.media("print")
    visible = "[...document.querySelectorAll('.tab')].every(tab => tab.checkVisibility())"
    assert page.run(visible)
    assert not page.run("document.querySelector('nav').checkVisibility()")
    page.media()
