from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny, BasePermission, IsAdminUser
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.filters import ServiceFilter
from catalog.api.serializers import (
    CategoryInput,
    CategoryOutput,
    ServiceExample,
    ServiceInput,
    ServiceOutput,
    UpkeepInput,
)
from catalog.errors import CategoryDeleted, NotDeleted, SlugTaken
from catalog.models import Category, Service
from catalog.selectors import category_list, category_list_all, service_list, service_list_all
from catalog.services import (
    category_create,
    category_delete,
    category_restore,
    category_update,
    service_create,
    service_delete,
    service_restore,
    service_update,
)
from fixmate.core.api.permissions import IsVerified
from fixmate.core.api.viewsets import ActViewSet

READS = {"list", "retrieve", "metadata"}


class CatalogueViewSet(ActViewSet[Any]):
    """Anybody reads; staff change. The catalogue stands beside accounts and knows staff, but no roles."""

    ordering = ("name",)
    ordering_fields = {"name": "name", "created_at": "created_at"}

    def get_permissions(self) -> list[BasePermission]:
        return [AllowAny()] if self.action in READS else [IsVerified(), IsAdminUser()]


@extend_schema(tags=["catalogue"])
@extend_schema_view(list=extend_schema(summary="List the categories", operation_id="categories_list"))
class CategoryViewSet(mixins.ListModelMixin, CatalogueViewSet):
    refusals = {"create": (SlugTaken,), "partial_update": (SlugTaken,), "restore": (NotDeleted,)}
    queryset = Category.objects.none()
    serializer_class = CategoryOutput

    def get_queryset(self) -> QuerySet[Category]:
        return category_list_all() if self.action == "restore" else category_list()

    @extend_schema(
        summary="Add a category",
        operation_id="categories_create",
        request=CategoryInput,
        responses={201: CategoryOutput},
    )
    def create(self, request: Request) -> Response:
        category = category_create(actor=request.user, **CategoryInput.parse(request.data))
        return self.answer(category, status.HTTP_201_CREATED)

    @extend_schema(
        summary="Change a category", operation_id="categories_update", request=CategoryInput, responses=CategoryOutput
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        category, body = self.asked(CategoryInput, partial=True)
        return self.answer(category_update(category_id=category.pk, actor=request.user, **body))

    @extend_schema(
        summary="Hide a category and its services",
        operation_id="categories_delete",
        request=UpkeepInput,
        responses={204: None},
    )
    def destroy(self, request: Request, pk: str) -> Response:
        category, body = self.asked(UpkeepInput)
        category_delete(category_id=category.pk, actor=request.user, **body)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        summary="Show a hidden category again",
        operation_id="categories_restore",
        request=UpkeepInput,
        responses=CategoryOutput,
    )
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: str) -> Response:
        category, body = self.asked(UpkeepInput)
        return self.answer(category_restore(category_id=category.pk, actor=request.user, **body))


@extend_schema(tags=["catalogue"])
@extend_schema_view(
    list=extend_schema(summary="List what can be ordered", operation_id="services_list"),
    retrieve=extend_schema(
        summary="Read a service",
        operation_id="services_read",
        examples=[OpenApiExample("A visit", value=ServiceExample.OUTPUT, response_only=True)],
    ),
)
class ServiceViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, CatalogueViewSet):
    refusals = {"create": (SlugTaken,), "partial_update": (SlugTaken,), "restore": (NotDeleted, CategoryDeleted)}
    queryset = Service.objects.none()
    serializer_class = ServiceOutput
    filterset_class = ServiceFilter

    def get_queryset(self) -> QuerySet[Service]:
        return service_list_all() if self.action == "restore" else service_list()

    @extend_schema(
        summary="Add a service",
        operation_id="services_create",
        request=ServiceInput,
        responses={201: ServiceOutput},
        examples=[OpenApiExample("A visit", value=ServiceExample.INPUT, request_only=True)],
    )
    def create(self, request: Request) -> Response:
        service = service_create(actor=request.user, **ServiceInput.parse(request.data))
        return self.answer(service, status.HTTP_201_CREATED)

    @extend_schema(
        summary="Change a service",
        description="Agreed prices of jobs stay what they are.",
        operation_id="services_update",
        request=ServiceInput,
        responses=ServiceOutput,
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        service, body = self.asked(ServiceInput, partial=True)
        return self.answer(service_update(service_id=service.pk, actor=request.user, **body))

    @extend_schema(
        summary="Take a service off the list",
        operation_id="services_delete",
        request=UpkeepInput,
        responses={204: None},
    )
    def destroy(self, request: Request, pk: str) -> Response:
        service, body = self.asked(UpkeepInput)
        service_delete(service_id=service.pk, actor=request.user, **body)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        summary="Put a service back on the list",
        operation_id="services_restore",
        request=UpkeepInput,
        responses=ServiceOutput,
    )
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: str) -> Response:
        service, body = self.asked(UpkeepInput)
        return self.answer(service_restore(service_id=service.pk, actor=request.user, **body))
