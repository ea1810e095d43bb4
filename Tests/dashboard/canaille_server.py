"""Runs Canaille in memory, with one client and a few people, until it is ended.

canaille_server.py PORT REDIRECT_URI CLIENT_ID SECRET PASSWORD USER=EMAIL...
"""
import os
import sys
import uuid

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

from canaille import create_app  # noqa: E402
from canaille.app import models  # noqa: E402
from canaille.backends import Backend  # noqa: E402
from canaille.backends.memory.backend import MemoryBackend  # noqa: E402
from joserfc.jwk import JWKRegistry  # noqa: E402
from pytest_iam import Server  # noqa: E402

finds_any = MemoryBackend.do_query


def finds_all(self, model, *arguments, **wanted):
    """What has all that is wanted. Canaille's own query finds what has any of it, such as another code of the same client."""
    found = finds_any(self, model, *arguments, **wanted)
    ids = [{each.id for each in finds_any(self, model, **{name: value})} for name, value in wanted.items()]
    return [each for each in found if all(each.id in some for some in ids)]


MemoryBackend.do_query = finds_all
port, (redirect, client_id, secret, password) = int(sys.argv[1]), sys.argv[2:6]
key = JWKRegistry.generate_key("RSA", 2048)
key.ensure_kid()
app = create_app(config={
    "TESTING": True, "ENV_FILE": None, "SECRET_KEY": str(uuid.uuid4()), "WTF_CSRF_ENABLED": False,
    "PREFERRED_URL_SCHEME": "http", "SERVER_NAME": f"127.0.0.1:{port}",
    "CANAILLE": {"DATABASE": "memory", "JAVASCRIPT": False, "ACL": {"DEFAULT": {"PERMISSIONS": ["use_oidc"]}}},
    "CANAILLE_OIDC": {"ACTIVE_JWKS": [key.as_dict(private=True)]},
})
server = Server(app, port, Backend.instance)
with app.app_context():
    client = models.Client(
        client_id=client_id, client_secret=secret, client_name="Example", client_uri="http://127.0.0.1",
        redirect_uris=[redirect], grant_types=["authorization_code"], response_types=["code"],
        scope=["openid", "email", "profile"], token_endpoint_auth_method="client_secret_basic",
        id_token_signed_response_alg="RS512")
    Backend.instance.save(client)
    client.audience = [client]  # Without it, aud is empty.
    Backend.instance.save(client)
    for name, email in (each.split("=") for each in sys.argv[6:]):
        Backend.instance.save(models.User(
            formatted_name=name.title(), family_name="Test", user_name=name, emails=[email], password=password))
# Not in the context: Flask would use it for each request, so that all browsers had the session of the first.
server.httpd.serve_forever()
