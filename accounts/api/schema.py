from drf_spectacular.extensions import OpenApiAuthenticationExtension


class SessionJWTScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Two ways to hand in the token: pasted, or fetched by a stock OAuth2 client with name and password."""

    target_class = "accounts.api.authentication.SessionJWTAuthentication"
    name = ["bearer", "password"]

    def get_security_requirement(self, auto_schema: object) -> list[dict[str, list[object]]]:
        return [{name: []} for name in self.name]  # either; in one object they would both be required

    def get_security_definition(self, auto_schema: object) -> list[dict[str, object]]:
        flow = {"tokenUrl": "/api/v1/auth/login", "refreshUrl": "/api/v1/auth/refresh", "scopes": {}}
        return [
            {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            {"type": "oauth2", "flows": {"password": flow}},
        ]
