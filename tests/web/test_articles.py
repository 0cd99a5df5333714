"""Leads write the articles: a change holds at once, nothing typed is lost, nothing runs."""

import re

import pytest

from router.core.articles import Articles
from router.shelf import Shelf
from router.store import articles
from tests.web.conftest import submitted

pytestmark = pytest.mark.one_database

RESET = Articles.load().by_name["login-reset"]
STEP = "Tap the new button."


def _form(**changes):
    return {
        "seen": "1",
        "title_zh": "忘记登录密码",
        "title_en": "Forgotten password",
        "body_zh": "1. 点新的按钮。\n",
        "body_en": f"1. {STEP}\n",
        "category": list(RESET.categories),
        "act": "save",
        **changes,
    }


def _save(browser, name="login-reset", **changes):
    return browser.post(f"/articles/{name}?lang=en", _form(**changes))


@pytest.fixture
def lead(browser_of):
    return browser_of("lead")


def _acknowledged(router, body):
    taken = submitted(router, body)
    with router.store.reading() as unit:
        return unit.value("SELECT text FROM outbox WHERE ticket_id = :id", id=taken.ticket_id)


def test_a_change_is_told_at_once_wherever_articles_are(router, browser_of, lead):
    forgot = "I forgot my password and cannot sign in"
    before = submitted(router, forgot)
    assert _save(lead).status_code == 303
    stranger = browser_of(None)
    assert STEP in stranger.get("/help/login-reset?lang=en").text
    assert STEP in _acknowledged(router, f"{forgot}!")
    assert STEP in lead.get(f"/ticket/{before.number}?lang=en").text
    assert STEP in lead.get("/acknowledgements?category=login.password_reset&lang=en").text
    _save(lead, seen="2", title_en="No password?", body_en=f"1. {STEP}\n2. Go on.\n")
    assert "No password?" in stranger.get("/contact?about=login&lang=en").text


def test_another_process_tells_the_change_with_its_next_look(router, lead):
    other = Shelf(router.settings, Articles.load())
    other.follow(router.store)
    _save(lead)
    assert STEP not in other.by_name["login-reset"].told("en").steps
    other.follow(router.store)
    assert STEP in other.by_name["login-reset"].told("en").steps
    assert Shelf(router.settings, Articles.load()).by_name["login-reset"].told("en") == (
        RESET.told("en")
    )


def test_the_version_that_shipped_is_kept_and_one_click_restores_it(router, browser_of, lead):
    _save(lead)
    page = lead.get("/articles/login-reset/versions/1?lang=en").text
    assert "Tap “Forgot password”" in page
    assert f"<ins>1. {STEP}</ins>" in page
    answer = lead.post("/articles/login-reset/restore", {"number": "1", "seen": "2"})
    assert answer.status_code == 303
    assert "Tap “Forgot password”" in browser_of(None).get("/help/login-reset?lang=en").text
    with router.store.reading() as unit:
        kept = [(one.number, one.origin, one.author) for one in articles.history(unit, RESET.name)]
    assert kept == [(3, "restored", "Lead"), (2, "written", "Lead"), (1, "shipped", "")]


def test_a_version_says_what_it_answered(router, browser_of, lead):
    taken = submitted(router, "I forgot my password and cannot sign in")
    token = router.tokens.status_token(taken.ticket_id, router.clock.now().replace(year=2027))
    browser_of(None).post(f"/t/{token}/solved", {"article": "login-reset"})
    _save(lead)
    submitted(router, "I forgot my password too, how do I reset it")
    with router.store.reading() as unit:
        used = articles.uses(unit, "login-reset")
    assert used == {"1": {"offered": 1, "solved": 1}, "2": {"offered": 1}}
    page = lead.get("/articles/login-reset/versions/1?lang=en").text
    assert "Offered in acknowledgements: 1. Said to have solved the matter: 1." in page


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"body_en": "Just call us."}, "body_en", "at least one numbered step"),
        ({"body_zh": "   "}, "body_zh", "both are told"),
        ({"title_en": ""}, "title_en", "Please fill this in"),
        ({"category": []}, "categories", "at least one category"),
        ({"category": ["login.nonsense"]}, "categories", "There is no such category."),
        ({"category": ["transfer.network"]}, "categories", "serves this category already"),
        ({"body_en": "1. Call {nobody}"}, "body_en", "Nobody fills this in"),
        ({"body_zh": "1. 拨打 {热线}"}, "body_zh", "empty in the settings"),
        ({"body_en": "1. [go](javascript:alert(1))"}, "body_en", "leads nowhere safe"),
        ({"body_en": f"1. {'x' * 20_001}"}, "body_en", "too long"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_lost(
    router, lead, changes, field, words
):
    answer = _save(lead, title_zh="我写的标题", **changes)
    assert answer.status_code == 422
    beside = re.search(rf'id="faults-{field}".*?</div>', answer.text, re.DOTALL)[0]
    assert words in beside
    assert 'value="我写的标题"' in answer.text
    typed = changes.get(field, "")
    assert typed == "" or isinstance(typed, list) or typed.strip()[:40] in answer.text
    with router.store.reading() as unit:
        assert articles.newest(unit) == {}


def test_the_second_of_two_people_is_told_and_keeps_their_text(router, browser_of, lead):
    _save(lead)
    late = browser_of("manager")
    answer = _save(late, body_en="1. My own words.\n")
    assert answer.status_code == 409
    assert "Lead saved version 2 while you were writing" in answer.text
    assert "1. My own words." in answer.text
    assert f"<del>1. {STEP}</del>" in answer.text
    assert STEP in router.articles.by_name["login-reset"].told("en").steps
    seen = re.search(r'name="seen" value="(\d+)"', answer.text)[1]
    assert _save(late, seen=seen, body_en="1. My own words.\n").status_code == 303
    assert "My own words" in router.articles.by_name["login-reset"].told("en").steps


HOSTILE = """1. <script>alert(1)</script><img src=x onerror=alert(1)>
2. [one](javascript:alert(1)) [two](JaVaScRiPt:alert(1)) [three](data:text/html,x)
3. [four](//evil.example) [five](&#106;avascript:alert(1)) [six](java\tscript:alert(1))
4. [seven](https://ok.example/"onmouseover=alert(1)) <a href="javascript:alert(1)">eight</a>
5. **<b onclick=alert(1)>**

## <iframe src=https://evil.example>
"""


def test_hostile_markdown_is_shown_as_text_and_never_runs(browser_of, lead):
    shown = _save(lead, act="preview", body_en=HOSTILE).text
    preview = re.search(r'<article class="sheet" lang="en">.*?</article>', shown, re.DOTALL)[0]
    calm = HOSTILE.replace("[", "(").replace("](", ") (")
    _save(lead, body_en=calm)
    page = browser_of(None).get("/help/login-reset?lang=en").text
    article = re.search(r'<section class="card">.*?</section>', page, re.DOTALL)[0]
    for told in (preview, article):
        assert "&lt;script&gt;" in told
        known = {"article", "section", "header", "h1", "h2", "h3", "h4", "ol", "li", "strong"}
        assert set(re.findall(r"<(\w+)", told)) <= known
        assert set(re.findall(r"<\w+ (\w+)=", told)) <= {"class", "lang"}


def test_links_bold_and_lists_are_told_as_such_and_plain_in_a_mail(router, browser_of, lead):
    body = "1. Open **Safety** at [our page](https://desk.example/a?b=1&c=2).\n- {desk}\n"
    _save(lead, body_en=body)
    page = browser_of(None).get("/help/login-reset?lang=en").text
    assert "<strong>Safety</strong>" in page
    assert 'href="https://desk.example/a?b=1&amp;c=2" rel="noopener noreferrer"' in page
    assert "<li>Wallet Support</li>" in page
    told = _acknowledged(router, "I forgot my password and cannot sign in")
    assert "1. Open Safety at our page (https://desk.example/a?b=1&c=2)." in told


def test_a_preview_changes_nothing(router, lead):
    assert STEP in _save(lead, act="preview").text
    with router.store.reading() as unit:
        assert articles.newest(unit) == {}


def test_a_new_article_is_told_and_a_withdrawn_one_no_more(router, browser_of, lead):
    form = _form(seen="0", name="fees-explained", category=["other.fees"])
    assert lead.post("/articles/new", form).status_code == 303
    stranger = browser_of(None)
    assert STEP in stranger.get("/help/fees-explained?lang=en").text
    again = lead.post("/articles/new?lang=en", form)
    assert (again.status_code, "of this address already" in again.text) == (422, True)
    lead.post("/articles/fees-explained/withdraw", {"seen": "1"})
    assert stranger.get("/help/fees-explained").status_code == 404
    assert router.articles.serving("other.fees") is None
    lead.post("/articles/fees-explained/restore", {"number": "1", "seen": "2"})
    assert stranger.get("/help/fees-explained").status_code == 200


def test_who_serves_a_category_already_is_told_by_title_and_other_groups_stand_last(lead):
    page = lead.get("/articles/new?lang=en").text
    assert "→ Forgotten password" in page
    places = [page.index(f'id="c-{one}') for one in ("security", "transfer", "login", "records")]
    assert [*places, page.index('id="c-other')] == sorted([*places, page.index('id="c-other')])


def test_what_no_longer_fits_is_opened_to_be_mended_instead_of_restored(router, lead):
    _save(lead, category=["login.password_reset"])
    form = _form(seen="0", name="codes", category=["login.verification_code"])
    assert lead.post("/articles/new", form).status_code == 303
    answer = lead.post("/articles/login-reset/restore?lang=en", {"number": "1", "seen": "2"})
    assert answer.status_code == 422
    assert "serves this category already" in answer.text
    assert "Tap “Forgot password”" in answer.text
    assert router.articles.serving("login.verification_code").name == "codes"


def test_every_change_is_a_line_of_the_audit_log(router, lead, agents):
    _save(lead)
    _save(lead, seen="2")  # the very same: no version, no line
    lead.post("/articles/login-reset/restore", {"number": "1", "seen": "2"})
    lead.post("/articles/login-reset/withdraw", {"seen": "3"})
    lead.post("/articles/new", _form(seen="0", name="fees-explained", category=["other.fees"]))
    with router.store.reading() as unit:
        rows = unit.rows("SELECT * FROM audit WHERE action LIKE 'article.%' ORDER BY id")
    said = [(row.action, row.subject, row.digest) for row in rows]
    assert said == [
        ("article.changed", "article:login-reset", "2"),
        ("article.restored", "article:login-reset", "3"),
        ("article.withdrawn", "article:login-reset", "4"),
        ("article.begun", "article:fees-explained", "1"),
    ]
    assert {row.actor for row in rows} == {f"agent:{agents['lead']}"}


def test_a_later_release_never_takes_a_category_from_an_article_of_the_desk(router, lead):
    form = _form(seen="0", name="fees-explained", category=["other.fees"])
    lead.post("/articles/new", form)
    shipped = Articles.load()
    clash = RESET.__class__("zz-fees", ("other.fees", "other.refund"), RESET.texts)
    later = Shelf(router.settings, Articles([*shipped.by_name.values(), clash]))
    later.follow(router.store)
    assert later.serving("other.fees").name == "fees-explained"
    assert later.serving("other.refund").name == "zz-fees"
