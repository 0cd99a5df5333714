"""When a mail says it was written, by the standard or not."""

from datetime import UTC, datetime

import pytest

from channels.email.dates import moment


@pytest.mark.parametrize(
    "written",
    [
        "Wed, 30 Jan 2019 18:44:01 +0100",
        "Wed, 30 Jan 2019 18:44:01 +01:00",
        "Wed, 30 Jan 2019 18.44.01 +0100 (MEZ)",
        "30 Jan 19 19:44:01 GMT+2",
        "30 Jan 2019 12:44:01 UTC -05:00 (GMT -05:00)",
        "Wed, 30 Jan 2019 6:44:01 PM CET",
        "Wed, 30 Jan 2019 18:44:01 +0100Received: by mx",
        "2019/01/30 17:44:01",
        "2019-01-30T17:44:01Z",
        "January 30, 2019 17:44:01",
        "Wed, 30 Jan 2019 18(a):  44  :  01 +0100",
        "星期四, 31 一月 2019 01:44:01 +0800",
        "2019年1月30日 下午5:44:01",
        "Mi., 30 Jan. 2019 18:44:01 +0100",
        "mer., 30 janv. 2019 18:44:01 +0100",
    ],
)
def test_a_date_is_read_as_programs_write_it(written):
    assert moment(written) == datetime(2019, 1, 30, 17, 44, 1, tzinfo=UTC)


@pytest.mark.parametrize("written", ["", "yesterday", "31 Feb 2020 10:00:00", "%date%", "1:" * 50])
def test_what_is_no_date_is_none(written):
    assert moment(written) is None


def test_a_day_that_ends_at_24_is_the_next_one():
    assert moment("Mon, 7 Mar 2011 24:00:00 +0000") == datetime(2011, 3, 8, tzinfo=UTC)
