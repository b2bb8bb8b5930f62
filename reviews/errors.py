from fixmate.core.errors import Conflict


class JobNotCompleted(Conflict):
    code, message = "JOB_NOT_COMPLETED", "Only a completed job can be reviewed."


class AlreadyReviewed(Conflict):
    code, message = "ALREADY_REVIEWED", "This job has its review."


class ReviewTooLate(Conflict):
    """Details: `limit_days`."""

    code, message = "REVIEW_TOO_LATE", "The time to review this job is over."


class AlreadyReplied(Conflict):
    code, message = "ALREADY_REPLIED", "This review has its answer."


class ReviewHidden(Conflict):
    code, message = "REVIEW_HIDDEN", "This review is hidden already."


class ReviewNotHidden(Conflict):
    code, message = "REVIEW_NOT_HIDDEN", "This review is not hidden."
