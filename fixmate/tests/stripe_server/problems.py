"""The refusals of the server, in Stripe's words and form."""


class Problem(Exception):
    """`is_kept` says whether the same key of idempotency gets the same refusal: not what no work was begun for."""

    def __init__(self, status, message, *, type="invalid_request_error", is_kept=True, **details):
        super().__init__(message)
        self.status = status
        self.is_kept = is_kept
        self.body = {"error": {"type": type, "message": message, **details}}


def unknown_parameter(names):
    return Problem(
        400,
        f"Received unknown parameter{'s' if len(names) > 1 else ''}: {', '.join(names)}",
        is_kept=False,
        code="parameter_unknown",
        param=names[0],
    )


def invalid(param, message=""):
    text = message or f"Invalid value for {param}."
    return Problem(400, text, is_kept=False, code="parameter_invalid", param=param)


def missing(kind, ref):
    return Problem(404, f"No such {kind}: '{ref}'", is_kept=False, code="resource_missing", param="id")


def unexpected_state(intent, action):
    return Problem(
        400,
        f"This PaymentIntent could not be {action} because it has a status of {intent['status']}.",
        code="payment_intent_unexpected_state",
        payment_intent=intent,
    )


def declined(code, decline_code, intent=None):
    details = {"code": code, "decline_code": decline_code}
    if intent:
        details["payment_intent"] = intent
    return Problem(402, "Your card was declined.", type="card_error", **details)
