"""The file of a JUnit report; tests/cli/test_check_reports.py covers its content."""

from __future__ import annotations

from pathlib import Path

import pytest

from sse_cli.check.reports import junit
from sse_cli.model.errors import UsageError
from tests.support.permissions import closed_folder


def test_a_report_in_a_folder_without_permission_is_an_error_before_the_run(
    tmp_path: Path,
) -> None:
    path = tmp_path / "closed" / "report.xml"
    path.parent.mkdir()
    with closed_folder(path.parent), pytest.raises(UsageError) as caught:
        junit.prepare(str(path))
    assert caught.value.message == f"can't write the JUnit report to {path}: permission denied"


def test_the_folder_of_a_report_is_created(tmp_path: Path) -> None:
    junit.prepare(str(tmp_path / "a" / "b" / "report.xml"))
    assert [*(tmp_path / "a").iterdir()] == [tmp_path / "a" / "b"]
