from fixmate.core.casefiles import CasePart, case_parts, case_told_by


def test_parts_of_one_name_are_told_once(monkeypatch):
    monkeypatch.setattr("fixmate.core.casefiles._parts", {})
    first, second, third = [CasePart(name, "A title", ("x",), lambda _: [(1,)]) for name in ("one", "two", "one")]

    case_told_by(first, second)
    case_told_by(third)

    assert case_parts() == [third, second]
