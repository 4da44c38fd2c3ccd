"""Shim."""


def refuse_url(url: str, *, live: bool, allow_private: bool) -> str | None:
    """What is wrong."""
    if not url.startswith(("http://", "https://")):
        return "must be a URL."
    if live and not url.startswith("https://"):
        return "must be https in live mode."
    if not allow_private and "127.0.0.1" in url:
        return "must be public."
    return None
