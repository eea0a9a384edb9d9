"""A page for gunicorn and for uvicorn that counts its visits in the class Cache of the article."""

import os

from article_cache import Cache

cache = Cache()


def visit():
    count = (cache.get("visits") or 0) + 1
    cache.set("visits", count)
    return f"{os.getpid()} {count}".encode()


def wsgi(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [visit()]


async def asgi(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": visit()})
