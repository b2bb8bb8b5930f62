from django.db import transaction
from django.db.models.functions import Round

from accounts.errors import AccountInUse
from accounts.models import User
from fixmate.core.files import uploads_erase
from jobs.enums import BOOKED, CLOSED, BlockSide, CancelReason, JobEventKind
from jobs.models import Block, Job, JobEvent, JobPhoto, QuoteRevision

ERASED = "(deleted)"


def job_guard_deletion(user: User) -> None:
    """:raises AccountInUse: while he has ordered a job that is not closed, or is to do one"""
    has_ordered = Job.objects.filter(customer=user).exclude(status__in=CLOSED).exists()
    if has_ordered or Job.objects.filter(technician__user=user, status__in=BOOKED).exists():
        raise AccountInUse("Finish or cancel your jobs first.")


@transaction.atomic
def job_erase_customer(user: User) -> None:
    """Take what the customer wrote, and where he lives, out of his jobs; that and when they were done stays.

    So does what he wrote about work he did for another: it is that one's proof of it. Not what he noted of one
    who was not there.
    """
    jobs = Job.objects.filter(customer=user)
    jobs.update(
        description=ERASED,
        address=ERASED,
        cancel_note="",
        latitude=Round("latitude", precision=1),
        longitude=Round("longitude", precision=1),
    )
    Job.objects.filter(technician__user=user, cancel_reason=CancelReason.NO_SHOW).update(cancel_note="")
    QuoteRevision.objects.filter(job__customer=user).exclude(decline_note="").update(decline_note="")
    Block.objects.filter(customer=user, set_by=BlockSide.CUSTOMER).update(note="")
    Block.objects.filter(technician__user=user, set_by=BlockSide.TECHNICIAN).update(note="")
    JobEvent.objects.filter(actor=user).exclude(kind=JobEventKind.COMPLETED).exclude(note="").update(note="")
    _photos_erase(user)


def _photos_erase(user: User) -> None:
    """Only of what he ordered: photos of work that he did for another are that one's proof of it."""
    photos = JobPhoto.objects.filter(upload__owner=user, job__customer=user)
    upload_ids = list(photos.values_list("upload_id", flat=True))
    photos.delete()
    uploads_erase(upload_ids)
