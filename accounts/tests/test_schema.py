from drf_spectacular.generators import SchemaGenerator

PATHS = {
    "/api/v1/auth/register": {"post": "auth_register"},
    "/api/v1/auth/send-otp": {"post": "auth_send_otp"},
    "/api/v1/auth/verify-otp": {"post": "auth_verify_otp"},
    "/api/v1/auth/login": {"post": "auth_login"},
    "/api/v1/auth/social": {"post": "auth_social"},
    "/api/v1/auth/refresh": {"post": "auth_refresh"},
    "/api/v1/auth/logout": {"post": "auth_logout"},
    "/api/v1/auth/forgot-password": {"post": "auth_forgot_password"},
    "/api/v1/auth/reset-password": {"post": "auth_reset_password"},
    "/api/v1/auth/change-password": {"post": "auth_change_password"},
    "/api/v1/auth/change-address": {"post": "auth_change_address"},
    "/api/v1/auth/confirm-address": {"post": "auth_confirm_address"},
    "/api/v1/auth/remove-phone": {"post": "auth_remove_phone"},
    "/api/v1/auth/second-factor": {"get": "auth_second_factor", "post": "auth_second_factor_begin"},
    "/api/v1/auth/second-factor/confirm": {"post": "auth_second_factor_confirm"},
    "/api/v1/auth/second-factor/remove": {"post": "auth_second_factor_remove"},
    "/api/v1/auth/step-up": {"post": "auth_step_up"},
    "/api/v1/auth/me": {"get": "auth_me", "patch": "auth_me_update", "delete": "auth_me_delete"},
    "/api/v1/auth/me/avatar": {"put": "auth_me_avatar_set", "delete": "auth_me_avatar_remove"},
    "/api/v1/auth/me/export": {"get": "auth_me_export"},
    "/api/v1/auth/identities": {"get": "auth_identities_list"},
    "/api/v1/auth/identities/{id}": {"delete": "auth_identities_remove"},
    "/api/v1/auth/sessions": {"get": "auth_sessions_list"},
    "/api/v1/auth/sessions/{id}": {"delete": "auth_sessions_end"},
    "/api/v1/users/{id}/avatar": {"get": "users_avatar"},
    "/api/v1/admin/users": {"get": "admin_users_list"},
    "/api/v1/admin/users/{id}": {"get": "admin_users_get"},
    "/api/v1/admin/users/{id}/suspend": {"post": "admin_users_suspend"},
    "/api/v1/admin/users/{id}/restrict": {"post": "admin_users_restrict"},
    "/api/v1/admin/users/{id}/reinstate": {"post": "admin_users_reinstate"},
}


def test_schema_names_every_operation_and_both_ways_to_log_in():
    schema = SchemaGenerator().get_schema(public=True)

    found = {
        path: {method: operation["operationId"] for method, operation in schema["paths"][path].items()}
        for path in PATHS
    }
    security = schema["components"]["securitySchemes"]
    assert found == PATHS
    assert schema["paths"]["/api/v1/auth/me"]["get"]["security"] == [{"bearer": []}, {"password": []}]
    assert schema["paths"]["/api/v1/auth/login"]["post"]["security"] == [{}]
    assert security["password"]["flows"]["password"]["tokenUrl"] == "/api/v1/auth/login"
    assert security["password"]["flows"]["password"]["refreshUrl"] == "/api/v1/auth/refresh"
    assert security["bearer"]["scheme"] == "bearer"
