"""What upper apps add to an account's life, in the same transaction; they fill this in their `guards` module."""

from collections.abc import Callable

from accounts.enums import Role
from accounts.models import User

ProfileMaker = Callable[[User], None]
_profile_makers: dict[str, ProfileMaker] = {}


def profile_made_by(role: Role, maker: ProfileMaker) -> None:
    """Have every account that gets the role get its profile.

    The maker is idempotent: an account nobody has verified may be registered over with another role, and back again.
    """
    _profile_makers[role] = maker


def make_profile(user: User) -> None:
    maker = _profile_makers.get(user.role)
    if maker:
        maker(user)
