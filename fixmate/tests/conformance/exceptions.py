"""What schemathesis may not hold against an operation, and why: the whole list.

A body as its schema has it may be refused with 400 all the same where the schema cannot say what is wrong: then the
refusal names these fields and no others. A code of its own, such as CODE_INVALID, is about what is there at the moment,
as a 409 is, and no matter of the schema. A form has no null: there an empty field stands for it. All else holds
everywhere.
"""

from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

_FILE = {"file": "a picture, or a PDF, by its content"}

SAYS_MORE_THAN_A_SCHEMA = {
    "auth_me_avatar_set": _FILE,
    "uploads_create": _FILE,
    "technicians_me_documents_upload": _FILE | {"expires_on": "a day to come"},
    "technicians_me_availability_replace": {"slots": "each ends after it starts, and none meets another"},
    "technicians_me_time_off_add": {"ends_at": "after the start"},
    "services_create": {"category_id": "of a category there is"},
    "services_update": {"category_id": "of a category there is"},
    "technicians_me_earnings": {"until": "after the start"},
    "jobs_cancel": {"note": "staff say why"},
    "admin_services_matching_rules_set": {"search_radius_m": "at most the widest radius, set now or before"},
    "technicians_me_statements": {"to": "after the start"},
    "payments_refund": {"dispute_id": "of a dispute about the job", "amount": "more than nothing"},
    "admin_rollouts_start": {"version_id": "of a version there is"},
    "admin_stats": {"from": "a period of a year at most"},
    "jobs_request": {"scheduled_for": "ahead, and not for next year"},
    "jobs_quotes_propose": {"lines": "more than nothing together"},
    "jobs_rematch": {"reason": "staff say why"},
}
EVERYWHERE = {"cursor": "one that this list has handed out"}
EMPTY_IS_NULL = {"technicians_me_documents_upload": "expires_on"}
_OF_THE_FORM = ("VALIDATION_ERROR", "MALFORMED_REQUEST")


def excluded_checks(case, response):
    """Return the checks that do not hold for this answer."""
    refused = [positive_data_acceptance] if _is_beyond_the_schema(case, response) else []
    return refused + ([negative_data_rejection] if _is_null_of_a_form(case) else [])


def _is_null_of_a_form(case):
    name = EMPTY_IS_NULL.get(case.operation.definition.raw["operationId"])
    return isinstance(case.body, dict) and name in case.body and case.body[name] in ("", None)


def _is_beyond_the_schema(case, response):
    named = EVERYWHERE | SAYS_MORE_THAN_A_SCHEMA.get(case.operation.definition.raw["operationId"], {})
    if response.status_code != 400:
        return response.status_code == 415 and "file" in named  # by its content it is a file of another kind
    error = response.json()["error"]
    return error["code"] not in _OF_THE_FORM or (bool(error["details"]) and error["details"].keys() <= named.keys())
