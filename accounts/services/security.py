from accounts.enums import SecurityEventKind
from accounts.models import SecurityEvent, User
from fixmate.core import clock, context


def security_event_add(kind: SecurityEventKind, *, user: User | None) -> SecurityEvent:
    """Put one line on record: what happened to whose account, from where. Nothing a person typed is kept."""
    where = context.current()
    return SecurityEvent.objects.create(
        kind=kind,
        user=user,
        at=clock.now(),
        ip_address=where.ip_address,
        user_agent=where.user_agent,
        request_id=where.request_id,
    )
