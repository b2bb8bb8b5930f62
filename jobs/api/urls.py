from rest_framework.routers import SimpleRouter

from jobs.api.blocks import BlockViewSet
from jobs.api.views import JobViewSet

router = SimpleRouter(trailing_slash=False)
router.register("jobs", JobViewSet, basename="job")
router.register("blocks", BlockViewSet, basename="block")

urlpatterns = router.urls
