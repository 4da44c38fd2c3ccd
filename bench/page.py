"""The page docs/reference/measures.md, of which each run writes the sections that it has measured."""

from pathlib import Path

from bench import table
from bench.arena import Size
from bench.findings import Report

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "measures.md"

_BREAK = "\n## "


def write_page(report: Report, size: Size, settings: dict[str, str], *, whole: bool) -> None:
    """Writes what was found. What is there of other measures stays: of growth, and what a test has printed.

    Growth with a few others beside it, and not the `whole`, is a section of its own, with what these have found.
    """
    beginning, *sections = PAGE.read_text().split(_BREAK) if PAGE.exists() else [""]
    parts = {section.partition("\n")[0]: section for section in sections}
    apart = bool(report.sheets) and not whole
    if report.findings and not apart:
        beginning, *sections = table.markdown(report, size, settings).split(_BREAK)
        parts = {section.partition("\n")[0]: section for section in sections} | {
            name: section for name, section in parts.items() if name not in ("Findings", "Speed and CPU")
        }
    if report.sheets:
        parts[table.GROWTH] = table.growth_markdown(report, size, settings, findings=apart).removeprefix("## ")
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(_BREAK.join((beginning, *parts.values())))
