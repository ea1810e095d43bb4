"""Who calls the proxy: the key `sk-ORG-USER` is that org's member. A real proxy looks keys up; this test has no database."""

from litellm.proxy._types import UserAPIKeyAuth


async def user_api_key_auth(request, api_key):
    """LiteLLM's hook for custom authentication."""
    parts = api_key.split("-")
    if len(parts) != 3:
        raise ValueError("the key must be sk-ORG-USER")
    return UserAPIKeyAuth(api_key=api_key, team_id=parts[1], user_id=parts[2])
