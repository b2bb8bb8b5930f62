import json

import pytest

from fixmate.tests.coverage_gate import faults, is_held_whole, main

WHOLE = {"missing_lines": [], "missing_branches": []}
HOLED = {"missing_lines": [3, 4], "missing_branches": [[7, -1]]}


def report(files, *, lines=100, branches=100):
    totals = {"covered_lines": lines, "num_statements": 100, "covered_branches": branches, "num_branches": 100}
    return {"files": files, "totals": totals}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("jobs/services.py", True),
        ("jobs/services/closing.py", True),
        ("jobs/selectors.py", True),
        ("jobs/models.py", True),
        ("fixmate/core/api/envelope.py", True),
        ("jobs/api/views.py", False),
        ("fixmate/ops/demo/run.py", False),
    ],
)
def test_gate_holds_services_selectors_models_and_core_whole(path, expected):
    assert is_held_whole(path) is expected


def test_gate_names_what_is_missing_in_a_held_file():
    found = faults(report({"jobs/services.py": HOLED, "jobs/api/views.py": HOLED, "jobs/models.py": WHOLE}))

    assert found == ["jobs/services.py: lines 3, 4; branches 7->-1"]


@pytest.mark.parametrize(
    ("lines", "branches", "expected"),
    [
        (80, 80, []),
        (79, 100, ["overall: 79.0 % of lines, the floor is 80 %"]),
        (100, 79, ["overall: 79.0 % of branches, the floor is 80 %"]),
    ],
)
def test_gate_holds_the_overall_floor(lines, branches, expected):
    assert faults(report({"jobs/services.py": WHOLE}, lines=lines, branches=branches)) == expected


@pytest.mark.parametrize(
    ("files", "expected"), [({"jobs/services.py": WHOLE}, 0), ({"jobs/services.py": HOLED}, 1), ({}, 1)]
)
def test_gate_exit_code_says_whether_it_holds(tmp_path, files, expected):
    path = tmp_path / "coverage.json"
    path.write_text(json.dumps(report(files)))

    assert main(str(path)) == expected
