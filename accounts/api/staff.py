"""What staff read and decide about accounts."""

from collections.abc import Callable

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.api.filters import UserFilter
from accounts.api.requests import AuthedRequest
from accounts.api.serializers import StaffUserOutput
from accounts.api.viewsets import StaffViewSet
from accounts.errors import StaffNotRestricted
from accounts.models import User
from accounts.selectors import user_list
from accounts.services import user_reinstate, user_restrict, user_suspend
from fixmate.core.api.serializers import ReasonInput

_ABUSE = OpenApiExample("Abuse", value={"reason": "Threatened a technician."}, request_only=True)
_MISTAKE = OpenApiExample("A mistake", value={"reason": "It was somebody else."}, request_only=True)
_UNPAID = OpenApiExample("Unpaid", value={"reason": "Two invoices are unpaid."}, request_only=True)


@extend_schema(tags=["staff"])
@extend_schema_view(list=extend_schema(operation_id="admin_users_list", summary="List accounts"))
class StaffUserViewSet(mixins.ListModelMixin, StaffViewSet[User]):
    refusals = {"restrict": (StaffNotRestricted,)}
    serializer_class = StaffUserOutput
    filterset_class = UserFilter
    ordering = ("-created_at",)
    ordering_fields = {"created_at": "created_at"}
    step_up = frozenset({"suspend", "restrict", "reinstate"})

    def get_queryset(self) -> QuerySet[User]:
        return user_list()

    @extend_schema(
        operation_id="admin_users_suspend",
        summary="Suspend an account",
        description="Its sessions end at once, and it cannot log in. Its owner is told by mail, with the reason.",
        request=ReasonInput,
        examples=[_ABUSE],
    )
    @action(detail=True, methods=["post"])
    def suspend(self, request: AuthedRequest, pk: str) -> Response:
        return self._decide(user_suspend)

    @extend_schema(
        operation_id="admin_users_restrict",
        summary="Restrict an account",
        description="A customer finishes what he has ordered and orders nothing new; a technician finishes the jobs he "
        "has and is offered no others. Both read, pay, review and dispute as before. The owner is told, with the "
        "reason.",
        request=ReasonInput,
        examples=[_UNPAID],
    )
    @action(detail=True, methods=["post"])
    def restrict(self, request: AuthedRequest, pk: str) -> Response:
        return self._decide(user_restrict)

    @extend_schema(
        operation_id="admin_users_reinstate",
        summary="Lift a suspension or a restriction",
        description="The owner is told. Who was suspended logs in anew; a technician goes online himself.",
        request=ReasonInput,
        examples=[_MISTAKE],
    )
    @action(detail=True, methods=["post"])
    def reinstate(self, request: AuthedRequest, pk: str) -> Response:
        return self._decide(user_reinstate)

    def _decide(self, service: Callable[..., User]) -> Response:
        user, body = self.asked(ReasonInput)
        return self.answer(service(user_id=user.pk, actor=self.request.user, **body))
