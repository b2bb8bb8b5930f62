from django_filters import ChoiceFilter, FilterSet

from accounts.enums import Role, UserStatus


class UserFilter(FilterSet):  # type: ignore[misc]
    role = ChoiceFilter(choices=Role.choices)
    status = ChoiceFilter(choices=UserStatus.choices)
