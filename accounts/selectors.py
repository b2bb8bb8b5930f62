from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import PROTECT, Case, Exists, ManyToOneRel, OuterRef, Q, QuerySet, Sum, When
from django.utils import timezone
from django_otp.plugins.otp_static.models import StaticToken

from accounts.addresses import Address, address_of
from accounts.devices import Authenticator
from accounts.enums import AddressKind, CodePurpose, Role, SocialProvider, UserStatus
from accounts.hooks import are_acquainted
from accounts.models import PROVEN_FIRST, CodeChallenge, RegistrationEntry, Session, SocialIdentity, User
from fixmate.core import clock
from fixmate.core.errors import NotFound


def user_list() -> QuerySet[User]:
    """Every account, deleted ones too: staff answer for what they left behind."""
    users: QuerySet[User] = User.objects.all()
    return users


def user_get(user_id: UUID) -> User:
    """
    :raises NotFound: if there is no such account
    """
    return _found(user_list().filter(pk=user_id).first())


def user_get_locked(user_id: UUID) -> User:
    """Lock the account until the transaction ends; rows that refer to it can still be added.

    :raises NotFound: if there is no such account
    """
    return _found(user_list().select_for_update(no_key=True).filter(pk=user_id).first())


def user_get_kept_locked(user_id: UUID) -> User:
    """Lock an account that is not deleted: what was asked for before its deletion may come after it.

    :raises NotFound: if there is no such account any more
    """
    user = user_get_locked(user_id)
    if user.status == UserStatus.DELETED:
        raise NotFound
    return user


def user_with_picture_seen_by(viewer: User, *, user_id: UUID) -> User:
    """Return the account whose picture this is: one's own, to staff anybody's, or of whom one has to do with.

    :raises NotFound: if there is none the viewer may see
    """
    user = user_list().filter(pk=user_id).exclude(avatar="").first()
    is_open = viewer.role == Role.ADMIN or viewer.pk == user_id
    # Whether there is one or not, the same is asked: that, too, would tell.
    if not is_open and not are_acquainted(viewer, user or User(pk=user_id)):
        raise NotFound
    return _found(user)


def user_find(address: Address) -> User | None:
    """Return whose address it is: who has proven it, or else who has registered under it and proven nothing yet.

    A phone number beside an e-mail address counts only once it is proven.
    """
    return _holders(address).first()


def user_find_locked(address: Address) -> User | None:
    """Lock the account until the transaction ends, as `user_get_locked` does."""
    return _holders(address).select_for_update(no_key=True).first()


def user_find_pending_locked(address: Address) -> User | None:
    """Lock the account that was registered under the address and has not proven it."""
    return _holders(address).filter(status=UserStatus.PENDING).select_for_update(no_key=True).first()


def _holders(address: Address) -> QuerySet[User]:
    users = user_list().order_by(PROVEN_FIRST)
    if address.kind == AddressKind.EMAIL:
        return users.filter(email=address.value)
    is_registered_under = Q(status=UserStatus.PENDING, email__isnull=True)
    return users.filter(Q(phone_verified_at__isnull=False) | is_registered_under, phone=address.value)


# Registrations nobody has proven


def user_ids_lapsed(*, before: datetime, after: UUID | None, limit: int) -> list[UUID]:
    """Return accounts that nobody has proven, registered before that time and sent no code since."""
    lapsed = _lapsed(before).order_by("pk")
    if after:
        lapsed = lapsed.filter(pk__gt=after)
    return list(lapsed.values_list("pk", flat=True)[:limit])


def user_find_lapsed_locked(user_id: UUID, *, before: datetime) -> User | None:
    """Lock the account, and look again: on PostgreSQL a lock that was waited for sees only its own row anew."""
    held = user_list().select_for_update(no_key=True).filter(pk=user_id, status=UserStatus.PENDING).first()
    return _lapsed(before).filter(pk=user_id).first() if held else None


def _lapsed(before: datetime) -> QuerySet[User]:
    recent = CodeChallenge.objects.filter(user=OuterRef("pk"), created_at__gt=before)
    entered = RegistrationEntry.objects.filter(user=OuterRef("pk"), created_at__gt=before)
    unproven = user_list().filter(status=UserStatus.PENDING, created_at__lte=before)
    return unproven.filter(~Exists(recent), ~Exists(entered))


def user_owns_anything(user: User) -> bool:
    """Tell whether a row of another app refers to the account and may not lose it. Its profile is a part of it."""
    references = (field for field in User._meta.get_fields(include_hidden=True) if isinstance(field, ManyToOneRel))
    owned = (it for it in references if it.on_delete is PROTECT and not it.one_to_one)
    fields = (it.field for it in owned if it.related_model._meta.app_label != User._meta.app_label)
    return any(field.model._default_manager.filter(**{field.name: user}).exists() for field in fields)


def user_find_by_email(email: str) -> User | None:
    return user_find(address_of(email=email))


def user_find_by_identity_locked(provider: SocialProvider, subject: str) -> User | None:
    """Lock the account that the provider's sign-in opens."""
    known = user_list().filter(identities__provider=provider, identities__subject=subject)
    return known.select_for_update(of=("self",), no_key=True).first()


def identity_list_of(user: User) -> QuerySet[SocialIdentity]:
    """Return which providers' sign-ins open the account."""
    return SocialIdentity.objects.filter(user=user)


def session_find_with_user(session_id: UUID) -> Session | None:
    """Read a session and its user in one query, ended or not."""
    return Session.objects.select_related("user").filter(pk=session_id).first()


def session_list_of(user: User) -> QuerySet[Session]:
    """Return every login of the user, ended or not."""
    return Session.objects.filter(user=user)


def session_list_open_of(user: User) -> QuerySet[Session]:
    """Return where the user is logged in: a session nobody refreshes in time ends by itself."""
    return session_list_of(user).filter(ended_at__isnull=True, expires_at__gt=clock.now())


def session_find_locked(session_id: UUID) -> Session | None:
    """Lock a session, not its user, until the transaction ends."""
    return Session.objects.select_for_update(of=("self",)).select_related("user").filter(pk=session_id).first()


def authenticator_find_begun(user: User, *, within: timedelta) -> Authenticator | None:
    """Return what the user has begun to add as second factor and not confirmed yet."""
    since = timezone.now() - within  # django-otp's columns go by this clock
    begun: Authenticator | None = Authenticator.objects.filter(user=user, confirmed=False, created_at__gt=since).first()
    return begun


def recovery_code_count(user: User) -> int:
    """Return how many recovery codes are left."""
    left: int = StaticToken.objects.filter(device__user=user).count()
    return left


def challenge_find_to_try(
    *, user_id: UUID, purpose: CodePurpose, asked_from: str, at: datetime, address: str | None = None
) -> CodeChallenge | None:
    """Return the code a guess is held against: the one this client asked for, else the newest that is good.

    One guess meets one code, however many are out: each more would make guessing easier.
    """
    good = CodeChallenge.objects.filter(
        user_id=user_id, purpose=purpose, closed_at__isnull=True, sent_at__isnull=False, expires_at__gt=at
    )
    if address is not None:
        good = good.filter(address=address)
    is_foreign = Case(When(asked_from=asked_from, then=0), default=1)
    return good.order_by(is_foreign, "-created_at", "-pk").first()


def challenge_count_since(*, user_id: UUID, address: str, since: datetime, asked_from: str | None = None) -> int:
    """Return how many codes were asked for since then by the account, or to the address: whichever are more.

    With `asked_from`, of this client alone.
    """
    recent = CodeChallenge.objects.filter(created_at__gt=since)
    if asked_from is not None:
        recent = recent.filter(asked_from=asked_from)
    return max(recent.filter(user_id=user_id).count(), recent.filter(address=address).count())


def challenge_tries_since(*, user_id: UUID, since: datetime) -> int:
    """Return how many guesses at codes asked for since then were looked at."""
    recent = CodeChallenge.objects.filter(user_id=user_id, created_at__gt=since)
    return recent.aggregate(total=Sum("tries"))["total"] or 0


def registration_list_of(user: User) -> QuerySet[RegistrationEntry]:
    """Return what was typed for an address nobody has proven, the newest first."""
    return RegistrationEntry.objects.filter(user=user).order_by("-pk")


def registration_list_superseded(*, before: datetime) -> QuerySet[RegistrationEntry]:
    """Return what was typed before that time by a client that has registered the address again since."""
    newer = RegistrationEntry.objects.filter(user=OuterRef("user"), asked_from=OuterRef("asked_from"))
    return RegistrationEntry.objects.filter(Exists(newer.filter(pk__gt=OuterRef("pk"))), created_at__lte=before)


def challenge_find_locked(challenge_id: UUID) -> CodeChallenge | None:
    """Lock a challenge until the transaction ends."""
    return CodeChallenge.objects.select_for_update(of=("self",)).select_related("user").filter(pk=challenge_id).first()


def _found(user: User | None) -> User:
    if user is None:
        raise NotFound
    return user
