from django.db import models


class OutboxStatus(models.TextChoices):
    READY = "READY", "Ready"
    DONE = "DONE", "Done"
    DEAD = "DEAD", "Dead"


class UploadPurpose(models.TextChoices):
    JOB_PHOTO = "JOB_PHOTO", "Photo of a job"
    COMPLETION_PHOTO = "COMPLETION_PHOTO", "Photo of finished work"
    EVIDENCE = "EVIDENCE", "Evidence in a dispute"
    REVIEW_PHOTO = "REVIEW_PHOTO", "Photo in a review"
