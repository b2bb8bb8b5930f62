import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field

from accounts.addresses import email_normalise, phone_normalise
from accounts.enums import Role, UserStatus
from accounts.models import User
from fixmate.core.api.filters import FilterSet, MomentFilter, people_search


class UserFilter(FilterSet):
    role = django_filters.ChoiceFilter(choices=Role.choices)
    status = django_filters.MultipleChoiceFilter(choices=UserStatus.choices)
    email = django_filters.CharFilter(method="keep_email", max_length=254, label="The whole address.")
    phone = extend_schema_field({"type": "string", "format": "phone"})(
        django_filters.CharFilter(method="keep_phone", max_length=40, label="The whole number, in any form.")
    )
    search = people_search()
    created_after = MomentFilter(field_name="created_at", lookup_expr="gte")
    created_before = MomentFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = User
        fields: list[str] = []

    def keep_email(self, users: QuerySet[User], _name: str, value: str) -> QuerySet[User]:
        return users.filter(email=email_normalise(value))

    def keep_phone(self, users: QuerySet[User], _name: str, value: str) -> QuerySet[User]:
        return users.filter(phone=phone_normalise(value))
