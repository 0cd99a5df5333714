"""What requesters are told by the machine: every case in every language, on one page."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, render_template, request

from router.core import facts
from router.core.promises.sla import foreseen
from router.core.wording import LANGUAGES, Situation, Words
from router.web.rights import allowed, here

blueprint = Blueprint("texts", __name__)

CASES = ("open", "closed", "security", "security_closed", "secret")
_NUMBER = "WT-EXAM-PLE2"
_DEFAULT, _ALARM = "transfer.failed", "security.compromised"


@blueprint.get("/acknowledgements")
@allowed("see_rules")
def texts() -> str:
    """All cases of one category, as a requester would read them now."""
    known = here().rules.categories
    category = request.args.get("category", _DEFAULT)
    if category not in known:
        category = _DEFAULT
    told = [
        (case, [(language, _told(case, language, category)) for language in LANGUAGES])
        for case in CASES
    ]
    return render_template(
        "texts/texts.html", told=told, category=category, categories=known, number=_NUMBER
    )


def _told(case: str, language: str, category: str) -> Words:
    """A case with an example's number and times; the same words that would be sent."""
    router = here()
    settings, now, hours = router.settings, router.clock.now(), router.policies.hours
    security = case in ("security", "security_closed", "secret")
    if security and not category.startswith("security."):
        category = _ALARM
    urgency = "P1" if security else "P3"
    opened = case in ("open", "security", "secret")
    if opened and not hours.is_open(now):
        now = (hours.next_open(now) or now) + timedelta(hours=1)
    elif not opened and hours.is_open(now):
        now = (hours.closes_at(now) or now) + timedelta(minutes=30)
    article = router.articles.serving(category)
    desk = settings.desk.name_zh if language.startswith("zh") else settings.desk.name_en
    return router.wording.acknowledgement(
        Situation(
            language=language,
            group="security" if security else category.partition(".")[0],
            security=security,
            open=opened,
            number=_NUMBER,
            answer_by=foreseen(router.policies.promise(urgency, now)),
            next_open=None if opened else hours.next_open(now),
            zone=settings.desk.zone,
            desk_name=desk,
            hotline=settings.desk.hotline,
            status_url=f"{settings.public_url}/t/…",
            secret=case == "secret",
            now=now,
            steps=article.told(language).steps if article else "",
            article_url=f"{settings.public_url}/help/{article.name}" if article else "",
            missing=() if security else facts.missing(category, ""),
        )
    )
