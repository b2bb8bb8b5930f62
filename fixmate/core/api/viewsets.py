"""The bases of all views, and the shape of an act upon one thing: what is it and what is asked, one call, the answer.

No docstrings on the classes: the schema would show them to callers.
"""

from typing import Any, TypeVar

from django.db.models import Model
from rest_framework import status
from rest_framework.response import Response
from rest_framework.views import APIView as PlainView
from rest_framework.viewsets import GenericViewSet as PlainViewSet

from fixmate.core.api.edge import Edge
from fixmate.core.api.serializers import InputSerializer

M = TypeVar("M", bound=Model)


class APIView(Edge, PlainView):
    pass


class GenericViewSet(Edge, PlainViewSet[M]):
    pass


class ActViewSet(GenericViewSet[M]):
    def asked(self, body: type[InputSerializer], *, partial: bool = False) -> tuple[M, dict[str, Any]]:
        """Return the thing and the fields of the body, in this order: what nobody may know of is 404 before 400."""
        return self.get_object(), body.parse(self.request.data, partial=partial)

    def answer(self, thing: M, code: int = status.HTTP_200_OK) -> Response:
        return Response(self.get_serializer(thing).data, code)
