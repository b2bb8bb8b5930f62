"""A technician's account with the provider, as it says it stands."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from fixmate.core import clock
from fixmate.core.errors import NotFound
from fixmate.core.tests.http import client_for
from fixmate.core.tests.races import at_once
from payments.enums import CallStatus
from payments.errors import PayoutAccountsOff
from payments.models import PayoutAccount, ProviderCall
from payments.providers import AccountState, ProviderAway
from payments.selectors import payout_account_view
from payments.services import account_refresh, call_perform, payout_account_ask
from payments.tests.bank import bank
from payments.tests.factories import PaymentFactory, PayoutAccountFactory
from technicians.tests.factories import TechnicianFactory

__all__ = ["bank"]
pytestmark = pytest.mark.django_db

URL = "/api/v1/technicians/me/payout-account"
SECOND = timedelta(seconds=1)


@pytest.fixture
def technician():
    return TechnicianFactory()


def asked(technician):
    """Return the call by which his account is asked for."""
    account = payout_account_ask(user=technician.user)
    return account.calls.latest("id")


def opened(technician):
    assert call_perform(call_id=asked(technician).pk) is True
    return PayoutAccount.objects.get(technician=technician)


def view(technician):
    found = payout_account_view(technician.user)
    return found.status, found.is_waiting, found.link


# Asking


def test_an_account_is_asked_for_and_gets_a_link(noon, bank, technician):
    assert view(technician) == ("NONE", False, None)
    call = asked(technician)
    assert view(technician) == ("ASKED", True, None)

    call_perform(call_id=call.pk)

    link = "https://bank.example/acct_1/1?back=https://app.example/paid"
    account = PayoutAccount.objects.get()
    assert view(technician) == ("INCOMPLETE", False, link)
    assert (account.ref, account.read_at, str(account)) == ("acct_1", noon, "stripe acct_1")
    assert ProviderCall.objects.get().ref == "acct_1"


def test_asking_again_does_nothing_while_an_answer_is_awaited(noon, bank, technician):
    call = asked(technician)
    assert asked(technician) == call
    call_perform(call_id=call.pk)

    assert (ProviderCall.objects.count(), bank.links) == (1, 1)


def test_who_asks_again_gets_a_new_link_for_the_one_he_opened(noon, bank, technician):
    opened(technician)

    call = asked(technician)
    assert asked(technician) == call
    assert view(technician) == ("INCOMPLETE", True, None)
    call_perform(call_id=call.pk)

    assert view(technician) == ("INCOMPLETE", False, "https://bank.example/acct_1/2?back=https://app.example/paid")
    assert (list(bank.accounts), bank.links) == (["acct_1"], 2)


def test_an_account_whose_link_is_refused_is_kept(noon, bank, technician):
    bank.refuses_links = True
    account = opened(technician)

    assert (account.ref, account.link, account.calls.get().status) == ("acct_1", "", CallStatus.DONE)
    assert view(technician) == ("INCOMPLETE", False, None)

    bank.refuses_links = False
    opened(technician)

    assert view(technician)[2].startswith("https://bank.example/acct_1/1?")
    assert list(bank.accounts) == ["acct_1"]


def test_a_link_that_has_expired_is_fetched_anew(noon, bank, technician):
    opened(technician)
    with clock.frozen(noon + timedelta(minutes=4)):
        assert view(technician) == ("INCOMPLETE", False, None)

        opened(technician)

        assert view(technician)[2].startswith("https://bank.example/acct_1/2?")
    assert len(bank.accounts) == 1


def test_an_account_whose_answer_was_lost_is_opened_once(bank, technician):
    call = asked(technician)
    bank.loses_answers = True
    assert call_perform(call_id=call.pk) is False
    bank.loses_answers = False

    assert call_perform(call_id=call.pk) is True

    assert (list(bank.accounts), PayoutAccount.objects.get().ref) == (["acct_1"], "acct_1")


def test_refused_there_is_none_and_it_may_be_asked_for_again(bank, technician):
    bank.refusal = "country_unsupported"
    call_perform(call_id=asked(technician).pk)
    assert view(technician) == ("NONE", False, None)
    assert ProviderCall.objects.get().status == CallStatus.REFUSED

    bank.refusal = ""
    opened(technician)

    assert view(technician)[0] == "INCOMPLETE"


@pytest.mark.parametrize("missing", [{"PAYMENT_PROVIDER": "offline"}, {"PAYOUT_ACCOUNT_URL": ""}])
def test_where_nobody_is_paid_through_a_provider_there_is_none(bank, technician, settings, missing):
    for name, value in missing.items():
        setattr(settings, name, value)

    with pytest.raises(PayoutAccountsOff):
        payout_account_ask(user=technician.user)

    assert (PayoutAccount.objects.count(), ProviderCall.objects.count()) == (0, 0)


def test_who_is_no_technician_has_none(bank):
    with pytest.raises(NotFound):
        payout_account_ask(user=PaymentFactory().customer)


# What the provider says


def test_it_becomes_ready_and_unready(noon, bank, technician):
    account = opened(technician)
    bank.accept(account.ref)
    with clock.frozen(noon + SECOND):
        assert account_refresh(provider="stripe", ref=account.ref) is True
        assert account_refresh(provider="stripe", ref=account.ref) is True

    account = PayoutAccount.objects.get()
    assert (account.ready_at, account.link, account.link_expires_at) == (noon + SECOND, "", None)
    assert view(technician) == ("READY", False, None)

    bank.accounts[account.ref] = AccountState(account.ref, is_ready=False)
    account_refresh(provider="stripe", ref=account.ref)  # this reading began before the one that is there
    assert PayoutAccount.objects.get().is_ready
    with clock.frozen(noon + 2 * SECOND):
        account_refresh(provider="stripe", ref=account.ref)
    assert not PayoutAccount.objects.get().is_ready


def test_what_is_ready_needs_no_link(bank, technician):
    account = opened(technician)
    bank.accept(account.ref)
    account_refresh(provider="stripe", ref=account.ref)

    payout_account_ask(user=technician.user)

    assert ProviderCall.objects.count() == 1


def test_an_unknown_account_is_none_of_ours(bank):
    assert account_refresh(provider="stripe", ref="acct_9") is False
    assert account_refresh(provider="stripe", ref="") is False


def test_a_provider_that_is_away_changes_nothing(bank, technician):
    account = opened(technician)
    bank.is_down = True

    with pytest.raises(ProviderAway):
        account_refresh(provider="stripe", ref=account.ref)

    assert PayoutAccount.objects.get().read_at == account.read_at


# What the database holds


@pytest.mark.parametrize(
    "facts",
    [
        {"provider": "offline"},
        {"ref": "", "ready": True},
        {"link": "https://bank.example"},
        {"link_expires_at": datetime(2026, 3, 2, tzinfo=UTC)},
    ],
)
def test_the_database_refuses_accounts_that_cannot_be(facts):
    with pytest.raises(IntegrityError), transaction.atomic():
        PayoutAccountFactory(**facts)


def test_one_account_with_a_provider(technician):
    PayoutAccountFactory(technician=technician)

    with pytest.raises(IntegrityError), transaction.atomic():
        PayoutAccountFactory(technician=technician)


# Over REST and in the console


def test_a_technician_asks_over_rest(noon, bank, technician):
    client = client_for(technician.user)

    answer = client.post(URL)
    call_perform(call_id=ProviderCall.objects.get().pk)

    none = {"link": None, "link_expires_at": None, "ready_at": None}
    assert (answer.status_code, answer.json()) == (
        202,
        {"provider": "stripe", "status": "ASKED", "is_waiting": True, **none},
    )
    assert client.get(URL).json() == {
        "provider": "stripe",
        "status": "INCOMPLETE",
        "is_waiting": False,
        "link": "https://bank.example/acct_1/1?back=https://app.example/paid",
        "link_expires_at": "2026-03-02T12:04:00Z",
        "ready_at": None,
    }


def test_where_there_is_none_it_is_told(technician):
    client = client_for(technician.user)

    assert client.get(URL).json()["status"] == "NONE"
    assert client.post(URL).json()["error"]["code"] == "PAYOUT_ACCOUNTS_OFF"


def test_the_console_keeps_the_link_to_itself(bank, technician, client, staff):
    account = opened(technician)
    client.force_login(staff)

    page = client.get(reverse("admin:payments_payoutaccount_change", args=[account.pk])).content.decode()

    assert account.ref in page
    assert "bank.example" not in page


# Races


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_asked_for_by_many_at_once_it_is_asked_once(bank, technician):
    at_once(*[lambda: payout_account_ask(user=technician.user)] * 6)

    assert (PayoutAccount.objects.count(), ProviderCall.objects.count()) == (1, 1)
