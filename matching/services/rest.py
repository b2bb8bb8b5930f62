"""What the end of an offer means for its technician and for the job, by the rules of the service."""

from datetime import datetime

from jobs.models import Job
from matching.enums import AlertKind
from matching.models import Offer
from matching.rules import rules_for
from matching.selectors import refusal_count
from matching.services.alerts import alert_open
from technicians.services import (
    technician_note_declined,
    technician_rest_after_reject,
    technician_rest_after_silence,
    technician_rest_after_undelivered,
)


def rest_after_reject(job: Job, offer: Offer, at: datetime) -> None:
    """Count the refusal and have its technician rest; tell staff once many have declined the job.

    The caller has locked the job, then the offer, and has saved it as REJECTED.
    """
    rules = rules_for(job.service_id)
    technician_note_declined(technician_id=offer.technician_id)
    technician_rest_after_reject(technician_id=offer.technician_id, rest_s=rules.cooldown_reject_s, at=at)
    refusals = refusal_count(job.pk)
    if refusals >= rules.refusals_before_flag:
        alert_open(AlertKind.MANY_REFUSALS, str(job.pk), job=job, service=job.service, refusals=refusals)


def rest_after_expiry(job: Job, offer: Offer, at: datetime) -> None:
    """Have the technician rest; only an offer that he was shown counts as one he did not take.

    The caller has locked the job, then the offer, and has saved it as EXPIRED.
    """
    rules, who = rules_for(job.service_id), offer.technician_id
    if offer.is_undelivered:
        technician_rest_after_undelivered(technician_id=who, rest_s=rules.cooldown_undelivered_s, at=at)
        return
    technician_note_declined(technician_id=who)
    technician_rest_after_silence(
        technician_id=who,
        rest_s=rules.cooldown_silent_s,
        pause_after=rules.pause_after_silent,
        pause_s=rules.pause_s,
        at=at,
    )
