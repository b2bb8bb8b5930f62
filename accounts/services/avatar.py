"""The picture of oneself: private, re-encoded, one at a time."""

from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from accounts.models import User
from accounts.selectors import user_get_kept_locked
from fixmate.core.files import file_clean, files_forget


def avatar_set(*, user_id: UUID, file: UploadedFile) -> User:
    """Take the picture in place of the one before. It is written before the row, which no transaction waits for.

    :raises DomainError: if the file cannot be kept (see `file_clean`)
    """
    return _avatar_replace(user_id, file_clean(file, allow_pdf=False).store("avatars"))


def avatar_remove(*, user_id: UUID) -> User:
    """Go without a picture. Idempotent."""
    return _avatar_replace(user_id, "")


@transaction.atomic
def _avatar_replace(user_id: UUID, path: str) -> User:
    user = user_get_kept_locked(user_id)  # if he is gone, the sweep of strays takes the file
    before = str(user.avatar)
    user.avatar = path
    user.save(update_fields=["avatar"])
    files_forget([before])
    return user
