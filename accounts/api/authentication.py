from typing import cast

from rest_framework.exceptions import AuthenticationFailed, ErrorDetail, PermissionDenied
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import InvalidToken
from rest_framework_simplejwt.tokens import Token

from accounts.api import door  # noqa: F401 - whoever lets people in also keeps them out
from accounts.api.tokens import MALFORMED, MAX_TOKEN_LENGTH, AccessToken, session_id_of
from accounts.errors import AccountSuspended, TokenInvalid
from accounts.models import User
from accounts.selectors import session_find_with_user
from accounts.services import session_require_usable
from fixmate.core.errors import Unauthenticated


class SessionJWTAuthentication(JWTAuthentication):
    """simplejwt verifies the token; one query then says whether its session still stands, and whose it is."""

    def get_header(self, request: Request) -> bytes:
        try:
            return super().get_header(request)
        except UnicodeEncodeError as exc:  # a server may hand on what no header can hold
            raise InvalidToken from exc

    def get_validated_token(self, raw_token: bytes) -> Token:
        if len(raw_token) > MAX_TOKEN_LENGTH:
            raise InvalidToken
        try:
            return super().get_validated_token(raw_token)
        except MALFORMED as exc:
            raise InvalidToken from exc

    def get_user(self, validated_token: Token) -> User:  # type: ignore[override]
        # DRF has to see its own exceptions here: at any other it would try to authenticate a second time.
        try:
            session = session_require_usable(session_find_with_user(session_id_of(validated_token)))
        except TokenInvalid as exc:
            raise AuthenticationFailed(ErrorDetail(exc.text, code=exc.code)) from exc
        except AccountSuspended as exc:
            raise PermissionDenied(ErrorDetail(exc.text, code=exc.code)) from exc
        if str(session.user_id) != validated_token.get("sub"):
            raise InvalidToken
        cast(AccessToken, validated_token).session = session
        return session.user

    def token_of(self, request: Request) -> Token:
        """Return the verified token of the header, whatever became of its session.

        :raises Unauthenticated: if there is none
        :raises TokenInvalid: if it is not one of ours, or too old
        """
        try:
            header = self.get_header(request)
            raw = self.get_raw_token(header) if header else None
            if raw is None:
                raise Unauthenticated
            return self.get_validated_token(raw)
        except AuthenticationFailed as exc:
            raise TokenInvalid from exc
