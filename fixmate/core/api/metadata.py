from typing import Any

from rest_framework.metadata import SimpleMetadata


class PlainMetadata(SimpleMetadata):
    """What OPTIONS answers: name and media types. The fields stand in the OpenAPI document.

    DRF would ask each view for one serializer of all its acts, which not every view has.
    """

    def determine_actions(self, request: Any, view: Any) -> dict[str, Any]:
        return {}
