"""Resume tokens are read as ZFS wrote them, and forged or damaged ones are refused."""

from __future__ import annotations

import contextlib
import struct
import zlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealift.zfs.parse import ParseError
from sealift.zfs.tokens import ResumeToken, decode, encode, mismatch

# Tokens that ZFS made, as people published them.
RAW_INCREMENTAL = (  # openzfs#14153
    "1-fd3f3ea61-130-789c636064000310a501c49c50360710a715e5e7a69766a6304081e4c3753e7696b1cd0a40363b"
    "92bafca4acd4e412081f0430e4d3d28a534b18e00024cf86249f5459925acc802a8facbf241fe28aaa90ef315b8e16"
    "ea3920c97382e5f312735319188a528b4b7353816695e8a7e62517e9266764e6a43894679664e826eaa665e6a42299"
    "cfcd80f077727e6e01506f717e36444c02ea3e987c5162394c8a010013de2bc9"
)
RAW_FLAG_UNENCRYPTED = (  # openzfs#8129: sent with --raw, from a dataset without encryption
    "1-148e1e3f23-158-789c636064000310a501c49c50360710a715e5e7a69766a6304041b6dc91755922b39515806c7"
    "62475f94959a9c9250c0c8a507518f26969c5a9250c7000926743924faa2c492d06d21792b1eb2fc987b8e2c8921e7"
    "5b667af767b20c97382e5f3127353191872138b4b528bf48b520b723293134b52f543c21c8c0c0c2d740d0d0c4d750"
    "d80203e253133a712d91dbc0c08ffe72416a5a726e5e42767e76783c424a0f6c3e453739352538052207ddc48e2c9f"
    "9b90545a9c5c5105d1000006fc83351"
)
PLAIN_FULL = (  # openzfs#10439
    "1-eb46e146b-d0-789c636064000310a500c4ec50360710e72765a5269730307441d560c8a7a515a7968064d6b1c0e"
    "4d990e4932a4b528b817403d31a566cfa4bf2d34b335318187a2da5b789c459fb3920c97382e5f3127353191852124"
    "b12758b4bf28b12d353f50d8ce2931293b34b0b1c924ae38d0c0c2d0d8c0c2c19e0000029161d79"
)
RAW_FULL = (  # zrepl's platform tests, made with 0.8.1
    "1-e3f40c323-f8-789c636064000310a500c4ec50360710e72765a52697303030419460caa7a515a796806474e0f"
    "26c48f2499525a9c540da454f0fabfe92fcf4d2cc140686c88a76d578ae45530c90e439c1f27989b9a90c0c5545a"
    "905390539892569f945b940234bf48b8b921d12c1e6713320dc9f9c9f5b50945a5c9c9f0d119380ba07265f94580"
    "e936200004ff12141"
)
NAME_WITH_SPACES = (  # zrepl's unit tests
    "1-bf8cd08c7-e8-789c636064000310a501c49c50360710a715e5e7a69766a6304001ffedc71f63d5de782900d9ec4"
    "8eaf293b252934b206c10c0904f4b2b4e2d618003903c1b927c5265496a31902e5062c2aabf241fe28a6b5716add9f"
    "9ac639d01923c27583e2f313715a8df501f68508942796649864271416272aa4312cc4e00275f22e9"
)
PLAIN_INCREMENTAL = (  # printed by zfs receive in 2025, by way of syncoid
    "1-1379a801cc-118-789c636064000310a501c49c50360710a715e5e7a69766a63040c1ddf48fab1ff809c72a00d9e"
    "c48eaf293b252934b207c10c0904f4b2b4e2d618003903c1b927c5265496a3103aa3cb2fe927c882be6bfd04ccafb9"
    "ba3958024cf0996cf4bcc4d6560284ecd4bd1071a55a29f63106fa89f63186fa09f63146fe4505c99979c9f99129f5"
    "f94999f176f646064aa6b60a46b646c656866656c616564a0ebee1ba26b606665600073030078d32d6a"
)
REAL = {
    RAW_INCREMENTAL: ResumeToken(
        to_name="resumetest/encr-child@with-a-file",
        to_guid=3346673376557487226,
        from_guid=9465784931539935513,
        object=1,
        raw=True,
        compress=True,
    ),
    RAW_FLAG_UNENCRYPTED: ResumeToken(
        to_name="master/replicate/TV@2018-1015-0000_daily",
        to_guid=13540888143750538436,
        from_guid=2565666861148806763,
        object=33,
        bytes_received=25552,
        compress=True,
        embed=True,
        large_blocks=True,
    ),
    PLAIN_FULL: ResumeToken(
        to_name="data-storage/02_backup@bu_20190209",
        to_guid=5637202801631902093,
        object=394,
        offset=78512128,
        bytes_received=95158912,
    ),
    RAW_FULL: ResumeToken(
        to_name="zreplplatformtest/src@a",
        to_guid=0x94A20A5F25877859,
        object=2,
        offset=2883584,
        bytes_received=3026500,
        raw=True,
        compress=True,
    ),
    NAME_WITH_SPACES: ResumeToken(
        to_name="p1/test with space@b",
        to_guid=0xAE88E6B9ACA2D4D6,
        from_guid=0x4AEC265DF1E3DB0F,
        object=8,
        bytes_received=139888,
    ),
    PLAIN_INCREMENTAL: ResumeToken(
        to_name="send/test/l0_1/l1_0/l2_2@syncoid_orion_2025-02-23:16:38:20-GMT-06:00",
        to_guid=3057096897612867743,
        from_guid=6706790996949166045,
        object=1,
    ),
}


@pytest.mark.parametrize(("text", "known"), REAL.items())
def test_a_real_token_is_read(text: str, known: ResumeToken) -> None:
    assert decode(text) == replace(known, text=text)


@pytest.mark.parametrize(("text", "known"), REAL.items())
def test_a_token_is_written_as_zfs_writes_it(text: str, known: ResumeToken) -> None:
    # The compressed bytes depend on the zlib at hand; the length before compression does not.
    written = encode(known)
    assert written.split("-")[2] == text.split("-")[2]
    assert payload(written) == payload(text)


parts = st.text("abcXYZ019_:-", min_size=1, max_size=12)
names = st.builds(
    lambda below, snapshot: f"t {'/'.join(below)}@{snapshot}",
    st.lists(parts, min_size=1, max_size=4),
    parts,
)
words = st.integers(0, 2**64 - 1)
tokens = st.builds(
    ResumeToken,
    to_name=names,
    to_guid=words,
    from_guid=st.none() | st.integers(1, 2**64 - 1),
    object=words,
    offset=words,
    bytes_received=words,
    raw=st.booleans(),
    compress=st.booleans(),
    embed=st.booleans(),
    large_blocks=st.booleans(),
    saved=st.booleans(),
)


@given(tokens, st.sampled_from(["little", "big"]))
def test_what_is_written_is_read_again(token: ResumeToken, order: str) -> None:
    text = encode(token, "little" if order == "little" else "big")
    assert decode(text) == replace(token, text=text)


@pytest.mark.parametrize("name", ["tank/a", "tank@\x1b", "tank@ä", "/tank@a", "tank@a b@c"])
def test_a_name_that_is_none_is_not_written(name: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        encode(ResumeToken(to_name=name, to_guid=1))


@given(st.text())
def test_any_text_is_a_token_or_an_error(text: str) -> None:
    with pytest.raises(ParseError):
        decode(text)


def sealed(packed: bytes, *, length: int | None = None, tail: bytes = b"") -> str:
    """A token with a right checksum around any payload: what a forger can make."""
    compressed = zlib.compress(packed, 6) + tail
    words = struct.unpack(f"<{len(compressed) // 4}I", compressed[: len(compressed) // 4 * 4])
    size = len(packed) if length is None else length
    return f"1-{sum(words) & (2**64 - 1):x}-{size:x}-{compressed.hex()}"


def payload(text: str) -> bytes:
    return zlib.decompress(bytes.fromhex(text.rsplit("-", 1)[1]))


@given(st.binary(max_size=400))
def test_any_payload_is_a_token_or_an_error(packed: bytes) -> None:
    with pytest.raises(ParseError):
        decode(sealed(packed))


@given(st.data())
def test_a_changed_byte_in_the_payload_never_raises_anything_else(data: st.DataObject) -> None:
    packed = bytearray(payload(RAW_INCREMENTAL))
    for _ in range(data.draw(st.integers(1, 3))):
        packed[data.draw(st.integers(0, len(packed) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ParseError):
        assert isinstance(decode(sealed(bytes(packed))), ResumeToken)


@given(st.integers(0, len(RAW_INCREMENTAL) - 1))
def test_a_token_that_was_cut_is_refused(end: int) -> None:
    with pytest.raises(ParseError):
        decode(RAW_INCREMENTAL[:end])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("-", "not of the form"),
        ("1-8f9c2f1d7c-100000-7890abcdef-200000-10", "not of the form"),
        (RAW_INCREMENTAL + "\n", "not of the form"),
        (RAW_INCREMENTAL.upper(), "not of the form"),
        ("2" + RAW_INCREMENTAL[1:], "version 2 is unknown"),
        (RAW_INCREMENTAL.replace("fd3f3ea61", "fd3f3ea62"), "checksum is wrong"),
        (RAW_INCREMENTAL.replace("789c63", "badf00"), "checksum is wrong"),
        (sealed(payload(RAW_INCREMENTAL), length=0x10), "not as long as it says"),
        (sealed(payload(RAW_INCREMENTAL), length=0x131), "not as long as it says"),
        (sealed(payload(RAW_INCREMENTAL), tail=b"more"), "not as long as it says"),
        (sealed(bytes(4096), length=2**60), "claims to unpack"),
        (sealed(payload(RAW_INCREMENTAL) + b"more"), "more behind"),
        (sealed(b"\1" + payload(RAW_INCREMENTAL)[1:]), "not a native nvlist"),
        (sealed(payload(RAW_INCREMENTAL)[:-4]), "no end"),
        (sealed(payload(RAW_INCREMENTAL).replace(b"object", b"abject")), "it lacks object"),
        (sealed(payload(RAW_INCREMENTAL).replace(b"offset", b"object")), "twice"),
        (sealed(payload(RAW_INCREMENTAL).replace(b"encr-child", b"encr\x1bchild")), "names no"),
        (sealed(payload(RAW_INCREMENTAL).replace(b"encr-child", b"encr\xffchild")), "not ASCII"),
    ],
)
def test_what_is_wrong_with_a_token_is_said(text: str, reason: str) -> None:
    with pytest.raises(ParseError, match=reason):
        decode(text)


def test_a_bomb_is_not_unpacked() -> None:
    # A megabyte of zeros in a kilobyte; unpacking stops right behind the length that is claimed.
    with pytest.raises(ParseError, match="not as long as it says"):
        decode(sealed(bytes(1 << 20), length=0x130))


def with_pair(name: bytes, kind: int, elements: int, value: bytes) -> bytes:
    """The payload of `PLAIN_FULL` with one more pair."""
    start = (16 + len(name) + 1 + 7) // 8 * 8
    head = struct.pack("<ihhii", start + len(value), len(name) + 1, 0, elements, kind)
    return payload(PLAIN_FULL)[:-4] + (head + name).ljust(start, b"\0") + value + bytes(4)


def test_a_flag_with_a_value_is_refused_and_not_taken_for_set() -> None:
    # libzfs only asks whether the name is there; a number that is 0 must not mean two things.
    assert decode(sealed(with_pair(b"rawok", 1, 0, b""))).raw
    with pytest.raises(ParseError, match="'rawok' in its nvlist has the wrong type"):
        decode(sealed(with_pair(b"rawok", 8, 1, bytes(8))))


def test_a_number_without_a_value_is_refused() -> None:
    assert decode(sealed(with_pair(b"fromguid", 8, 1, b"\7" + bytes(7)))).from_guid == 7
    with pytest.raises(ParseError, match="'fromguid' in its nvlist has the wrong type"):
        decode(sealed(with_pair(b"fromguid", 1, 0, b"")))


def test_what_a_later_version_adds_is_passed_over() -> None:
    assert decode(sealed(with_pair(b"newok", 1, 0, b""))).to_guid == REAL[PLAIN_FULL].to_guid


def test_redaction_is_seen_and_a_redacted_token_is_not_written() -> None:
    token = decode(sealed(with_pair(b"redact_snaps", 16, 1, struct.pack("<Q", 7))))
    assert token.redacted
    with pytest.raises(ValueError, match="redacted"):
        encode(token)


TO, FROM = 3346673376557487226, 9465784931539935513


def test_a_token_for_the_planned_send_may_be_used() -> None:
    assert mismatch(decode(RAW_INCREMENTAL), to_guid=TO, from_guid=FROM) is None


@pytest.mark.parametrize(
    ("token", "to_guid", "from_guid", "reason"),
    [
        (replace(decode(RAW_INCREMENTAL), raw=False), TO, FROM, "rawok is missing"),
        (replace(decode(RAW_INCREMENTAL), redacted=True), TO, FROM, "redacted"),
        (decode(RAW_INCREMENTAL), TO + 1, FROM, "another snapshot"),
        (decode(RAW_INCREMENTAL), TO, FROM + 1, "another base"),
        (decode(RAW_INCREMENTAL), TO, None, "planned is none"),
        (replace(decode(RAW_INCREMENTAL), from_guid=None), TO, FROM, "another base: none"),
    ],
)
def test_a_token_for_something_else_may_not(
    token: ResumeToken, to_guid: int, from_guid: int | None, reason: str
) -> None:
    assert reason in (mismatch(token, to_guid=to_guid, from_guid=from_guid) or "")


def test_an_unencrypted_dataset_never_has_rawok() -> None:
    token = decode(RAW_FLAG_UNENCRYPTED)
    assert mismatch(token, to_guid=token.to_guid, from_guid=token.from_guid)
    assert not mismatch(token, to_guid=token.to_guid, from_guid=token.from_guid, encrypted=False)
