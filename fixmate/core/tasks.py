from datetime import timedelta

from celery import shared_task

from fixmate.core import audit_heads, counters, files, idempotency, outbox, strays
from fixmate.core.sweeps import sweep


@sweep(every=timedelta(hours=1))
@shared_task(name="core.purge_outbox")
def purge_outbox() -> None:
    outbox.purge_done()


@sweep(every=timedelta(minutes=10))
@shared_task(name="core.purge_counters")
def purge_counters() -> None:
    counters.purge_expired()


@sweep(every=timedelta(hours=1))
@shared_task(name="core.purge_uploads")
def purge_uploads() -> None:
    files.upload_purge_unused()


@sweep(every=timedelta(hours=1))
@shared_task(name="core.remove_stray_files")
def remove_stray_files() -> None:
    strays.strays_remove()


@sweep(every=timedelta(hours=1))
@shared_task(name="core.purge_idempotency_claims")
def purge_idempotency_claims() -> None:
    idempotency.claims_purge()


@sweep(every=timedelta(hours=1))
@shared_task(name="core.log_audit_head")
def log_audit_head() -> None:
    audit_heads.head_log()
