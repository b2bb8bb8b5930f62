import pytest
from django.core.management import CommandError, call_command

from fixmate.ops import reference
from fixmate.ops.management.commands import api_docs


@pytest.fixture
def page(tmp_path, monkeypatch):
    """A copy of the page, for the command to write."""
    copy = tmp_path / "api-design.md"
    copy.write_text(reference.PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(api_docs, "PAGE", copy)
    return copy


def test_page_has_every_operation_and_every_error():
    """Where this fails: `manage.py api_docs`."""
    text = reference.PAGE.read_text(encoding="utf-8")

    assert reference.page_renewed(text) == text
    assert "| `POST /jobs/{id}/start` | T | Start the work | 200 |" in text
    assert "| `OFFER_EXPIRED` | 409 | The time to answer this offer is over. | `expires_at`, `server_now` |" in text


def test_command_writes_what_is_missing(page):
    whole = page.read_text(encoding="utf-8")
    page.write_text(whole.replace("| `OFFER_EXPIRED`", "| `OFFER_ENDED`"), encoding="utf-8")

    call_command("api_docs")

    assert page.read_text(encoding="utf-8") == whole


def test_check_fails_and_writes_nothing(page):
    old = page.read_text(encoding="utf-8").replace("| `OFFER_EXPIRED`", "| `OFFER_ENDED`")
    page.write_text(old, encoding="utf-8")

    with pytest.raises(CommandError, match="out of date"):
        call_command("api_docs", "--check")

    assert page.read_text(encoding="utf-8") == old


def test_page_without_a_place_is_refused():
    with pytest.raises(ValueError, match="no place for the endpoints"):
        reference.page_renewed("# A page\n")
