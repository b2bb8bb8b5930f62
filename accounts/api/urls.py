from django.urls import path
from rest_framework.routers import SimpleRouter

from accounts.api import identities, me, pictures, second_factor, social, staff, views

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("admin/users", staff.StaffUserViewSet, basename="admin-user")
router.register("auth/identities", identities.IdentityViewSet, basename="identity")
router.register("auth/sessions", me.SessionViewSet, basename="session")
router.register("users", pictures.PictureViewSet, basename="user")

urlpatterns = [
    path("auth/register", views.RegisterView.as_view(), name="auth-register"),
    path("auth/send-otp", views.SendCodeView.as_view(), name="auth-send-otp"),
    path("auth/verify-otp", views.VerifyCodeView.as_view(), name="auth-verify-otp"),
    path("auth/login", views.LoginView.as_view(), name="auth-login"),
    path("auth/social", social.SocialLoginView.as_view(), name="auth-social"),
    path("auth/refresh", views.RefreshView.as_view(), name="auth-refresh"),
    path("auth/logout", views.LogoutView.as_view(), name="auth-logout"),
    path("auth/forgot-password", views.ForgotPasswordView.as_view(), name="auth-forgot-password"),
    path("auth/reset-password", views.ResetPasswordView.as_view(), name="auth-reset-password"),
    path("auth/reauthenticate", me.ReauthenticateView.as_view(), name="auth-reauthenticate"),
    path("auth/change-password", me.PasswordChangeView.as_view(), name="auth-change-password"),
    path("auth/change-address", me.AddressChangeView.as_view(), name="auth-change-address"),
    path("auth/confirm-address", me.AddressConfirmView.as_view(), name="auth-confirm-address"),
    path("auth/remove-phone", me.PhoneRemoveView.as_view(), name="auth-remove-phone"),
    path("auth/second-factor", second_factor.SecondFactorView.as_view(), name="auth-second-factor"),
    path("auth/second-factor/confirm", second_factor.ConfirmView.as_view(), name="auth-second-factor-confirm"),
    path("auth/second-factor/remove", second_factor.RemoveView.as_view(), name="auth-second-factor-remove"),
    path("auth/step-up", second_factor.StepUpView.as_view(), name="auth-step-up"),
    path("auth/me", me.MeView.as_view(), name="auth-me"),
    path("auth/me/avatar", me.AvatarView.as_view(), name="auth-me-avatar"),
    path("auth/me/export", me.ExportView.as_view(), name="auth-me-export"),
    *router.urls,
]
