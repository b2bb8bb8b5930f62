from rest_framework.routers import SimpleRouter

from matching.api.views import JobMatchingViewSet, OfferViewSet

router = SimpleRouter(trailing_slash=False)
router.register("offers", OfferViewSet, basename="offer")
router.register("jobs", JobMatchingViewSet, basename="job-matching")

urlpatterns = router.urls
