"""What the end of an offer means for its technician and for the job, by the rules of the service."""

from collections.abc import Sequence
from datetime import datetime

from jobs.models import Job
from matching.enums import AlertKind
from matching.models import Offer
from matching.rules import Rules, rules_for, rules_for_each
from matching.selectors import refusal_count
from matching.services.alerts import alert_open
from technicians.services import (
    Lapse,
    technician_note_declined,
    technician_rest_after_reject,
    technicians_note_lapsed,
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


def rest_after_expiry(lapsed: Sequence[tuple[Job, Offer]], at: datetime) -> None:
    """Have the technicians rest; only an offer that one was shown counts as one he did not take.

    The caller has locked the jobs, then the offers, and has saved these as EXPIRED.
    """
    rules = rules_for_each({job.service_id for job, _ in lapsed})
    technicians_note_lapsed([_lapse(offer, rules[job.service_id]) for job, offer in lapsed], at=at)


def _lapse(offer: Offer, rules: Rules) -> Lapse:
    return Lapse(
        technician_id=offer.technician_id,
        was_shown=not offer.is_undelivered,
        rest_s=rules.cooldown_undelivered_s if offer.is_undelivered else rules.cooldown_silent_s,
        pause_after=rules.pause_after_silent,
        pause_s=rules.pause_s,
    )
