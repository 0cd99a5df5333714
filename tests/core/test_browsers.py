"""What a browser is called: its family and system, never more."""

import pytest

from router.core.browsers import named

BLINK = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0"


@pytest.mark.parametrize(
    ("said", "called"),
    [
        (f"(Windows NT 10.0; Win64; x64) {BLINK} Safari/537.36", "Chrome · Windows"),
        (f"(Windows NT 10.0) {BLINK} Safari/537.36 Edg/140.0", "Edge · Windows"),
        ("(X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox · Linux"),
        ("(iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1", "Safari · iPhone"),
        (f"(Linux; Android 15) {BLINK} MicroMessenger/8.0", "WeChat · Android"),
        ("(Macintosh; Intel Mac OS X 15_0) Version/18 Safari/605", "Safari · macOS"),
        ("curl/8.0", ""),
        ("", ""),
        ("Linux" + "x" * 10_000 + "Firefox/1", "Linux"),
    ],
)
def test_a_browser_is_called_by_family_and_system(said, called):
    assert named(f"Mozilla/5.0 {said}") == called
