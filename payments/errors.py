from fixmate.core.errors import Conflict


class PaymentExists(Conflict):
    code, message = "PAYMENT_EXISTS", "This job has its payment."


class JobNotSettled(Conflict):
    code, message = "JOB_NOT_SETTLED", "The job has not ended in a way that allows this."
