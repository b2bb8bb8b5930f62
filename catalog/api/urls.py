from rest_framework.routers import SimpleRouter

from catalog.api.views import CategoryViewSet, ServiceViewSet

router = SimpleRouter(trailing_slash=False)
router.register("categories", CategoryViewSet, basename="category")
router.register("services", ServiceViewSet, basename="service")

urlpatterns = router.urls
