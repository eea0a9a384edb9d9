"""A small site for the tests: pages that are cached by all of Django's ways, and sessions."""

import itertools

from django.http import HttpResponse, HttpResponseNotFound, JsonResponse
from django.template import engines
from django.template.response import TemplateResponse
from django.urls import path
from django.views.decorators.cache import cache_page

made = itertools.count(1)
"""Goes up with each page that was made and not taken from a cache."""

TEMPLATE = engines["django"].from_string("number {{ n }} ü")
FRAGMENT = engines["django"].from_string(
    "{% load cache %}{% cache 60 numbers who using=alias %}{{ who }} &amp; {{ number }}{% endcache %}"
)


def plain(request):
    return HttpResponse(f"page {next(made)}")


def rich(request):
    response = HttpResponse(
        b"\xff\x00 %d" % next(made), content_type="image/x-test", reason="Very Fine"
    )
    response["X-Name"] = "Iñtërnâtiônàlizætiøn"
    response.set_cookie("taste", "sweet; sour", max_age=60, httponly=True, samesite="Lax")
    response.set_cookie("second", "2", path="/there")
    return response


def template(request):
    return TemplateResponse(request, TEMPLATE, {"n": next(made)})


def json(request):
    return JsonResponse({"n": next(made)})


def missing(request):
    return HttpResponseNotFound(f"not {next(made)}")


def fragment(request):
    context = {"who": "<b>", "number": next(made), "alias": request.GET["alias"]}
    return HttpResponse(FRAGMENT.render(context))


def visits(request):
    request.session["visits"] = request.session.get("visits", 0) + 1
    return HttpResponse(str(request.session["visits"]))


def look(request):
    return HttpResponse(str(request.session.get("visits", "nothing")))


def leave(request):
    request.session.flush()
    return HttpResponse("left")


PAGES = {
    "plain": plain,
    "rich": rich,
    "template": template,
    "json": json,
    "missing": missing,
    "fragment": fragment,
    "visits": visits,
    "look": look,
    "leave": leave,
}

urlpatterns = [path(f"{name}/", view) for name, view in PAGES.items()]
urlpatterns += [
    path(f"paged/{alias}/{name}/", cache_page(60, cache=alias)(PAGES[name]))
    for alias in ("default", "json", "down")
    for name in ("plain", "rich", "template", "json", "missing")
]
