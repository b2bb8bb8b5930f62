from rest_framework.routers import SimpleRouter

from jobs.api.blocks import BlockViewSet
from jobs.api.photos import JobPhotoViewSet
from jobs.api.prices import JobPriceViewSet
from jobs.api.staff import StaffJobViewSet
from jobs.api.views import JobViewSet

files = SimpleRouter(trailing_slash=False, use_regex_path=False)
files.register("jobs", JobPhotoViewSet, basename="job")

router = SimpleRouter(trailing_slash=False)
router.register("jobs", JobViewSet, basename="job")
router.register("jobs", JobPriceViewSet, basename="job-price")
router.register("blocks", BlockViewSet, basename="block")
router.register("admin/jobs", StaffJobViewSet, basename="admin-job")

urlpatterns = [*router.urls, *files.urls]
