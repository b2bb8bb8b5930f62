"""The console is open to staff alone: every address of it, read from the resolver."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.services import user_suspend
from fixmate.tests.matrix.routes import CONSOLE, EVERYWHERE

pytestmark = pytest.mark.django_db
LOGIN = "/admin/login/"
OPEN = {LOGIN, "/admin/logout/"}
PAGES = sorted({route.shape for route in EVERYWHERE if route.path.startswith(CONSOLE)})


def addresses():
    """Return every address with something in the place of its parameters, login and logout left out."""
    plain = {re.sub(r"{}|\(\?P<\w+>.*", "1", page).replace("\\", "") for page in PAGES}
    return sorted(plain - OPEN)


def test_the_console_has_addresses():
    found = addresses()

    assert len(found) > 100
    assert {reverse("admin:index"), reverse("admin:jobs_job_changelist"), "/admin/jobs/job/1/change/"} <= set(found)
    assert [address for address in found if not re.fullmatch(r"[\w/.-]+", address)] == []


def fresh(world, actor):
    return User.objects.get(pk=world.people[actor].pk)


# Some are sent to every address, the others to every seventh: the door is the same for all of them
@pytest.mark.parametrize(
    ("actor", "step"),
    [("anonymous", 1), ("owner", 1), ("assigned", 7), ("unverified", 7), ("suspended", 7), ("barred", 7)],
)
def test_nobody_but_staff_gets_past_the_login(world, actor, step):
    client = Client()
    if actor == "barred":
        user_suspend(user_id=world.people["support"].pk, actor=world.people["admin"], reason="Left us.")
        client.force_login(fresh(world, "support"))
    elif actor in world.people:
        client.force_login(fresh(world, actor))
    answers = [(address, answer) for address in addresses()[::step] for answer in _both(client, address)]
    let_in = [(address, answer.status_code) for address, answer in answers if not _is_sent_to_login(answer)]

    assert let_in == []


def _both(client, address):
    return client.get(address), client.post(address, {"reason": "let me in"})


def _is_sent_to_login(answer):
    return answer.status_code == 302 and answer.headers["Location"].startswith(LOGIN)


def test_staff_get_past_it(world):
    client = Client()
    client.force_login(fresh(world, "support"))

    assert client.get(reverse("admin:index")).status_code == 200
