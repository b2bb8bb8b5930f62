from rest_framework.request import Request

from accounts.models import User


class AuthedRequest(Request):
    """A request past the login: it has a user."""

    user: User
