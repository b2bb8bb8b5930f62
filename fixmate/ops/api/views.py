"""What stands at the root: is it alive, what is here, and the documentation, all from local files."""

from functools import cache
from typing import Any

from django.http import HttpResponse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer,
    OpenApiYamlRenderer2,
)
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView, SpectacularSwaggerView
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from fixmate.core.api.downloads import AnyAccept
from fixmate.core.errors import DomainError, Forbidden
from fixmate.ops.api.scraping import may_scrape
from fixmate.ops.health import Health, health_now
from fixmate.ops.metrics import metrics_text

# The pages bring their own scripts; whatever else those would load, a logo or a validator's badge, stays out.
_CONTENT_POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "script-src 'self' 'unsafe-inline'; worker-src 'self' blob:; "
    "object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


class NotReady(DomainError):
    code, status, message = "SERVICE_UNAVAILABLE", 503, "This process cannot serve requests now."


class OpenView(APIView):
    """Open to anybody, with no look at who asks: it must answer while the database is away."""

    authentication_classes = []
    permission_classes = [AllowAny]


class RootView(OpenView):
    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        links = {
            "api": "/api/v1",
            "schema": "/api/v1/schema",
            "docs": "/docs",
            "redoc": "/redoc",
            "console": "/admin/",
            "health": "/healthz",
            "ready": "/readyz",
            "metrics": "/metrics",
        }
        return Response(
            {"name": "FixMate", "links": {name: request.build_absolute_uri(at) for name, at in links.items()}}
        )


@method_decorator(never_cache, name="dispatch")
class AliveView(OpenView):
    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        return Response({"status": "ok"})


@method_decorator(never_cache, name="dispatch")
class ReadyView(OpenView):
    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        health = health_now()
        if not health.is_ready:
            raise NotReady(**health.vital)
        return Response({"status": _status_of(health), "checks": health.vital | health.degraded})


def _status_of(health: Health) -> str:
    return "degraded" if health.is_degraded else "ready"


@method_decorator(never_cache, name="dispatch")
class MetricsView(OpenView):
    content_negotiation_class = AnyAccept

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        if not may_scrape(request):
            raise Forbidden
        return HttpResponse(metrics_text(), content_type=CONTENT_TYPE_PLAIN_0_0_4)


# The document


class CachedSchemaGenerator(SchemaGenerator):
    """Makes the document once a process: it depends on nothing but the code, and takes a second."""

    def get_schema(self, request: Request | None = None, public: bool = False) -> Any:
        return _schema()


@cache
def _schema() -> Any:
    return SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]


class SchemaView(SpectacularAPIView):
    generator_class = CachedSchemaGenerator
    renderer_classes = [OpenApiJsonRenderer, OpenApiJsonRenderer2, OpenApiYamlRenderer, OpenApiYamlRenderer2]


class _LocalPage(APIView):
    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Content-Security-Policy"] = _CONTENT_POLICY
        return response


class DocsView(_LocalPage, SpectacularSwaggerView):
    pass


class RedocView(_LocalPage, SpectacularRedocView):
    template_name = "redoc.html"
