"""A hundred nasty mails in Chromium: nothing runs, nothing is fetched, behind all three walls and
behind each one alone; and pictures from elsewhere only when somebody asks."""

import contextlib
import http.server
import threading

import pytest

from router.core import markup
from router.web.pages import message as page_of_mail

pytestmark = pytest.mark.browser

RUN = "top.postMessage('ran','*');document.title='ran';fetch('{spy}')"
#: What each carries: ``{run}`` is a script, ``{spy}`` an address that tells.
NASTY = (
    "<script>{run}</script>",
    "<scr<script>ipt>{run}</scr</script>ipt>",
    "<SCRIPT>{run}</SCRIPT>",
    "<script src='{spy}'></script>",
    "<script type=module src='{spy}'></script>",
    '<img src=x onerror="{run}">',
    '<body onload="{run}">',
    '<svg onload="{run}"></svg>',
    "<svg><script>{run}</script></svg>",
    '<svg><animate onbegin="{run}" attributeName=x dur=1s>',
    '<math><mtext><img src=x onerror="{run}"></mtext></math>',
    '<details open ontoggle="{run}">x',
    '<input autofocus onfocus="{run}">',
    '<select autofocus onfocus="{run}">',
    '<video><source onerror="{run}"></video>',
    '<audio src=x onerror="{run}"></audio>',
    '<marquee onstart="{run}">x</marquee>',
    '<object data="{spy}"></object>',
    '<embed src="{spy}">',
    '<iframe src="{spy}"></iframe>',
    '<iframe srcdoc="<script>{run}</script>"></iframe>',
    '<frameset><frame src="{spy}"></frameset>',
    '<link rel=stylesheet href="{spy}">',
    '<link rel=preload as=image href="{spy}">',
    '<link rel=prefetch href="{spy}">',
    '<link rel=dns-prefetch href="{spy}">',
    '<link rel=icon href="{spy}">',
    '<base href="{spy}">',
    '<meta http-equiv=refresh content="0;url={spy}">',
    '<style>@import "{spy}";</style>',
    "<style>body{{background:url({spy})}}</style>",
    '<p style="background:url({spy})">x</p>',
    "<style>@font-face{{font-family:a;src:url({spy})}}p{{font-family:a}}</style><p>x</p>",
    '<img src="{spy}">',
    '<img srcset="{spy} 1x">',
    '<picture><source srcset="{spy}"><img></picture>',
    '<table background="{spy}"><tr><td>x</table>',
    '<td background="{spy}">x',
    '<video poster="{spy}">',
    '<video src="{spy}" autoplay></video>',
    '<audio src="{spy}" autoplay></audio>',
    '<track src="{spy}">',
    '<video><track default src="{spy}"></video>',
    '<input type=image src="{spy}">',
    '<svg><image href="{spy}"/></svg>',
    '<svg><use href="{spy}#a"/></svg>',
    '<svg><image xlink:href="{spy}"/></svg>',
    '<svg><filter><feImage href="{spy}"/></filter></svg>',
    '<form action="{spy}"><button autofocus>x</button></form><script>forms[0].submit()</script>',
    '<a href="javascript:{run}" autofocus>x</a>',
    '<a ping="{spy}" href="#">x</a>',
    '<img src="cid:none" onerror="{run}">',
    "<img src='data:image/svg+xml,<svg onload=alert(1)>'>",
    '<img src=`x`onerror="{run}">',
    '<img/src=x/onerror="{run}">',
    '<img src=x:x onerror="{run}">',
    '<p onclick="{run}" onmouseover="{run}">x</p>',
    '<div onpointerenter="{run}">x</div>',
    '<xmp><img src="</xmp><img src=x onerror={q}{run}{q}>">',
    '<noscript><p title="</noscript><img src=x onerror={q}{run}{q}>">',
    '<!--><img src=x onerror="{run}">-->',
    '<![CDATA[<img src=x onerror="{run}">]]>',
    "<template><script>{run}</script></template>",
    '<textarea><img title="</textarea><img src=x onerror={q}{run}{q}>">',
    '<math href="javascript:{run}">x</math>',
    '<svg><a href="javascript:{run}"><text y=20>x</text></a></svg>',
    "<plaintext><script>{run}</script>",
    '<isindex type=image src="{spy}">',
    '<bgsound src="{spy}">',
    '<applet code="{spy}">',
    '<layer src="{spy}">',
    '<xml src="{spy}">',
    '<image src="{spy}">',
    '<style>@import url("//127.0.0.1:{port}/{n}");</style>',
    '<img src="//127.0.0.1:{port}/{n}">',
    '<img src=" http://127.0.0.1:{port}/{n}">',
    '<img src="HTTP://127.0.0.1:{port}/{n}">',
    '<img src="&#104;ttp://127.0.0.1:{port}/{n}">',
    '<img src="http:\\\\127.0.0.1:{port}\\{n}">',
    '<img src="ht\ntp://127.0.0.1:{port}/{n}">',
    '<div style="list-style:url({spy})"><li>x</div>',
    '<div style="content:url({spy})">x</div>',
    '<div style="border-image:url({spy}) 1">x</div>',
    '<div style="cursor:url({spy}),auto">x</div>',
    '<div style="mask:url({spy})">x</div>',
    '<p style="background:u\\72l({spy})">x</p>',
    "<style>*{{background:u\\72 l({spy})}}</style>",
    '<svg style="filter:url({spy}#a)"></svg>',
    '<style>p{{background:image-set("{spy}" 1x)}}</style><p>x',
    '<portal src="{spy}"></portal>',
    '<fencedframe src="{spy}"></fencedframe>',
    '<dialog open><img src="{spy}"></dialog>',
    '<manifest href="{spy}">',
    '<html manifest="{spy}">',
    '<link rel=manifest href="{spy}">',
    '<link rel=modulepreload href="{spy}">',
    '<link rel=preconnect href="{spy}">',
    '<iframe src="javascript:{run}"></iframe>',
    '<iframe src="data:text/html,<script>{run}</script>"></iframe>',
    '<object data="data:text/html,<script>{run}</script>"></object>',
    '<embed src="data:text/html,<script>{run}</script>">',
    '<svg><foreignObject><iframe srcdoc="<script>{run}</script>"></iframe></foreignObject></svg>',
    '<img src=x style="animation:a" onanimationstart="{run}"><style>@keyframes a{{}}</style>',
    '<p contenteditable onblur="{run}" autofocus>x</p>',
    '<b id=x tabindex=1 onfocus="{run}" autofocus>x</b>',
)
#: Each wall: whether mail is cleaned, whether the answer has its policy, whether the frame has.
WALLS = {
    "all": (True, True, True),
    "cleaned": (True, False, False),
    "policy": (False, True, False),
    "frame": (False, False, True),
    "none": (False, False, False),
}
FRAME = """sandbox csp="default-src 'none'; img-src data:; style-src 'unsafe-inline'" """


class Spy:
    """Serves the nasty mails, and writes down whatever else anybody asks for."""

    def __init__(self):
        spy, self.asked, self.served = self, [], set()

        class Answers(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                _, kind, *rest = self.path.split("/")
                headers, body = {}, ""
                if kind == "page":
                    body = spy.page(rest[0])
                elif kind == "mail":
                    headers, body = spy.mail(rest[0], int(rest[1]))
                    spy.served.add(int(rest[1]))
                elif kind != "favicon.ico":
                    spy.asked.append(self.path)
                with contextlib.suppress(OSError):
                    self.send_response(200 if body else 404)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Type", "text/html; charset=utf-8")
                    self.end_headers()
                    self.wfile.write(body.encode())

            do_POST = do_HEAD = do_GET  # noqa: N815 - their names

            def log_message(self, *said):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def page(self, walls):
        """All mails, each in a frame of its own, and an ear for what might run in them."""
        framed = FRAME if WALLS[walls][2] else ""
        frames = [f'<iframe {framed} src="/mail/{walls}/{n}"></iframe>' for n in range(len(NASTY))]
        heard = "<script>addEventListener('message',e=>{document.title+=e.data})</script>"
        return f"<!doctype html><title>calm</title>{heard}{''.join(frames)}"

    def mail(self, walls, n):
        """One mail behind the walls that are up, as the desk serves it."""
        cleaned, policy, _ = WALLS[walls]
        spy = f"{self.url}/spy/{n}"
        run = RUN.format(spy=spy)
        html = NASTY[n].format(run=run, spy=spy, port=self.port, n=f"spy/{n}", q="&quot;")
        body = markup.safe_html(html) if cleaned else html
        headers = {"Allow-CSP-From": "*", "Referrer-Policy": "no-referrer"}
        if policy:
            wall = page_of_mail._MAIL_POLICY.format(pictures="data:")
            headers["Content-Security-Policy"] = wall
        style = f"<style>{page_of_mail._MAIL_STYLE}</style>"
        return headers, f"<!doctype html><meta charset=utf-8>{style}{body}"

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def spy():
    made = Spy()
    yield made
    made.stop()


@pytest.fixture
def opened(browser, spy):
    """Opens the page of all nasty mails; the page once it is quiet."""
    context = browser.new_context()

    def make(walls):
        page = context.new_page()
        page.goto(f"{spy.url}/page/{walls}", timeout=60_000, wait_until="commit")
        for _ in range(400):  # a frame that hangs is no reason to wait for the page's load
            page.wait_for_timeout(150)
            if len(spy.served) == len(NASTY):
                break
        page.wait_for_timeout(1000)
        return page

    yield make
    context.close()


def test_there_are_a_hundred():
    assert len(set(NASTY)) >= 100


@pytest.mark.slow
@pytest.mark.parametrize("walls", ["all", "cleaned", "policy", "frame"])
def test_nothing_runs_and_nothing_is_fetched_behind(walls, opened, spy):
    page = opened(walls)
    assert page.title() == "calm"
    assert spy.asked == []
    assert len(spy.served) == len(NASTY)


@pytest.mark.slow
def test_without_a_wall_much_of_it_does(browser, spy):
    page = browser.new_page()
    page.on("dialog", lambda dialog: dialog.dismiss())
    page.goto(f"{spy.url}/page/none", wait_until="commit")
    for _ in range(120):
        page.wait_for_timeout(500)
        if len(set(spy.asked)) > 40:
            break
    page.close()
    assert len(set(spy.asked)) > 40


def _paint(route):
    drawn = "<svg xmlns='http://www.w3.org/2000/svg'/>"
    route.fulfill(content_type="image/svg+xml", body=drawn)


@pytest.mark.slow
def test_a_picture_from_elsewhere_is_fetched_when_an_agent_asks_and_by_the_browser(
    arrive, signed_in
):
    html = "<p>Hello <b>there</b></p><img src='https://pictures.example/1.png'>"
    ticket = arrive("Hello there", "Look", html=html)
    page = signed_in(f"/ticket/{ticket.number}")
    asked = []
    page.route("**/*pictures.example/**", lambda route: (asked.append(1), _paint(route)))
    page.locator("details.as-sent summary").click()
    assert page.frame_locator("details.as-sent iframe").locator("b").inner_text() == "there"
    assert asked == []
    page.locator("details.as-sent a.button").click()
    page.wait_for_url("**images=**")
    assert page.frame_locator("details.as-sent iframe").locator("b").inner_text() == "there"
    page.wait_for_timeout(200)
    assert asked
