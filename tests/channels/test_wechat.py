"""What WeChat's door does before it knows who calls."""

import time

import pytest

from channels.wechat import pushes


@pytest.mark.parametrize("filling", [b" ", b"A ", b"]]>", b"<Encrypt>", b"<Encrypt> "])
def test_an_envelope_is_looked_for_in_a_time_that_grows_with_the_body_alone(filling):
    body = b"<xml><Encrypt>" + filling * (1_000_000 // len(filling)) + b"<"
    began = time.perf_counter()
    assert pushes.encrypted(body) == ""
    assert time.perf_counter() - began < 1
