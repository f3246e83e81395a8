"""The table of conformance rows is complete, and what it names exists."""

import re

import pytest

import support
from conformance_rows import COVERED, DECIDED, SECTIONS, WAITING


def test_every_named_test_exists(request):
    """Against all tests that were collected; of a partial run only the files that take part are looked at."""
    collected = [re.sub(r"^.*?tests/", "", node) for node in request.session.collected_ids]
    files = {node.split("::")[0] for node in collected}
    for row, names in {**COVERED, **DECIDED}.items():
        assert names, row
        for name in names:
            if name.split("::")[0] in files and not request.config.getoption("keyword"):
                assert any(node.startswith(name) for node in collected), f"{row} names {name}, which is not there"


def test_no_row_is_both_covered_and_waiting():
    assert not set(COVERED) & set(WAITING)
    assert all(len(reason) > 20 for reason in WAITING.values())


def test_every_row_of_the_checklist_is_in_the_table():
    file = support.SHARED / "conformance.md"
    if not file.exists():
        pytest.skip(f"there is no checklist at {file}: set LEANAUTH_SHARED to the folder that holds it")
    section, rows, later, decided = None, set(), set(), set()
    for line in file.read_text().splitlines():
        if match := re.match(r"## (\d+)\.", line):
            section = int(match[1])
        elif line.startswith("# Part B"):
            section = None
        elif match := re.match(r"\| (C\d+) \|", line):
            decided.add(match[1])
        elif section and (match := re.match(r"\| ([A-Z]+-\d+) \|", line)):
            (rows if section in SECTIONS else later).add(match[1])
    assert len(rows) > 80
    assert rows == (set(COVERED) | set(WAITING)) - later
    assert decided == set(DECIDED)
