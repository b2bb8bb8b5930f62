from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import User
from catalog.selectors import service_get_locked
from fixmate.core import audit, clock
from fixmate.core.errors import Invalid
from matching.models import ServiceRules, ServiceRulesState
from matching.rules import FIELDS, faults_of, values_of


@transaction.atomic
def service_rules_set(*, service_id: UUID, values: Mapping[str, Any], actor: User, reason: str) -> ServiceRules:
    """Set what is named for a service, None giving it back to the settings; the rest stays. Audited.

    Searches under way follow at their next pass; passes before are explained by what held for them. Locks the service's
    row: two changes at once do not lose each other.

    :raises NotFound: if there is no such service
    :raises Invalid: if a field is not known or its value out of range, or the reason is blank
    """
    unknown = {name: ["This field is not known."] for name in sorted(set(values) - set(FIELDS))}
    if unknown:
        raise Invalid(Invalid.message, **unknown)
    service = service_get_locked(service_id)
    rules = ServiceRules.objects.filter(service=service).first() or ServiceRules(service=service)
    before = values_of(rules)
    faults = faults_of({**before, **values})
    if faults:
        raise Invalid(Invalid.message, **faults)
    for name, value in values.items():
        setattr(rules, name, value)
    rules.save()
    after = values_of(rules)
    if after != before:
        ServiceRulesState.objects.create(service=service, at=clock.now(), values=after)
    audit.record(
        actor=actor,
        action="matching.service_rules.set",
        target=rules,
        reason=reason,
        before=before,
        after=after,
    )
    return rules
