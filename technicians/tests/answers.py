"""What the tests of the API compare."""


def refusal(answer):
    """Return status, code and the fields of the details."""
    error = answer.json()["error"]
    return answer.status_code, error["code"], sorted(error["details"])
