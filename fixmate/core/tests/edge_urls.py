"""Views whose effects can be counted, for the tests of what stands around every view."""

from django.db import connection
from django.urls import path
from rest_framework.exceptions import NotFound, Throttled
from rest_framework.permissions import AllowAny
from rest_framework.response import Response

from fixmate.core.api.envelope import not_found, server_error
from fixmate.core.api.limits import LimitsMixin
from fixmate.core.api.parsers import BoundedMultiPartParser, StrictJSONParser
from fixmate.core.api.viewsets import APIView
from fixmate.core.errors import Conflict, Invalid
from fixmate.core.models import Heartbeat
from fixmate.core.tallies import tally
from fixmate.core.tests.effects import FAR


class Wrong(Conflict):
    code = "WRONG"
    is_recorded = True


class Act(APIView):
    """Leaves a row for each time it ran, and then answers as its path says."""

    permission_classes = [AllowAny]
    parser_classes = [StrictJSONParser, BoundedMultiPartParser]

    def post(self, request, end):
        len(request.data)  # reads the body
        Heartbeat.objects.create(name=f"{end} {Heartbeat.objects.count()}", at=FAR)
        tally(f"ran:{end}")
        return getattr(self, end)(request)

    def made(self, request):
        return Response({"number": Heartbeat.objects.count()}, status=201, headers={"Location": "/x"})

    def empty(self, request):
        return Response(status=204)

    def token(self, request):
        return Response({"access_token": "abc"})

    def conflict(self, request):
        raise Conflict

    def recorded(self, request):
        raise Wrong

    def later(self, request):
        raise Throttled(wait=7)

    def missing(self, request):
        raise NotFound

    def bug(self, request):
        raise RuntimeError("secret")


class Uncounted(Act):
    is_idempotent = False


class LimitedAct(LimitsMixin, Act):
    limits = {"post": "uploads"}


class Slow(Act):
    """Makes ready what it says whether it was inside a transaction, or refuses."""

    def prepare(self, request):
        tally("ready")
        if request.data.get("is_bad"):
            raise Invalid(name=["Not this one."])
        return connection.in_atomic_block

    def made(self, request):
        return Response({"was_inside": self.prepared, "is_inside": connection.in_atomic_block}, status=201)


class Read(APIView):
    permission_classes = [AllowAny]

    def get(self, request, size):
        return Response({"text": "x" * size, "rows": Heartbeat.objects.count()})


class Fleeting(Read):
    has_etag = False


class Secret(Read):
    def get(self, request, size):
        return Response({"text": "x" * size, "start_code": "1234" if size % 2 else None})


urlpatterns = [
    path("act/<str:end>", Act.as_view()),
    path("uncounted/<str:end>", Uncounted.as_view()),
    path("limited/<str:end>", LimitedAct.as_view()),
    path("slow/<str:end>", Slow.as_view()),
    path("read/<int:size>", Read.as_view()),
    path("api/read/<int:size>", Read.as_view()),
    path("fleeting/<int:size>", Fleeting.as_view()),
    path("secret/<int:size>", Secret.as_view()),
]
handler404 = not_found
handler500 = server_error
