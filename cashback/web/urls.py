"""The holders' pages."""

from django.urls import URLPattern, URLResolver, path, re_path
from django.views.decorators.csrf import csrf_exempt
from django.views.i18n import set_language

from cashback.web import changing, draws, erasures, gifts, home, programs, registering, status

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("numbers/", home.numbers, name="numbers"),
    path("register/", registering.register, name="register"),
    path("status/", status.find, name="find"),
    path("s/<str:receipt>/", status.status, name="status"),
    path("s/<str:receipt>/correct/", changing.correct, name="correct"),
    path("s/<str:receipt>/withdraw/", changing.withdraw, name="withdraw"),
    path("s/<str:receipt>/held/", changing.held, name="held"),
    path("s/<str:receipt>/gift/", gifts.choose, name="gift"),
    path("s/<str:receipt>/gift/code/", gifts.code, name="gift_code"),
    path("s/<str:receipt>/gift/received/", gifts.received, name="gift_received"),
    re_path(r"^gifts/(?P<sha256>[0-9a-f]{64})\.webp$", gifts.picture, name="gift_picture"),
    path("lost/", changing.lost, name="lost"),
    path("erasures/<int:erasure_id>/", erasures.erasure, name="erasure"),
    path("programs/<slug:code>/", programs.program, name="program"),
    path("draws/", draws.draws, name="draws"),
    path("draws/<slug:code>/", draws.draw, name="draw"),
    path("draws/<slug:code>/stage/", draws.stage, name="draw_stage"),
    # Which language a page is shown in is no secret and no harm: without the exemption every page would set a cookie.
    path("language/", csrf_exempt(set_language), name="set_language"),
]
