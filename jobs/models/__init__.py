from jobs.models.jobs import Block, Job, JobEvent, JobPhoto
from jobs.models.prices import JobPrice, JobPriceLine, PriceLine
from jobs.models.quotes import QuoteLine, QuoteRevision

__all__ = [
    "Block",
    "Job",
    "JobEvent",
    "JobPhoto",
    "JobPrice",
    "JobPriceLine",
    "PriceLine",
    "QuoteLine",
    "QuoteRevision",
]
