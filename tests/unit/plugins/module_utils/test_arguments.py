# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user writes: the request made of it, or an error that names the field and what to write instead."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Mapping, Optional

import pytest

from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.errors import InvalidRequestError
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.model import JobRequest
from ansible_collections.clusterjobs.drm.plugins.module_utils._drm.order import Order
from ansible_collections.clusterjobs.drm.plugins.module_utils._values import parse_walltime
from ansible_collections.clusterjobs.drm.tests.unit.helpers.params import orders, refused, request


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        (1, 1),
        (43200, 43200),
        ("90", 90),
        (" 90 ", 90),
        ("0:00:01", 1),
        ("0:10:00", 600),
        ("12:00:00", 43200),
        ("100:00:00", 360000),
        ("1-00:00:00", 86400),
        ("1-23:59:59", 172799),
        ("365-00:00:00", 31536000),
    ],
)
def test_walltimes(value: Any, seconds: Optional[int]) -> None:
    assert parse_walltime(value) == seconds


@pytest.mark.parametrize(
    "value",
    [
        *("90:00", "1:60:00", "1:00:60", "1:5:00", "1:00:00:00", "1-1:00:00", "1-", "-1-00:00:00", "12:00:00\n1"),
        *("5m", "1h", "1d", "1e3", "1.5", " ", "-5", "\u0663", "\u0661:00:00", "UNLIMITED"),
        *(1.5, True, False, -5, [1]),
    ],
)
def test_ambiguous_walltimes_are_refused(value: Any) -> None:
    with pytest.raises(InvalidRequestError, match=r"walltime: .*H:MM:SS or D-HH:MM:SS") as caught:
        parse_walltime(value)
    assert repr(value) in str(caught.value)


@pytest.mark.parametrize(
    ("value", "said"),
    [("1-24:00:00", "24 hours beside its days"), (0, "0 seconds"), ("0", "0 seconds"), ("0:00:00", "0 seconds")],
)
def test_impossible_walltimes_are_refused(value: Any, said: str) -> None:
    with pytest.raises(InvalidRequestError, match="walltime: .*%s" % said):
        parse_walltime(value)


def test_a_whole_request() -> None:
    order = orders(
        script="#!/bin/sh\ntrue\n",
        args=["a b", "c\nd"],
        name="index",
        key="index-hg38",
        resubmit="on_failure",
        cluster="c1",
        queue="long",
        account="bio",
        priority=-5,
        slots=8,
        nodes=2,
        gpus=1,
        memory_mb=32000,
        walltime="12:00:00",
        array="1-10%2",
        depends_on=["4711", "4712"],
        hold=True,
        chdir="/work",
        stdout="%j.out",
        stderr="%j.err",
        environment={"A": "1"},
        native_options=["--constraint=avx512"],
        secret_environment={"TOKEN": "abcdefgh"},
    )[0]
    assert order == Order(
        JobRequest(
            script="#!/bin/sh\ntrue\n",
            args=("a b", "c\nd"),
            name="index",
            cluster="c1",
            queue="long",
            account="bio",
            priority=-5,
            slots=8,
            nodes=2,
            gpus=1,
            memory_mb=32000,
            walltime_seconds=43200,
            array="1-10%2",
            depends_on=("4711", "4712"),
            hold=True,
            chdir="/work",
            stdout="%j.out",
            stderr="%j.err",
            environment={"A": "1"},
            native_options=("--constraint=avx512",),
        ),
        "index-hg38",
        False,
        "on_failure",
        {"TOKEN": "abcdefgh"},
    )


def test_the_least_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/galaxy")
    order = orders(command="hostname -f")[0]
    assert order == Order(
        JobRequest("#!/bin/sh\nexec hostname -f\n", name="hostname", chdir="/home/galaxy"), "task:T#0", True
    )


def test_what_to_run(tmp_path: Path) -> None:
    (tmp_path / "job.sh").write_text("true")
    assert request(command=["echo", 1, "a b"]).script == "#!/bin/sh\nexec echo 1 'a b'\n"
    assert request(command="echo 'a b' $HOME").script == "#!/bin/sh\nexec echo 'a b' '$HOME'\n"
    assert request(script="true").script == "#!/bin/bash\ntrue\n"
    assert request(src=str(tmp_path / "job.sh")).name == "job.sh"


@pytest.mark.parametrize(
    ("given", "field", "said"),
    [
        ({"command": "a", "script": "b"}, "command", "exactly one .*given: command, script"),
        ({"script": ""}, "command", "exactly one .*given: none"),
        ({"command": "echo 'a"}, "command", "No closing quotation.*give a list"),
        ({"command": {"a": 1}}, "command", "neither a list nor a text"),
        ({"command": ["echo", None]}, "command", "the item None is not a text"),
        ({"command": ["echo", ["a"]]}, "command", "is not a text"),
        ({"command": [""]}, "command", "is empty"),
        ({"command": "   "}, "command", "is empty"),
        ({"command": ["a\0b"]}, "command", "NUL"),
        ({"command": "a", "args": ["b"]}, "args", "those of script or src"),
        ({"script": "a\0b"}, "script", "NUL"),
        ({"src": "job.sh"}, "src", "not an absolute path"),
        ({"src": "/no/such\0file"}, "src", "NUL"),
        ({"src": "/no/such/file"}, "src", "No such file or directory"),
    ],
)
def test_what_to_run_that_is_wrong(given: Mapping[str, Any], field: str, said: str) -> None:
    refused(field, said, **given)


@pytest.mark.parametrize("name", ["a", "_", "a" * 64, "Index.hg38+v3-1"])
def test_names(name: str) -> None:
    assert request(name=name).name == name


@pytest.mark.parametrize("name", ["a" * 65, "-a", ".a", "+a", "a b", "a/b", "größe", "a\n", "a%j", "a,b"])
def test_names_that_are_refused(name: str) -> None:
    assert repr(name)[:40] in refused("name", "use 1 to 64 letters", name=name)


@pytest.mark.parametrize("option", ["queue", "account", "cluster"])
def test_words(option: str) -> None:
    assert getattr(request(**{option: "long@srv.example:1"}), option) == "long@srv.example:1"
    assert getattr(request(**{option: ""}), option) == ""
    for wrong in ("--wrap=id", "-q", "a b", "a\nb", "a;b", "$(id)", "a\0"):
        refused(option, "is not a name that a DRM gives", **{option: wrong})


@pytest.mark.parametrize("array", ["1", "1-10", "0-8:2", "1,3,5", "1-100%5", "1,3,5-9:2%1"])
def test_arrays(array: str) -> None:
    assert request(array=array).array == array


@pytest.mark.parametrize(
    "array", ["a", "1-", "-1", "1-10%", "1:2", "1,,2", "1 ", "1\n", "1-2-3", "%5", "1-10%5,6", "\u0661"]
)
def test_arrays_that_are_refused(array: str) -> None:
    refused("array", "is not of the form", array=array)


@pytest.mark.parametrize("option", ["slots", "nodes", "gpus", "memory_mb"])
@pytest.mark.parametrize("value", [0, -1])
def test_counts_that_are_refused(option: str, value: int) -> None:
    refused(option, "%d is less than 1" % value, **{option: value})


@pytest.mark.parametrize("option", ["slots", "nodes", "gpus", "memory_mb"])
def test_a_boolean_is_no_number(option: str) -> None:
    """To Python True is 1."""
    refused(option, "True is no number", **{option: True})


def test_paths() -> None:
    refused("chdir", "'work' is not an absolute path", chdir="work")
    refused("chdir", "newline or NUL", chdir="/a\nb")
    refused("stdout", "newline or NUL", stdout="a\nb")
    refused("stderr", "newline or NUL", stderr="a\0b")


def test_items() -> None:
    refused(r"native_options[1]", "is empty or holds a newline", native_options=["--ok", "--a\n#SBATCH --b"])
    refused("native_options[0]", "is empty", native_options=[""])
    refused("native_options[0]", "NUL", native_options=["\0"])
    refused("args[0]", "NUL", args=["\0"])
