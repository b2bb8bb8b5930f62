"""Identifiers clients see: UUIDv7, so that they sort by time and keep b-trees dense."""

from uuid import UUID

from uuid_utils import compat


def uuid7() -> UUID:
    return compat.uuid7()
