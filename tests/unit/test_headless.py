"""What the commands without a screen print."""

from __future__ import annotations

import json
from dataclasses import replace

from sealift.headless import json_line
from sealift.hosts.trouble import Trouble
from sealift.mentions import RESUME
from sealift.replication import report
from sealift.replication.job import JobState
from tests.factories import job


def test_the_sentences_in_json_name_the_usual_keys_and_what_a_host_said_stays() -> None:
    trouble = Trouble("command-failed", "dr1", "it ended", mend=f"Resume {RESUME}.", raw="\x1b (s)")
    value = report.jobs((replace(job(JobState.FAILED), trouble=trouble),))
    printed = json.loads(json_line(value))["jobs"][0]["trouble"]
    assert printed["mend"] == "Resume (t, r)."
    assert printed["raw"] == "\x1b (s)"
