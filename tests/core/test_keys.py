"""The master key: kept from others, and nothing changed or moved opens under it."""

import base64
import json
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.core.keys import Keyring
from router.errors import KeyMissing, SealBroken

RING = Keyring.ephemeral()


def test_the_first_run_writes_a_key_that_only_its_owner_may_read(tmp_path):
    path = tmp_path / "below" / "master.key"
    Keyring.open(path, create=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [*path.parent.iterdir()] == [path]


def test_what_was_sealed_before_a_restart_opens_after_it(tmp_path):
    path = tmp_path / "master.key"
    sealed = Keyring.open(path, create=True).seal(b"raw mail", b"row 7")
    assert Keyring.open(path, create=False).unseal(*sealed, b"row 7") == b"raw mail"


def test_a_second_start_never_replaces_the_key(tmp_path):
    path = tmp_path / "master.key"
    Keyring.open(path, create=True)
    before = path.read_bytes()
    Keyring.open(path, create=True)
    assert path.read_bytes() == before


def test_two_first_starts_at_once_keep_one_key(tmp_path):
    path = tmp_path / "master.key"
    with ThreadPoolExecutor(8) as pool:
        rings = list(pool.map(lambda _: Keyring.open(path, create=True), range(8)))
    assert len({ring.fingerprint("li") for ring in rings}) == 1
    assert [*tmp_path.iterdir()] == [path]


def test_a_missing_key_refuses_to_start_and_says_what_to_do(tmp_path):
    path = tmp_path / "master.key"
    with pytest.raises(KeyMissing, match="backup"):
        Keyring.open(path, create=False)
    assert not path.exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666])
def test_a_key_that_others_may_read_is_refused(tmp_path, mode):
    path = tmp_path / "master.key"
    Keyring.open(path, create=True)
    path.chmod(mode)
    with pytest.raises(KeyMissing, match="chmod 600"):
        Keyring.open(path, create=False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no json",
        "[]",
        "{}",
        '{"current": "a", "keys": {}}',
        '{"current": "a", "keys": {"a": "c2hvcnQ="}}',
        '{"current": "a", "keys": {"a": "%%%"}}',
        '{"current": "a", "keys": ["a"]}',
        '{"current": ["a"], "keys": {}}',
        "\u00e9",
    ],
)
def test_a_damaged_key_file_is_named_and_not_overwritten(tmp_path, text):
    path = tmp_path / "master.key"
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(KeyMissing, match=r"master\.key"):
        Keyring.open(path, create=True)
    assert path.read_text(encoding="utf-8") == text


def test_a_folder_that_cannot_be_made_is_told_about(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(KeyMissing, match="ROUTER__KEY_FILE"):
        Keyring.open(tmp_path / "file" / "master.key", create=True)


@given(st.binary(max_size=300), st.binary(max_size=30))
@settings(deadline=None)
def test_what_is_sealed_opens_again(data, about):
    assert RING.unseal(*RING.seal(data, about), about) == data


@given(st.data())
@settings(deadline=None)
def test_no_changed_bit_goes_unnoticed(data):
    sealed = RING.seal(b"a frightened letter", b"row 7")
    field = data.draw(st.sampled_from(("wrapped_key", "blob")))
    changed = bytearray(getattr(sealed, field))
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(SealBroken):
        RING.unseal(*sealed._replace(**{field: bytes(changed)}), b"row 7")


@pytest.mark.parametrize("field", ["wrapped_key", "blob"])
@pytest.mark.parametrize("left", [0, 5, 12, 20])
def test_a_blob_cut_short_is_broken_not_a_crash(field, left):
    sealed = RING.seal(b"a frightened letter")
    with pytest.raises(SealBroken):
        RING.unseal(*sealed._replace(**{field: getattr(sealed, field)[:left]}))


def test_a_blob_moved_to_another_row_stays_shut():
    sealed = RING.seal(b"data", b"row 7")
    with pytest.raises(SealBroken, match="another row"):
        RING.unseal(*sealed, b"row 8")


def test_a_wrapped_key_opens_its_own_item_only():
    one, other = RING.seal(b"one"), RING.seal(b"other")
    with pytest.raises(SealBroken):
        RING.unseal(one.key_id, other.wrapped_key, one.blob)


def test_an_item_of_a_lost_key_says_which_key_is_lost():
    sealed = Keyring.ephemeral().seal(b"data")
    with pytest.raises(KeyMissing, match=sealed.key_id):
        RING.unseal(*sealed)


def test_the_same_data_never_looks_the_same_sealed():
    one, other = RING.seal(b"data"), RING.seal(b"data")
    assert one.blob != other.blob
    assert one.wrapped_key != other.wrapped_key


def test_after_a_rotation_old_items_open_and_old_signatures_hold(tmp_path):
    path = tmp_path / "master.key"
    before = Keyring.open(path, create=True)
    sealed, signed = before.seal(b"old"), before.sign("reply", b"7")
    link = before.chain("", "old line")
    given = json.loads(path.read_text())
    given["keys"]["second"] = base64.b64encode(bytes(range(32))).decode()
    path.write_text(json.dumps(given | {"current": "second"}))
    after = Keyring.open(path, create=False)
    assert after.unseal(*sealed) == b"old"
    assert after.verify("reply", b"7", signed)
    assert after.chained("", "old line", link)
    assert after.seal(b"new").key_id == "second"
    assert after.sign("reply", b"7") != signed


def test_a_signature_is_good_for_its_purpose_message_and_ring_only():
    signed = RING.sign("reply", b"7")
    assert RING.verify("reply", b"7", signed)
    assert not RING.verify("status", b"7", signed)
    assert not RING.verify("reply", b"8", signed)
    assert not Keyring.ephemeral().verify("reply", b"7", signed)


@pytest.mark.parametrize("size", [0, 1, 15])
def test_a_shortened_signature_never_passes(size):
    assert not RING.verify("reply", b"7", RING.sign("reply", b"7")[:size])


def test_fingerprints_are_equal_for_equal_values_and_salted_by_the_ring():
    assert RING.fingerprint("li@example.com") == RING.fingerprint("li@example.com")
    assert RING.fingerprint("li@example.com") != RING.fingerprint("wang@example.com")
    assert RING.fingerprint("li@example.com") != Keyring.ephemeral().fingerprint("li@example.com")
    assert len(RING.fingerprint("钱")) == 24


def test_a_chain_notices_a_changed_line_and_a_changed_predecessor():
    first = RING.chain("", "one")
    second = RING.chain(first, "two")
    assert RING.chained(first, "two", second)
    assert not RING.chained(first, "tw", second)
    assert not RING.chained("", "two", second)
    assert not RING.chained(first, "two", "no hex")
    assert not RING.chained(first, "two", second[:-2])


def test_the_border_between_two_chained_parts_cannot_be_shifted():
    assert RING.chain("ab", "c") != RING.chain("a", "bc")
