from rest_framework.exceptions import AuthenticationFailed, ErrorDetail, PermissionDenied
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.tokens import Token

from accounts.api.tokens import session_id_of
from accounts.errors import AccountSuspended, TokenInvalid
from accounts.models import User
from accounts.selectors import session_find_with_user
from accounts.services import session_require_usable
from fixmate.core.errors import Unauthenticated


class SessionJWTAuthentication(JWTAuthentication):
    """simplejwt verifies the token; one query then says whether its session still stands, and whose it is."""

    def get_user(self, validated_token: Token) -> User:  # type: ignore[override]
        # DRF has to see its own exceptions here: at any other it would try to authenticate a second time.
        try:
            session = session_require_usable(session_find_with_user(session_id_of(validated_token)))
        except TokenInvalid as exc:
            raise AuthenticationFailed(ErrorDetail(exc.text, code=exc.code)) from exc
        except AccountSuspended as exc:
            raise PermissionDenied(ErrorDetail(exc.text, code=exc.code)) from exc
        return session.user

    def token_of(self, request: Request) -> Token:
        """Return the verified token of the header, whatever became of its session.

        :raises Unauthenticated: if there is none
        :raises TokenInvalid: if it is not one of ours, or too old
        """
        header = self.get_header(request)
        try:
            raw = self.get_raw_token(header) if header else None
            if raw is None:
                raise Unauthenticated
            return self.get_validated_token(raw)
        except AuthenticationFailed as exc:
            raise TokenInvalid from exc
