from fixmate.core.errors import Conflict


class JobNotCompleted(Conflict):
    code, message = "JOB_NOT_COMPLETED", "Only a completed job can be reviewed."


class AlreadyReviewed(Conflict):
    code, message = "ALREADY_REVIEWED", "This job has its review."
