from fixmate.core.errors import Conflict


class SlugTaken(Conflict):
    code, message = "SLUG_TAKEN", "Something else has this slug; deleted entries keep theirs."


class NotDeleted(Conflict):
    code, message = "NOT_DELETED", "This is not deleted: there is nothing to restore."


class CategoryDeleted(Conflict):
    code, message = "CATEGORY_DELETED", "The category is deleted. Restore it first."
