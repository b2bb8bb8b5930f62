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


OFFER_ENDED = "offer_ended:"  # and the kind of the end: the tally that `/metrics` shows
OFFER_ENDS = (
    OfferEventKind.ACCEPTED,
    OfferEventKind.REJECTED,
    OfferEventKind.EXPIRED,
    OfferEventKind.WITHDRAWN,
    OfferEventKind.RELEASED,
)


class Gate(models.TextChoices):
    """What a technician must pass to be asked. The order is the order they are shown in."""

    VERIFIED = "VERIFIED", "Verified"
    ACCOUNT = "ACCOUNT", "Account may take new work"
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
    NOT_EXCLUDED = "NOT_EXCLUDED", "Not excluded from this job by staff"
    NOT_BLOCKED = "NOT_BLOCKED", "He and the customer are willing to meet"
    REFUSAL_MEMORY = "REFUSAL_MEMORY", "Nothing he declined lately speaks against it"
    RESTED = "RESTED", "Neither cooling down nor paused"
    NO_LIVE_OFFER = "NO_LIVE_OFFER", "Holds no other live offer"


class ChosenBy(models.TextChoices):
    """How an offer came to go to just this technician."""

    RANK = "RANK", "He came first"
    LOT = "LOT", "By lot, among the nearest"
    TURN = "TURN", "It was his turn"
    STAFF = "STAFF", "By staff"


class RolloutMode(models.TextChoices):
    """How a policy version is used while its rollout lasts."""

    DEFAULT = "DEFAULT", "Every job that no share takes"
    SHARE = "SHARE", "A share of the jobs, drawn by hash"
    SHADOW = "SHADOW", "Ranks and is recorded, decides nothing"


class AlertKind(models.TextChoices):
    """What staff should look at."""

    SCARCITY = "SCARCITY", "More jobs wait here than technicians are free"
    MANY_REFUSALS = "MANY_REFUSALS", "Many have declined this job"
    UNMATCHED = "UNMATCHED", "Nobody was found"
    POLICY_FAILED = "POLICY_FAILED", "A policy failed or was too slow"
