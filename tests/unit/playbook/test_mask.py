"""A mask: every known name is gone from any text, and what is no name is still there."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealift.playbook.mask import Mask


def taught() -> Mask:
    mask = Mask()
    mask.learn_host("nas1", "nas1.corp.example")
    mask.learn_host("10.0.0.7", "vault")
    mask.learn_user("zrecv")
    mask.learn_dataset("tank/prod")
    mask.learn_dataset("tank/prod/my data/x")
    mask.learn_dataset("vault/prod")
    mask.learn_route("night run")
    return mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("tank/prod@rep-1 on nas1", "pool-1/dataset-1@rep-1 on host-1"),
        ("root@nas1:tank/prod", "root@host-1:pool-1/dataset-1"),
        ("zrecv@10.0.0.7:vault/prod", "user-1@host-2:pool-2/dataset-1"),
        ("ssh -l zrecv nas1 true", "ssh -l user-1 host-1 true"),
        ("NAS1.corp.example, Nas1.other.example", "host-1, host-1"),
        ("mail.corp.example and corp.example", "host-3 and host-4"),
        ("syncoid_nas1_2025 nas1-daily nas10", "syncoid_host-1_2025 host-1-daily nas10"),
        ("/tank/prod/my data/x is mounted", "/pool-1/dataset-1/dataset-2/dataset-3 is mounted"),
        ("/home/zrecv/.ssh", "/home/user-1/.ssh"),
        ("tank/prod/new/newer:", "pool-1/dataset-1/dataset-4/dataset-5:"),
        ("zfs receive -s rpool/x | cat", "zfs receive -s pool-3/dataset-3 | cat"),
        ("other/home@s1 and other", "pool-3/dataset-4@s1 and pool-3"),
        ("tank: 99 % full. prod is.", "pool-1: 99 % full. dataset-1 is."),
        ("the host vault, the pool vault/", "the host host-2, the pool pool-2/"),
        ("from 192.0.2.7:22 to 192.0.2.7.", "from address-1:22 to address-1."),
        ("2001:db8::5: refused at 12:30:59", "address-1: refused at 12:30:59"),
        ("night run of night", "route-1 of night"),
        ("root, zfs 2.3.2, guid 123, 50 MB/s", "root, zfs 2.3.2, guid 123, 50 MB/s"),
        ("bob@nas1 and zrecv@elsewhere", "user-2@host-1 and user-1@host-3"),
        ("prod@rep-1 #mark", "dataset-1@rep-1 #mark"),
    ],
)
def test_texts(text: str, masked: str) -> None:
    assert taught().text(text) == masked


def test_a_pool_whose_name_has_a_space() -> None:
    mask = Mask()
    mask.learn_dataset("my pool/vm/new disk")
    shown = mask.text("'my pool/vm/new disk/x'@s of my pool")
    assert shown == "'pool-1/dataset-1/dataset-2/dataset-3'@s of pool-1"


def test_a_name_longer_than_any_is_passed_over() -> None:
    mask = taught()
    mask.learn_host("nas2", "a." * 100_000)
    assert mask.text("nas1 and nas2") == "host-1 and host-3"


def test_the_same_name_is_the_same_everywhere() -> None:
    mask = taught()
    assert mask.text("zfs list a/new") == mask.text("zfs list a/new")
    assert mask.text("a/new") == "pool-3/dataset-4"


def test_hosts_with_the_same_name_for_themselves_stay_two() -> None:
    mask = Mask()
    mask.learn_host("10.0.0.1", "debian")
    mask.learn_host("10.0.0.2", "debian")
    mask.learn_host("a.north.example", "a")
    mask.learn_host("a.south.example", "a")
    text = "10.0.0.1 10.0.0.2 a.north.example a.south.example"
    assert mask.text(text) == "host-1 host-2 host-3 host-4"


def test_a_host_that_was_named_short_is_the_same_with_its_domain() -> None:
    mask = Mask()
    mask.learn_place("ann@laptop")
    mask.learn_place("ann@laptop.example.net")
    assert mask.text("laptop laptop.example.net") == "host-1 host-1"


def test_words_of_the_trade_are_kept() -> None:
    mask = Mask()
    mask.learn_dataset("zfs/send/1/a")
    mask.learn_user("root")
    text = "root ran zfs send at 1 of a 10"
    assert mask.text(text) == text
    assert mask.text("zfs send zfs/send/1/a@s") == (
        "zfs send pool-1/dataset-1/dataset-2/dataset-3@s"
    )


_NAME = st.from_regex(r"[b-z][a-z0-9]{3,8}", fullmatch=True).filter(
    lambda name: (
        name not in {"zpool", "receive", "recv", "root", "none", "sudo", "doas", "send"}
        and not re.match("(host|user|pool|dataset|address|route)", name)
    )
)


@given(st.tuples(_NAME, _NAME, _NAME, _NAME, _NAME), st.text(alphabet=" -_./:@#,'\"\n", min_size=1))
def test_no_known_name_is_left(names: tuple[str, ...], between: str) -> None:
    host, user, pool, part, other = names
    mask = Mask()
    mask.learn_host(host)
    mask.learn_user(user)
    mask.learn_dataset(f"{pool}/{part}")
    mask.learn_dataset(f"{pool}/{part}/{other}")
    text = between.join((*names, f"{user}@{host}:{pool}/{part}/{other}@{host}-daily", *names))
    left = set(re.findall("[a-z0-9]+", mask.text(text)))
    assert not left & set(names)


def test_a_long_text_takes_its_length_and_not_its_square() -> None:
    mask = taught()
    texts = ["a." * 20_000, "a@" * 20_000, "a/" * 20_000 + "@", "1:" * 20_000, "zfs x " * 7_000]
    began = time.process_time()
    for text in texts:
        mask.text(text)
    assert time.process_time() - began < 10
