from django.db import models


class OfferStatus(models.TextChoices):
    PENDING = "PENDING", "Pending"
    ACCEPTED = "ACCEPTED", "Accepted"
    REJECTED = "REJECTED", "Rejected"
    EXPIRED = "EXPIRED", "Expired"
    WITHDRAWN = "WITHDRAWN", "Withdrawn"
    RELEASED = "RELEASED", "Released"


LIVE = (OfferStatus.PENDING, OfferStatus.ACCEPTED)


class OfferSource(models.TextChoices):
    ENGINE = "ENGINE", "Matching"
    STAFF = "STAFF", "Staff"


class RejectReason(models.TextChoices):
    TOO_FAR = "TOO_FAR", "Too far"
    BUSY = "BUSY", "Busy"
    PRICE = "PRICE", "Price"
    NO_PARTS = "NO_PARTS", "No parts"
    OTHER = "OTHER", "Other"


class PassOutcome(models.TextChoices):
    OFFERED = "OFFERED", "Offered"
    NOBODY = "NOBODY", "Nobody passed the gates"
    EXHAUSTED = "EXHAUSTED", "Budget or offers spent"


class OfferEventKind(models.TextChoices):
    CREATED = "CREATED", "Created"
    SEEN = "SEEN", "Seen"
    ACCEPTED = "ACCEPTED", "Accepted"
    REJECTED = "REJECTED", "Rejected"
    EXPIRED = "EXPIRED", "Expired"
    WITHDRAWN = "WITHDRAWN", "Withdrawn"
    RELEASED = "RELEASED", "Released"


class Gate(models.TextChoices):
    """What a technician must pass to be asked. The order is the order they are shown in."""

    VERIFIED = "VERIFIED", "Verified"
    ONLINE = "ONLINE", "Online"
    DOCUMENTS = "DOCUMENTS", "Documents valid"
    SKILL = "SKILL", "Has the skill"
    TRAVEL_RADIUS = "TRAVEL_RADIUS", "Inside his travel radius"
    SEARCH_RADIUS = "SEARCH_RADIUS", "Inside the search radius"
    POSITION = "POSITION", "Position fresh"
    AVAILABLE = "AVAILABLE", "Available for the whole duration"
    FREE = "FREE", "Free at that time"
    WORKLOAD = "WORKLOAD", "Under the workload cap"
    NOT_TRIED = "NOT_TRIED", "Has not refused or cancelled this job"
    NO_LIVE_OFFER = "NO_LIVE_OFFER", "Holds no other live offer"
