from functools import partial

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models.functions import Round

from accounts.errors import AccountInUse
from accounts.models import User
from jobs.enums import BOOKED, CLOSED, BlockSide
from jobs.models import Block, Job, JobPhoto

ERASED = "(deleted)"


def job_guard_deletion(user: User) -> None:
    """:raises AccountInUse: while he has ordered a job that is not closed, or is to do one"""
    has_ordered = Job.objects.filter(customer=user).exclude(status__in=CLOSED).exists()
    if has_ordered or Job.objects.filter(technician__user=user, status__in=BOOKED).exists():
        raise AccountInUse("Finish or cancel your jobs first.")


@transaction.atomic
def job_erase_customer(user: User) -> None:
    """Take what the customer wrote, and where he lives, out of his jobs; that and when they were done stays."""
    jobs = Job.objects.filter(customer=user)
    jobs.update(
        description=ERASED,
        address=ERASED,
        cancel_note="",
        latitude=Round("latitude", precision=1),
        longitude=Round("longitude", precision=1),
    )
    Block.objects.filter(customer=user, set_by=BlockSide.CUSTOMER).update(note="")
    photos = JobPhoto.objects.filter(upload__owner=user)
    paths = list(photos.values_list("upload__file", flat=True))
    photos.delete()
    transaction.on_commit(partial(_files_drop, paths), robust=True)


def _files_drop(paths: list[str]) -> None:
    for path in paths:
        default_storage.delete(path)
