"""Runs Canaille in memory on localhost, with one client and one person, until it is ended.

canaille_server.py PORT REDIRECT_URI CLIENT_ID SECRET [ALGORITHM]
"""
import os
import sys
import uuid

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

from canaille import create_app  # noqa: E402
from canaille.app import models  # noqa: E402
from canaille.backends import Backend  # noqa: E402
from joserfc.jwk import JWKRegistry  # noqa: E402
from pytest_iam import Server  # noqa: E402

port, redirect, client_id, secret = int(sys.argv[1]), *sys.argv[2:5]
algorithm = sys.argv[5] if len(sys.argv) > 5 else "RS256"
key = JWKRegistry.generate_key("RSA", 2048)
key.ensure_kid()
app = create_app(config={
    "TESTING": True, "ENV_FILE": None, "SECRET_KEY": str(uuid.uuid4()), "WTF_CSRF_ENABLED": False,
    "PREFERRED_URL_SCHEME": "http", "SERVER_NAME": f"localhost:{port}",
    "CANAILLE": {"DATABASE": "memory", "JAVASCRIPT": False, "ACL": {"DEFAULT": {"PERMISSIONS": ["use_oidc"]}}},
    "CANAILLE_OIDC": {"ACTIVE_JWKS": [key.as_dict(private=True)]},
})
server = Server(app, port, Backend.instance)
with app.app_context():
    client = models.Client(
        client_id=client_id, client_secret=secret, client_name="Example", client_uri="http://127.0.0.1",
        redirect_uris=[redirect], grant_types=["authorization_code"], response_types=["code"],
        scope=["openid", "email", "profile"], token_endpoint_auth_method="client_secret_basic",
        id_token_signed_response_alg=algorithm)
    Backend.instance.save(client)
    client.audience = [client]  # Without it, aud is empty.
    Backend.instance.save(client)
    Backend.instance.save(models.User(
        formatted_name="Ana Test", family_name="Test", user_name="ana", emails=["ana@acme.test"],
        password="correct horse"))
    print("ready", flush=True)
    server.httpd.serve_forever()
