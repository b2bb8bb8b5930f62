"""What the record of matching forgets. Passes and offers stay for ever; who was looked at in them does not."""

from datetime import timedelta

from django.conf import settings

from fixmate.core import clock
from fixmate.core.batches import purge
from matching.models import CandidateDecision, ShadowRanking


def decision_purge() -> int:
    """Remove candidates and shadow rankings of passes over `DECISION_KEEP_DAYS` old; return how many. Idempotent."""
    horizon = clock.now() - timedelta(days=settings.DECISION_KEEP_DAYS)
    kinds = (CandidateDecision, ShadowRanking)
    return sum(purge(kind._default_manager.filter(matching_pass__started_at__lt=horizon)) for kind in kinds)
