"""A sweep as one archive that others can check: records, page, hashes, and how to train some of it again.

Made twice of the same records it is the same to the byte: names are sorted and files carry no date.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from reports.page.build import write_report
from reports.page.drafts import draft_for
from reports.runs.results import Results
from sweeps.cli.application import option_for
from sweeps.cli.version import PROJECT, version
from sweeps.records.content import recorded, recorded_at_first
from sweeps.records.errors import UserError
from sweeps.records.layout import (
    CHECKSUMS,
    CLAIMS,
    CONFIG,
    EXCLUDED,
    HIDDEN,
    HISTORY,
    NOTES,
    PLAN,
    REPORT,
    REPORT_DIR,
    cell_dirs,
)
from sweeps.records.plan import read_plan
from sweeps.records.record import load_records
from sweeps.records.untrusted import read_file

CHECKOUT = Path(__file__).parents[2]
LOCK_FILE, CITATION = "requirements.lock", "CITATION.cff"
OF_A_RUN = (REPORT, HISTORY, CONFIG)
EPOCH = (1980, 1, 1, 0, 0, 0)  # the date that a ZIP file has when it has none
PLAIN_FILE = 0o100644 << 16


def bundle(results: Results, to: Path, claims: Path | None = None) -> str:
    """Write a sweep's archive and return what is in it, in a line. Raises UserError where `to` cannot be."""
    if to.suffix != ".zip":
        raise UserError(f"--to {to}: must be the name of a .zip file")
    if not to.parent.is_dir():
        raise UserError(f"--to {to}: there is no directory {to.parent}")
    with draft_for(to) as draft:
        files = dict(contents(results, claims, draft / REPORT_DIR))
        files[CHECKSUMS] = checksums(files)
        write_zip(draft / to.name, results.directory.resolve().name, files)
        (draft / to.name).replace(to)
    runs = sum(name.endswith(f"/{REPORT}") for name in files)
    return f"{to}: {runs:,} runs, {len(files):,} files, {to.stat().st_size / 1e6:,.1f} MB"


def contents(results: Results, claims: Path | None, report: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of every file but the checksums; the report is built as `report`."""
    root = results.directory
    yield from plain_files(root)
    yield from ((f"{REPORT_DIR}/{name}", content) for name, content in report_files(results, claims, report))
    if claims is not None:
        yield f"claims/{claims.name}", claims.read_bytes()
    yield "README.md", readme(root, results.sweep).encode()
    yield CITATION, citation().encode()
    yield LOCK_FILE, lock_file().encode()
    licence = CHECKOUT / "LICENSE"
    if licence.is_file():
        yield "LICENSE", licence.read_bytes()


def plain_files(root: Path) -> Iterator[tuple[str, bytes]]:
    """Yield what a sweep and those below it left: plans, notes, exclusions, diffs, each run's files."""
    parts = [root, *sorted(path.parent for path in root.glob(f"*/{PLAN}"))]
    plans = [part / name for part in parts for name in (PLAN, NOTES, EXCLUDED)]
    hidden = [path for part in parts for path in (part / HIDDEN).glob("*")]
    hidden = [path for path in hidden if path.suffix == ".diff" or path.name == CLAIMS]
    runs = [folder / name for part in parts for folder in cell_dirs(part).values() for name in OF_A_RUN]
    for path in [*plans, *hidden, *runs]:
        try:
            yield path.relative_to(root).as_posix(), read_file(path)
        except FileNotFoundError:
            continue
        except ValueError as error:
            raise UserError(f"{path}: {error}; it cannot be put into a bundle") from error


def report_files(results: Results, claims: Path | None, place: Path) -> list[tuple[str, bytes]]:
    """Return the report's page, findings and tables, built from the records as they are now."""
    name = Path(results.directory.resolve().name)
    folder = write_report(results, plots=False, claims=claims, out=place, called=name).parent
    kept = [folder / "index.html", *folder.glob("*.json"), *(folder / "tables").iterdir()]
    return [(path.relative_to(folder).as_posix(), path.read_bytes()) for path in kept]


def checksums(files: Mapping[str, bytes]) -> bytes:
    """Return the SHA-256 of every file, as `sha256sum --check` reads it."""
    lines = (f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    return "".join(lines).encode()


def write_zip(path: Path, folder: str, files: Mapping[str, bytes]) -> None:
    """Write files below one folder into a ZIP, sorted and without dates."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(f"{folder}/{name}", EPOCH)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, PLAIN_FILE
            archive.writestr(entry, files[name])


def readme(root: Path, sweep: str) -> str:
    """Return what the archive is and how to check it."""
    plan, records = read_plan(root), load_records(root)
    complete = [record.data for record in records.values() if record.is_complete]
    facts = [record.get("provenance") or {} for record in complete]
    data = sorted({data_of(each) for each in complete})
    return "\n".join(
        [
            f"# {sweep}",
            "",
            f"{len(complete):,} runs with a result of {len(plan.cells) if plan else len(records):,} planned; "
            f"{made_with(facts)}this archive was made with {PROJECT} {version()}.",
            "",
            "- `report/index.html`: the report, one page; `report/tables/runs.csv`: all figures of all runs",
            f"- `{PLAN}`: what was planned, and the commands; `<cell>/{REPORT}`, `{HISTORY}`, `{CONFIG}`: "
            "each run's record, curve and full configuration",
            f"- `{HIDDEN}/*.diff`: what differed from the commit that a record names, where it says so",
            f"- `{LOCK_FILE}`: the packages to install; `{CITATION}`: how to cite the software",
            "",
            "## Check it",
            "",
            "```sh",
            f"sha256sum --check {CHECKSUMS}  # nothing was changed on the way",
            "mlp-report .                   # builds the report from the records again",
            f"{f'mlp-verify . --cells 5 {option_for(plan)}':<30} "
            "# trains five of the runs again and compares every bit",
            "```",
            "",
            f"`mlp-verify` reads the archive itself, too. {machines(facts)}"
            "Another processor or BLAS gives close figures, not equal bits.",
            "",
            "SHA-256 of the data:",
            "",
            *(f"- {line}" for line in data),
            "",
        ]
    )


def made_with(facts: Sequence[Mapping[str, object]]) -> str:
    """Return which version of this software made the runs; empty if no record says."""
    known = any(fact.get("version") for fact in facts)
    return f"made with {PROJECT} {listed(facts, 'version')}; " if known else ""


def machines(facts: Sequence[Mapping[str, object]]) -> str:
    """Return what the runs were made on, in a sentence; empty if no record says."""
    if not any(fact.get("cpu") for fact in facts):
        return ""
    return (
        f"The runs were made on {listed(facts, 'cpu')}, with {listed(facts, 'blas')} "
        f"({listed(facts, 'blas_architecture')}), NumPy {listed(facts, 'numpy')}, "
        f"Python {listed(facts, 'python')}. "
    )


def data_of(record: Mapping[str, Any]) -> str:
    """Return name and hash of the data of a run, as its record says."""
    dataset = record.get("dataset") or {"name": (record.get("choices") or {}).get("dataset")}
    return (
        f"{dataset.get('name') or 'data'}: {recorded(record) or recorded_at_first(record) or 'not recorded'}"
    )


def listed(facts: Sequence[Mapping[str, object]], key: str) -> str:
    """Return the distinct values of a fact, in a line."""
    return ", ".join(sorted({str(each[key]) for each in facts if each.get(key) is not None})) or "unknown"


def citation() -> str:
    """Return how to cite the software: the checkout's file, else the same from what is installed."""
    path = CHECKOUT / CITATION
    if path.is_file():
        return path.read_text(encoding="utf-8")
    return (
        "cff-version: 1.2.0\nmessage: If you use this software or its results, please cite it.\n"
        f"title: {PROJECT}\ntype: software\nversion: {version()}\nlicense: MIT\n"
        f"authors:\n  - name: The {PROJECT} developers\n"
    )


def lock_file() -> str:
    """Return the checkout's locked requirements; without a checkout, what is installed here."""
    path = CHECKOUT / LOCK_FILE
    if path.is_file():
        return path.read_text(encoding="utf-8")
    return "".join(sorted({f"{each.name}=={each.version}\n" for each in metadata.distributions()}))
