from accounts.models import User
from matching.models import Offer


def offer_erase_notes(user: User) -> None:
    """Take what the technician wrote out of the offers he declined."""
    Offer.objects.filter(technician__user=user).exclude(reject_note="").update(reject_note="")
