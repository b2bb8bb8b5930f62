"""An API of its own, so that core is tested without the apps above it."""

from django.core.exceptions import ObjectDoesNotExist, RequestDataTooBig, SuspiciousOperation
from django.db import IntegrityError
from django.http import Http404, HttpResponse
from django.urls import path
from django_filters import ChoiceFilter
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import exceptions, generics, serializers
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.exceptions import InvalidToken

from fixmate.core import errors
from fixmate.core.api.envelope import bad_request, forbidden, not_found, server_error
from fixmate.core.api.filters import FilterSet, MomentFilter
from fixmate.core.api.limits import LimitsMixin
from fixmate.core.api.permissions import HasRole, IsLoggedIn, IsVerified
from fixmate.core.api.serializers import (
    InputSerializer,
    LatitudeField,
    LongitudeField,
    MoneyField,
    NoBody,
    OutputSerializer,
    ReasonInput,
)
from fixmate.core.enums import OutboxStatus
from fixmate.core.models import OutboxMessage

RAISED = {
    "invalid": errors.Invalid(name=["No."]),
    "unauthenticated": errors.Unauthenticated(),
    "forbidden": errors.Forbidden("Not you."),
    "not_found": errors.NotFound(),
    "conflict": errors.Conflict(since="noon"),
    "domain": errors.DomainError(),
    "illegal": errors.IllegalTransition(state="RED", action="stop"),
    "gone": ObjectDoesNotExist(),
    "http404": Http404("secret/path"),
    "throttled": exceptions.Throttled(wait=41.2),
    "token": InvalidToken({"detail": "Bad", "messages": []}),
    "credentials": exceptions.AuthenticationFailed("Wrong.", code="INVALID_CREDENTIALS"),
    "list": exceptions.ValidationError(["No.", "Never."]),
    "fields": exceptions.ValidationError({"name": ["No."]}),
    "too_big": RequestDataTooBig("secret"),
    "teapot": exceptions.APIException("Short and stout."),
    "suspicious": SuspiciousOperation("secret"),
    "known_constraint": IntegrityError('duplicate key violates unique constraint "core_test_known"\nDETAIL: x'),
    "unknown_constraint": IntegrityError('duplicate key violates "x"\nDETAIL: core_test_known'),
    "bug": RuntimeError("secret in /srv/app.py"),
}


class OpenView(APIView):
    permission_classes = [AllowAny]


class RaiseView(OpenView):
    def get(self, request, name):
        raise RAISED[name]


class Thing(InputSerializer):
    name = serializers.CharField(max_length=10, required=False)
    kind = serializers.ChoiceField(["A", "B"], required=False)
    latitude = LatitudeField(required=False)
    longitude = LongitudeField(required=False)
    price = MoneyField(required=False)


class EchoView(OpenView):
    serializer = Thing

    def post(self, request):
        data = self.serializer.parse(request.data)
        return Response({name: str(value) for name, value in data.items()})


class NoBodyView(EchoView):
    serializer = NoBody


class ReasonView(EchoView):
    serializer = ReasonInput


class ContextView(OpenView):
    def get(self, request):
        return Response({"ip": request.META["FIXMATE_CLIENT_IP"], "path": request.path})


class DescribedView(OpenView):
    @extend_schema(responses={200: NoBody, 404: OpenApiResponse(description="Nothing of this number.")})
    def get(self, request, number):
        return Response({})


class Row(OutputSerializer):
    id = serializers.IntegerField()
    attempts = serializers.IntegerField()
    created_at = serializers.DateTimeField()


class RowFilter(FilterSet):
    status = ChoiceFilter(choices=OutboxStatus.choices)
    created_before = MomentFilter(field_name="created_at", lookup_expr="lt")


class RowsView(generics.ListAPIView):
    permission_classes = [AllowAny]
    serializer_class = Row
    ordering = ("-created_at",)
    ordering_fields = {"created_at": "created_at", "attempts": "attempts", "task": "task"}

    def get_queryset(self):
        return OutboxMessage.objects.all()


class FilteredView(RowsView):
    filterset_class = RowFilter


class MixedView(RowsView):
    ordering = ("-attempts", "task")
    ordering_fields = {}


class LimitedView(LimitsMixin, EchoView):
    limits = {"post": "login"}

    def post(self, request):
        return Response({})

    def get(self, request):
        return Response({})


class LoggedInView(ContextView):
    permission_classes = [IsLoggedIn]


class VerifiedView(ContextView):
    permission_classes = [IsVerified]


class StaffView(ContextView):
    permission_classes = [HasRole("ADMIN", "TECHNICIAN")]


def page(request):
    return HttpResponse("a page of the console")


urlpatterns = [
    path("raise/<str:name>", RaiseView.as_view()),
    path("echo", EchoView.as_view()),
    path("nothing", NoBodyView.as_view()),
    path("reason", ReasonView.as_view()),
    path("context", ContextView.as_view()),
    path("described/<int:number>", DescribedView.as_view()),
    path("rows", RowsView.as_view()),
    path("rows-again", RowsView.as_view()),
    path("filtered", FilteredView.as_view()),
    path("mixed", MixedView.as_view()),
    path("limited", LimitedView.as_view()),
    path("logged-in", LoggedInView.as_view()),
    path("verified", VerifiedView.as_view()),
    path("staff", StaffView.as_view()),
    path("admin/page/", page),
    path("forbidden", forbidden),
]
handler400 = bad_request
handler403 = forbidden
handler404 = not_found
handler500 = server_error
