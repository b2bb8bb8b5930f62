from rest_framework.routers import SimpleRouter

from fixmate.core.api.views import FileViewSet, UploadViewSet

router = SimpleRouter(trailing_slash=False)
router.register("uploads", UploadViewSet, basename="upload")
router.register("files", FileViewSet, basename="file")
urlpatterns = router.urls
