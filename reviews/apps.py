from fixmate.core.apps import FixMateAppConfig


class ReviewsConfig(FixMateAppConfig):
    name = "reviews"
