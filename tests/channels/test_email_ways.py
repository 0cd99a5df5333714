"""Whatever way a mail is written in that the standards allow, what was meant is read."""

from hashlib import sha256

import pytest

from channels.email.parse import parse_mail
from tests.channels.mail_writer import Writer


def tight(text):
    return "".join(text.split())


def misread(seed, count):
    writer = Writer(seed)
    for _ in range(count):
        data, meant = writer.mail()
        mail = parse_mail(data, account="desk")
        files = sorted((tight(one.name), sha256(one.data).hexdigest()) for one in mail.attachments)
        read = (
            *(tight(mail.subject), mail.sender.value, tight(mail.sender.name)),
            *([one.value for one in mail.to], tight(mail.text), files),
        )
        wanted = (
            *(tight(meant.subject), meant.sender[0], tight(meant.sender[1]), meant.recipients),
            *(
                tight("".join(meant.texts)),
                sorted((tight(name), sum_) for name, sum_ in meant.files),
            ),
        )
        if read != wanted:
            yield data, read, wanted


@pytest.mark.parametrize("seed", range(20))
def test_what_was_meant_is_read(seed):
    assert next(misread(seed, 15), None) is None


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1_000, 1_040))
def test_what_was_meant_is_read_of_many_thousands(seed):
    assert next(misread(seed, 500), None) is None
