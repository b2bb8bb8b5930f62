from datetime import timedelta

from celery import shared_task

from fixmate.core.sweeps import sweep
from jobs.services import job_release_dark, job_remind_due, quote_expire_due


@sweep(every=timedelta(seconds=30))
@shared_task(name="jobs.remind_visits")
def remind_visits() -> None:
    job_remind_due()


@sweep(every=timedelta(seconds=30))
@shared_task(name="jobs.release_dark")
def release_dark() -> None:
    job_release_dark()


@sweep(every=timedelta(seconds=30))
@shared_task(name="jobs.expire_quotes")
def expire_quotes() -> None:
    quote_expire_due()
