"""The monitor's addresses, behind the organizers' door."""

from django.contrib import admin
from django.urls import path

from cashback.web.monitor import views

app_name = "monitor"
guarded = admin.site.admin_view

urlpatterns = [
    path("", guarded(views.overview), name="overview"),
    path("check-books/", guarded(views.check_books), name="check_books"),
    path("<slug:code>/", guarded(views.program), name="program"),
]
