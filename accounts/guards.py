"""What the database refuses on the accounts' tables, and the code of the refusal."""

from accounts.errors import AccountTaken
from fixmate.core.db_errors import refuse

# PostgreSQL names the constraint, SQLite the column.
refuse(AccountTaken, "user_email_proven_once", "UNIQUE constraint failed: accounts_user.email")
refuse(AccountTaken, "user_phone_proven_once", "UNIQUE constraint failed: accounts_user.phone")
