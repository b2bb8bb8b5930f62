"""Keys of idempotency as Stripe means them: the first answer stands, whatever it was, for this very request alone."""

from threading import Lock

from fixmate.tests.stripe_server.problems import Problem


class Keys:
    def __init__(self):
        self._lock = Lock()
        self.forget()

    def forget(self):
        with self._lock:
            self._requests, self._answers = {}, {}

    def begin(self, key, request):
        """Return the answer of the first request with the key, or None to this one, which is the first."""
        with self._lock:
            known = self._requests.setdefault(key, request)
            if known != request:
                raise Problem(
                    400,
                    "Keys for idempotent requests can only be used with the same parameters they were first used with.",
                    type="idempotency_error",
                    is_kept=False,
                )
            if key in self._answers:
                answer = self._answers[key]
                if answer is None:
                    raise Problem(
                        409,
                        "There is currently another in-progress request using this Idempotent Key.",
                        type="idempotency_error",
                        is_kept=False,
                        code="idempotency_key_in_use",
                    )
                return answer
            self._answers[key] = None
            return None

    def end(self, key, answer):
        """Keep the answer; None forgets that the request was ever made."""
        with self._lock:
            if answer is None:
                self._requests.pop(key, None)
                self._answers.pop(key, None)
            else:
                self._answers[key] = answer
