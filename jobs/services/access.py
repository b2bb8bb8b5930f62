"""Whose job it is: checked again on the locked row, whatever the view has seen before."""

from accounts.enums import Role
from accounts.models import User
from fixmate.core.errors import Forbidden, NotFound
from jobs.models import Job
from technicians.models import Technician
from technicians.selectors import technician_get_of_user


def job_check_customer(job: Job, actor: User) -> None:
    """:raises Forbidden: unless the actor ordered the job"""
    if job.customer_id != actor.pk:
        raise Forbidden("Only the customer who ordered the job may do this.")


def job_check_technician(job: Job, actor: User) -> Technician:
    """Return the assigned technician.

    :raises NotFound: if the actor is not he: a job that was given back is not his to know any more
    """
    technician = technician_get_of_user(actor)
    if job.technician_id != technician.pk:
        raise NotFound
    return technician


def job_check_party(job: Job, actor: User) -> None:
    """:raises NotFound: unless the actor is the customer, the assigned technician, or staff"""
    is_technician = job.technician is not None and job.technician.user_id == actor.pk
    if actor.role != Role.ADMIN and job.customer_id != actor.pk and not is_technician:
        raise NotFound
