from typing import Any

from rest_framework import serializers

from fixmate.core.api.serializers import OutputSerializer
from notifications.enums import Kind
from notifications.models import Notification
from notifications.texts import body_of, title_of


class NotificationOutput(OutputSerializer):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=Kind.choices)
    title = serializers.SerializerMethodField()
    body = serializers.SerializerMethodField()
    payload = serializers.DictField(help_text="Ids and facts, for the app to link to what this is about.")
    created_at = serializers.DateTimeField()
    read_at = serializers.DateTimeField(allow_null=True)

    def get_title(self, notification: Notification) -> str:
        return title_of(notification.kind, notification.payload)

    def get_body(self, notification: Notification) -> str:
        return body_of(notification.kind, notification.payload, notification.user.role)


class UnreadCountOutput(OutputSerializer):
    unread = serializers.IntegerField()


NOTIFICATION_EXAMPLE: dict[str, Any] = {
    "id": "0197a3c5-6f2e-7c31-9d5b-2f6f0f6f8a11",
    "kind": "JOB_ASSIGNED",
    "title": "Tomas takes your job",
    "body": "Tomas takes Leaking tap. The app shows who comes, how to reach them, and the start code that you give "
    "them at the door.",
    "payload": {"job_id": "0197a3c5-1b1e-7d0a-8a3e-5f0c0a2b9c44", "service": "Leaking tap", "technician": "Tomas"},
    "created_at": "2026-01-15T10:30:00Z",
    "read_at": None,
}
