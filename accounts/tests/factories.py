import factory
from django.utils import timezone

from accounts.enums import Role, UserStatus
from accounts.models import User

PASSWORD = "correct horse battery"


class UserFactory(factory.django.DjangoModelFactory):
    """An ACTIVE customer without a usable password; `password=` sets one. A phone alone is a proven one."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    phone = None
    email = factory.Sequence(lambda n: f"person{n}@example.com")
    first_name = "Ada"
    last_name = "Lovelace"
    role = Role.CUSTOMER
    status = UserStatus.ACTIVE
    verified_at = factory.LazyFunction(timezone.now)
    phone_verified_at = factory.LazyAttribute(lambda user: user.verified_at if user.phone and not user.email else None)

    class Params:
        technician = factory.Trait(role=Role.TECHNICIAN)
        admin = factory.Trait(role=Role.ADMIN)

    @classmethod
    def _create(cls, model_class, *args, password=None, **kwargs):
        user = model_class(**kwargs)
        if password:
            user.set_password(password)
        else:
            user.set_unusable_password()
        user.save(force_insert=True)
        return user
