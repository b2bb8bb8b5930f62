"""Not meeting again, over REST."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import mixins, serializers, status
from rest_framework.response import Response

from accounts.api.requests import AuthedRequest
from accounts.enums import Role
from fixmate.core.api.permissions import HasRole
from fixmate.core.api.serializers import InputSerializer, OutputSerializer
from fixmate.core.api.viewsets import GenericViewSet
from fixmate.core.errors import NotFound
from jobs.enums import BlockSide
from jobs.errors import NeverAssigned
from jobs.models import Block
from jobs.selectors import block_list_visible_to
from jobs.services import block_lift, block_set

_BLOCK = OpenApiExample(
    "Whoever did this job need not come again",
    value={"job_id": "0198f0c4-7a51-7c3e-9d0a-3f1f6f0f2b11", "note": "We did not get on."},
    request_only=True,
)


class BlockInput(InputSerializer):
    job_id = serializers.UUIDField(help_text="Where the two met.")
    note = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="", help_text="For you.")


class BlockOutput(OutputSerializer):
    """A block that holds, with the name of whoever is kept away as the job's page shows it: no contact details."""

    id = serializers.UUIDField()
    job_id = serializers.UUIDField()
    set_by = serializers.ChoiceField(choices=BlockSide.choices)
    first_name = serializers.SerializerMethodField(help_text="Of the other one.")
    note = serializers.CharField()
    created_at = serializers.DateTimeField()

    def get_first_name(self, block: Block) -> str:
        other = block.technician.user if block.set_by == BlockSide.CUSTOMER else block.customer
        return other.first_name


@extend_schema(tags=["blocks"])
@extend_schema_view(list=extend_schema(summary="List whom I do not want to meet again", operation_id="blocks_list"))
class BlockViewSet(mixins.ListModelMixin, GenericViewSet[Block]):
    refusals = {"create": (NeverAssigned, NotFound)}
    queryset = Block.objects.none()
    serializer_class = BlockOutput
    ordering = ("-created_at",)
    request: AuthedRequest

    def get_permissions(self) -> list[Any]:
        reads = self.action in {"list", "metadata"}
        roles = (Role.CUSTOMER, Role.TECHNICIAN, Role.ADMIN) if reads else (Role.CUSTOMER, Role.TECHNICIAN)
        return [HasRole(*roles)()]

    def get_queryset(self) -> QuerySet[Block]:
        return block_list_visible_to(self.request.user)

    @extend_schema(
        summary="Never meet the other side of a job again",
        description="Doing it again answers 200 with what holds. An assigned job stays assigned.",
        operation_id="blocks_set",
        request=BlockInput,
        responses={201: BlockOutput, 200: BlockOutput},
        examples=[_BLOCK],
    )
    def create(self, request: AuthedRequest) -> Response:
        block, is_new = block_set(actor=request.user, **BlockInput.parse(request.data))
        return Response(BlockOutput(block).data, status.HTTP_201_CREATED if is_new else status.HTTP_200_OK)

    @extend_schema(summary="Lift a block", operation_id="blocks_lift", responses={204: None})
    def destroy(self, request: AuthedRequest, pk: str) -> Response:
        block_lift(block_id=self.get_object().pk, actor=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)
