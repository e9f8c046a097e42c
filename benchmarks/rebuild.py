"""What the seconds of a rebuilt report go into: `python -m benchmarks.rebuild DIR`, as one line of JSON.

The parts of `python -m reports DIR --no-plots`, one after another; CPU seconds of this process.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sweeps.cli.garbage import look_seldom, uncollected


def parts(root: Path, into: Path) -> dict[str, float]:
    """Return the CPU seconds of each part, by its name; what is written goes `into` a directory."""
    from reports.analysis.sweep import analyse
    from reports.findings.report import told
    from reports.page import build
    from reports.page.adapter import content_of
    from reports.page.report import Report
    from reports.page.view import render
    from reports.runs.reader import load
    from reports.sources.judged import judged

    seconds = {"Python and the imports": time.process_time()}

    def of(part: str, work: Callable[[], Any]) -> Any:
        begin = time.process_time()
        result = work()
        seconds[part] = time.process_time() - begin
        return result

    results = of("reading plan and records, all but the new from the last report", lambda: load(root))
    analysis = of("statistics", lambda: analyse(results))
    claims = judged(results)
    tables = of("tables", lambda: {table.name: table for table in build.all_tables(analysis)})
    findings = of("findings", lambda: told(analysis, claims))
    report = Report(results, findings, analysis, tables, [], claims)
    of("writing tables", lambda: build.write_tables(report, into / "tables"))
    content = of("what the page holds", lambda: content_of(analysis, claims, build.files_of(report)))
    of("writing the page", lambda: render(content))
    of("keeping what was read", lambda: build.save_caches(results, into))
    return seconds


if __name__ == "__main__":
    look_seldom()
    with tempfile.TemporaryDirectory() as folder, uncollected():
        print(json.dumps(parts(Path(sys.argv[1]), Path(folder))))
