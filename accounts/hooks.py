"""What upper apps add to an account's life, in the same transaction; they fill this in their `guards` module."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from accounts.enums import Role
from accounts.models import User

ProfileMaker = Callable[[User], None]
Eraser = Callable[[User], None]
DeletionGuard = Callable[[User], None]
Acquaintance = Callable[[User, User], bool]
_EXPORT_BATCH = 500


@dataclass(frozen=True, slots=True)
class ExportPart:
    """One list in what a person is given about himself: the columns of his rows, the oldest first.

    `told` takes out of a row what is another's: it keeps the names of the fields.
    """

    name: str
    about: str
    columns: tuple[str, ...]
    rows: Callable[[User], QuerySet[Any]]
    told: Callable[[dict[str, Any]], dict[str, Any]] = dict

    @property
    def fields(self) -> tuple[str, ...]:
        """Return what the columns are called in the document: those of other tables without the ORM's underscores."""
        return tuple(column.replace("__", "_") for column in self.columns)

    def rows_of(self, user: User) -> Iterator[dict[str, Any]]:
        """Yield the rows a batch at a time, so that a long history needs no memory."""
        rows = self.rows(user).order_by("pk").values_list(*self.columns)
        for row in rows.iterator(chunk_size=_EXPORT_BATCH):
            yield self.told(dict(zip(self.fields, row, strict=True)))


_profile_makers: dict[str, ProfileMaker] = {}
_erasers: list[Eraser] = []
_deletion_guards: list[DeletionGuard] = []
_export_parts: dict[str, ExportPart] = {}
_acquaintances: list[Acquaintance] = []


def profile_made_by(role: Role, maker: ProfileMaker) -> None:
    """Have every account that gets the role get its profile.

    The maker is idempotent: an account nobody has verified may be registered over with another role, and back again.
    """
    _profile_makers[role] = maker


def make_profile(user: User) -> None:
    maker = _profile_makers.get(user.role)
    if maker:
        maker(user)


# Deletion


def erased_by(eraser: Eraser) -> None:
    """Have the eraser take out of its app's rows what says who somebody was. It is idempotent."""
    _erasers.append(eraser)


def deletion_guarded_by(guard: DeletionGuard) -> None:
    """Have the guard raise AccountInUse while the account cannot be spared."""
    _deletion_guards.append(guard)


def erase_parts(user: User) -> None:
    """Erase first, ask afterwards: erasers take locks, and what a guard sees under them holds.

    A refusal takes the whole transaction back.

    :raises AccountInUse: if the account cannot be spared
    """
    for eraser in _erasers:
        eraser(user)
    for guard in _deletion_guards:
        guard(user)


# Export


def exported_as(*parts: ExportPart) -> None:
    """Add lists to what a person is given about himself."""
    _export_parts.update({part.name: part for part in parts})


def export_parts() -> list[ExportPart]:
    return list(_export_parts.values())


# Acquaintance


def acquainted_by(acquaintance: Acquaintance) -> None:
    """Have the function tell whether the first may see who the second is."""
    _acquaintances.append(acquaintance)


def are_acquainted(viewer: User, other: User) -> bool:
    return any(acquaintance(viewer, other) for acquaintance in _acquaintances)
