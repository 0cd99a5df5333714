"""What is known of a call is added up, in whatever order and however close together it is told."""

import threading

from channels.contract import Call
from router.store import calls


def test_reports_that_come_at_the_same_time_are_all_kept(store):
    told = [f"part {number}" for number in range(8)]
    ready = threading.Barrier(len(told))

    def report(note):
        ready.wait(timeout=60)
        news = Call(id="call-1", stage=1, note=note)
        store.write(lambda unit: calls.hear(unit, "phone", "main", news))

    threads = [threading.Thread(target=report, args=(note,)) for note in told]
    for one in threads:
        one.start()
    for one in threads:
        one.join(timeout=20)
    with store.reading() as unit:
        (row,) = unit.rows("SELECT note FROM call")
    assert sorted(row.note.split("\n\n")) == told
