"""A failure says where it happened and hardly anything of what it choked on."""

import base64

from router.core.failures import told

PHRASE = "legal winner thank year wave sausage worth useful legal winner thank yellow"


def _fail(words):
    raise ValueError(words)


def _caught(words):
    try:
        _fail(words)
    except ValueError as fault:
        return fault


def test_it_tells_where_and_what_kind():
    trace = told(_caught("no such charset"))
    assert "in _fail" in trace
    assert trace.endswith("ValueError: no such charset\n")


def test_only_the_first_line_is_told_and_cut_short():
    trace = told(_caught("bad mail\nSubject: mine\n\nall of it"))
    assert "Subject" not in trace
    assert "x" * 300 not in told(_caught("yz " + "x y " * 300))
    assert len(told(_caught("x y " * 3000))) < 2000


def test_a_secret_in_it_is_masked_also_when_it_is_encoded():
    for words in (PHRASE, base64.b64encode(PHRASE.encode()).decode(), "=E5=8A=A9" * 9):
        trace = told(_caught(f"cannot read {words}"))
        assert "••••" in trace
        assert "winner" not in trace
        assert "bGVnYWwg" not in trace


def test_it_is_masked_before_it_is_cut():
    for room in range(150, 200, 7):
        trace = told(_caught(f"{'. ' * (room // 2)}my card 4111 1111 1111 1111 {PHRASE}"))
        assert "4111" not in trace
        assert "legal" not in trace


def test_what_led_to_it_is_told_first():
    try:
        try:
            _fail("first")
        except ValueError as fault:
            raise RuntimeError("second") from fault
    except RuntimeError as fault:
        trace = told(fault)
    assert trace.index("ValueError: first") < trace.index("RuntimeError: second")


def test_failures_that_lead_to_each_other_end():
    one, two = ValueError("one"), ValueError("two")
    one.__cause__, two.__cause__ = two, one
    assert told(one).count("ValueError") == 2
