# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML and XML: what is written is what Galaxy's own conversion reads; what XML cannot say is refused by name."""

from __future__ import annotations

import copy
import time
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy import xml_reader, xml_writer, yaml_format
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.findings import JobConfError
from ansible_collections.clusterjobs.drm.plugins.plugin_utils.galaxy.model import from_native, to_native

NATIVE: dict[str, Any] = {
    "runners": {
        "local": {"load": "galaxy.jobs.runners.local:LocalJobRunner", "workers": "4"},
        "slurm": {"load": "galaxy.jobs.runners.slurm:SlurmJobRunner", "drmaa_library_path": "/opt/<lib> & co.so"},
    },
    "dynamic": {"rules_module": "site.rules"},
    "handling": {
        "default": "h",
        "assign": ["db-skip-locked", "mem-self"],
        "processes": {"h": {"tags": ["a", "b"], "plugins": ["slurm"]}},
    },
    "execution": {
        "default": "big",
        "environments": {
            "local": {"runner": "local", "local_slots": "2"},
            "one": {
                "runner": "slurm",
                "tags": ["big", "bigger"],
                "env": [
                    {"name": "A", "value": '"1" <2>\n3', "raw": True},
                    {"file": "/etc/profile"},
                    {"execute": "module load x"},
                ],
                "resubmit": [{"condition": "walltime_reached", "environment": "big", "handler": "h", "delay": "60"}],
                "nativeSpecification": " --mem=10 ",
                "container_override": [
                    {"type": "docker", "identifier": "busybox:1", "shell": "/bin/sh", "resolve_dependencies": True}
                ],
                "nothing": None,
            },
            "two": {"runner": "slurm", "metrics": {"src": "disabled"}},
        },
    },
    "tools": [
        {"class": "local", "environment": "local"},
        {"id": "bwa", "environment": "big", "handler": "h", "resources": "r", "x": "1"},
    ],
    "resources": {"default": "r", "groups": {"r": ["cores", "mem"]}},
    "limits": [
        {"type": "environment_total_concurrent_jobs", "tag": "big", "value": "3"},
        {"type": "total_walltime", "window": "30", "value": "24:00:00"},
    ],
}


def environment(**options: Any) -> dict[str, Any]:
    return {"execution": {"environments": {"a": {"runner": "local", **options}}}}


def test_xml_and_back() -> None:
    text = xml_writer.write(NATIVE, "where -- it is from")
    assert to_native(from_native(xml_reader.read(text))) == to_native(from_native(NATIVE))


def test_the_words_of_xml() -> None:
    root = ElementTree.fromstring(xml_writer.write(NATIVE, "c"))
    assert [element.tag for element in root] == ["plugins", "handlers", "destinations", "resources", "tools", "limits"]
    destination = root.findall("destinations/destination")[1]
    assert destination.attrib == {"id": "one", "runner": "slurm", "tags": "big,bigger"}
    assert [entry.attrib for entry in destination.findall("env")] == [
        {"id": "A", "raw": "true"},
        {"file": "/etc/profile"},
        {"exec": "module load x"},
    ]
    assert root.findall("limits/limit")[0].attrib == {"type": "destination_total_concurrent_jobs", "tag": "big"}


def test_yaml_and_back() -> None:
    text = yaml_format.write(NATIVE, "line one\nline two")
    assert text.startswith("---\n# line one\n# line two\nrunners:\n")
    assert yaml_format.read(text) == NATIVE


def test_yaml_keeps_texts_that_look_like_numbers() -> None:
    text = yaml_format.write(
        environment(job_time="12:00:00", local_slots="08", env=[{"name": "A", "value": "1e3"}]), "c"
    )
    assert yaml.safe_load(text) == environment(
        job_time="12:00:00", local_slots="08", env=[{"name": "A", "value": "1e3"}]
    )


def test_docker_means_the_same_in_both_formats() -> None:
    """Galaxy adds docker_sudo to every destination that it reads from XML."""
    text = xml_writer.write(environment(docker_enabled=True), "c")
    assert '<param id="docker_sudo">false</param>' in text
    without = text.replace('<param id="docker_sudo">false</param>', "")
    assert xml_reader.read(without)["execution"]["environments"]["a"]["params"] == {
        "docker_enabled": "true",
        "docker_sudo": "true",
    }
    assert "docker_sudo" not in xml_writer.write(environment(local_slots=2), "c")


@pytest.mark.parametrize(
    ("native", "place"),
    [
        (environment(**{"shell": "/bin/sh"}), "execution.environments.a.shell"),
        (environment(container=[{"type": "docker"}]), "execution.environments.a.container[0].identifier"),
        (environment(container=["busybox"]), "execution.environments.a.container[0]"),
        (environment(docker_volumes=["/a"]), "execution.environments.a.docker_volumes"),
        (environment(metrics={"src": "path", "path": "/m.xml"}), "execution.environments.a.metrics"),
        (environment(**{"job_--exclusive": ""}), "execution.environments.a.job_--exclusive"),
        (environment(x="bell\a"), "execution.environments.a.x"),
        (environment(metrics=[{"type": "core", "x": ["y"]}]), "execution.environments.a.metrics[0].x"),
        (environment(metrics=[{"type": "core", "x y": "z"}]), "execution.environments.a.metrics[0].x y"),
        (environment(env=[{"name": "A", "value": ""}]), "execution.environments.a.env[0].value"),
        (environment(env=[{"name": "A", "value": "1", "other": "2"}]), "execution.environments.a.env[0].other"),
        (environment(resubmit=[{"when": "x"}]), "execution.environments.a.resubmit[0].when"),
        ({"handling": {"runner": "x"}}, "handling.runner"),
        ({"handling": {"processes": {"h": {"nice": 1}}}}, "handling.processes.h.nice"),
        ({"resources": {"other": {}}}, "resources.other"),
        ({"resources": {"groups": {"g": ["a\0b"]}}}, "resources.groups.g"),
        ({"resources": {"groups": {"g": ["a,b"]}}}, "resources.groups.g"),
        (environment(tags=["a,b"]), "execution.environments.a.tags"),
        ({"handling": {"processes": {"h": {"tags": [" a"]}}}}, "handling.processes.h.tags"),
        ({"limits": [{"type": "output_size", "value": "1", "else": 1}]}, "limits[0].else"),
        ({"tools": [{"id": "bwa", "x": {"y": 1}}]}, "tools[0].x"),
    ],
)
def test_what_xml_cannot_say(native: dict[str, Any], place: str) -> None:
    with pytest.raises(JobConfError, match=r"job_conf\.xml cannot say") as caught:
        xml_writer.write(native, "c")
    assert caught.value.findings[0].place == place


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("no xml", "not-xml"),
        ("<job_conf><plugins></job_conf>", "not-xml"),
        ('<!DOCTYPE x [<!ENTITY a "aaaa">]><job_conf>&a;</job_conf>', "not-xml"),
        ('<job_conf><plugins><plugin type="runner" load="x"/></plugins></job_conf>', "malformed"),
        (
            '<job_conf><destinations><destination id="a"><param id="p" from_environ="P"/></destination></destinations></job_conf>',
            "only-in-xml",
        ),
        ('<job_conf><macros><token name="A">1</token></macros></job_conf>', "only-in-xml"),
        ("<toolbox/>", "malformed"),
        ('<job_conf><plugins><plugin id="a" load="x"/></plugins></job_conf>', "malformed"),
        (
            '<job_conf><destinations><destination id="a" runner="r" metrics="/m.xml"/></destinations></job_conf>',
            "malformed",
        ),
        (
            '<job_conf><destinations><destination id="a" runner="r" metrics="on"/></destinations></job_conf>',
            "malformed",
        ),
        ('<job_conf><destinations><destination id="a"/></destinations></job_conf>', "malformed"),
        ('<job_conf><plugins><plugin id="sge" type="runner"/></plugins></job_conf>', "malformed"),
        ("<job_conf><limits><limit>3</limit></limits></job_conf>", "malformed"),
        (
            '<job_conf><destinations><destination id="a" runner="r"><env id="A" raw="ja"/></destination></destinations></job_conf>',
            "malformed",
        ),
        (
            '<job_conf><destinations><destination id="a" runner="r"><param id="p">1</param><param id="p">2</param></destination></destinations></job_conf>',
            "duplicate-id",
        ),
    ],
)
def test_xml_that_is_not_read(text: str, code: str) -> None:
    with pytest.raises(JobConfError) as caught:
        xml_reader.read(text)
    assert caught.value.findings[0].code == code


FROM_ENVIRON = """<job_conf>
  <plugins><plugin id="sge" type="runner" load="x"><param id="enabled" from_environ="SGE">true</param></plugin></plugins>
  <handlers default_from_environ="HANDLER"/>
  <destinations default="local" default_from_environ="DESTINATION">
    <destination id="sge" runner="sge"><param id="nativeSpecification" from_environ="NATIVE_SPEC">-q all.q</param></destination>
  </destinations>
</job_conf>"""


def test_values_out_of_the_environment_are_filled_in_as_galaxy_does() -> None:
    given = xml_reader.read(FROM_ENVIRON, {"NATIVE_SPEC": "-pe smp 2", "DESTINATION": "sge", "OTHER": "x"})
    assert given["execution"] == {
        "default": "sge",
        "environments": {"sge": {"runner": "sge", "params": {"nativeSpecification": "-pe smp 2"}}},
    }
    there = xml_reader.read(FROM_ENVIRON, {})
    assert (there["execution"]["default"], there["runners"]["sge"]["enabled"]) == ("local", "true")
    assert there["execution"]["environments"]["sge"]["params"] == {"nativeSpecification": "-q all.q"}
    with pytest.raises(JobConfError, match="from_job_conf with environ"):
        xml_reader.read(FROM_ENVIRON)


def test_the_environment_is_filled_in_only_where_galaxy_looks_for_it() -> None:
    text = """<job_conf><destinations><destination id="a" runner="r"><env id="A" from_environ="SECRET">std</env></destination></destinations>
      <limits><limit type="walltime" from_environ="SECRET">1:0:0</limit></limits><resources default_from_environ="SECRET"/></job_conf>"""
    with pytest.raises(JobConfError) as caught:
        xml_reader.read(text, {"SECRET": "hunter2"})
    assert "hunter2" not in str(caught.value)
    params = '<param id="p" from_environ="A" from_config="b">c</param><param id="container" from_environ="A"/>'
    text = f'<job_conf><destinations><destination id="a" runner="r">{params}</destination></destinations></job_conf>'
    with pytest.raises(JobConfError, match="<param> from_environ"):
        xml_reader.read(text, {"A": "1"})
    text = text.replace('<param id="container" from_environ="A"/>', "")
    assert xml_reader.read(text, {})["execution"]["environments"]["a"]["params"] == {"p": "c"}


def test_a_plugin_of_metrics_is_what_its_element_is_called() -> None:
    text = """<job_conf><destinations><destination id="a" runner="r">%s</destination></destinations></job_conf>"""
    native = xml_reader.read(text % '<job_metrics><core type="env"/></job_metrics>')
    assert native["execution"]["environments"]["a"]["metrics"] == [{"type": "core"}]
    with pytest.raises(JobConfError, match="is not the only word on metrics"):
        xml_reader.read(text % "<job_metrics/><job_metrics/>")


@pytest.mark.parametrize("params", [{"source": "x"}, {"environment": "zz"}])
def test_a_tools_parameters_are_no_keys_of_it(params: dict[str, str]) -> None:
    native = {"tools": [{"class": "local", "environment": "a", "params": params}]}
    assert to_native(from_native(xml_reader.read(xml_writer.write(native, "c")))) == native


@pytest.mark.parametrize("metrics", [[], [{"type": "core"}, {"type": "cpuinfo", "verbose": "true"}]])
def test_a_list_of_metrics_is_an_element_of_its_own(metrics: Any) -> None:
    native = environment(metrics=metrics)
    text = xml_writer.write(native, "c")
    assert xml_reader.read(text)["execution"]["environments"]["a"] == {
        "runner": "local",
        "metrics": metrics,
    }


def test_what_galaxys_expansion_leaves_of_macros_is_nothing() -> None:
    assert xml_reader.read('<job_conf><macros/><destinations default="a"/></job_conf>')["execution"]["default"] == "a"


def test_what_galaxy_would_pass_over_in_xml_is_named() -> None:
    text = """<job_conf>
      <destinations>
        <destination id="big" runner="local" tag="b"><parm id="x">1</parm></destination>
        <tools><tool id="bwa" destination="big"/></tools>
      </destinations>
    </job_conf>"""
    with pytest.raises(JobConfError) as caught:
        xml_reader.read(text)
    assert [finding.place for finding in caught.value.findings] == [
        "destinations/tools",
        "destination big@tag",
        "destination big/parm",
    ]


@pytest.mark.parametrize("word", ["off", "False", "0", " no "])
def test_metrics_are_off_in_every_word_that_galaxy_knows(word: str) -> None:
    text = f'<job_conf><destinations><destination id="a" runner="local" metrics="{word}"/></destinations></job_conf>'
    assert xml_reader.read(text)["execution"]["environments"]["a"]["metrics"] == {"src": "disabled"}


def test_a_resource_group_of_nothing() -> None:
    text = '<job_conf><resources default="d"><group id="d"></group><group id="e">x,y</group></resources></job_conf>'
    assert xml_reader.read(text)["resources"] == {"default": "d", "groups": {"d": [], "e": ["x", "y"]}}


def test_a_plugin_without_a_class_is_not_taken_for_the_rules_parameters() -> None:
    rules = '<plugin id="dynamic" type="runner"><param id="rules_module">r</param></plugin>'
    native = xml_reader.read(f"<job_conf><plugins>{rules}</plugins></job_conf>")
    assert native == {"dynamic": {"rules_module": "r"}, "execution": {"environments": {}}}
    other = '<plugin id="sge" type="runner"><param id="drmaa_library_path">/l</param></plugin>'
    with pytest.raises(JobConfError, match=r"plugins/plugin\[2\]: has no load"):
        xml_reader.read(f"<job_conf><plugins>{rules}{other}</plugins></job_conf>")


def test_workers_of_all_plugins() -> None:
    text = '<job_conf><plugins workers="3"><plugin id="a" type="runner" load="x"/><plugin id="b" type="runner" load="y" workers="5"/></plugins></job_conf>'
    assert {name: runner["workers"] for name, runner in xml_reader.read(text)["runners"].items()} == {
        "a": 3,
        "b": 5,
    }


def test_a_number_and_its_text_are_two_keys_to_yaml() -> None:
    assert yaml_format.read("{1: a, '1': b}") == {1: "a", "1": "b"}
    with pytest.raises(JobConfError, match="for the second time"):
        yaml_format.read("{1: a, 1: b}")


@pytest.mark.parametrize("encoding", ["ISO-8859-1", "UTF-16"])
def test_a_text_is_read_as_it_is_whatever_it_says_of_its_encoding(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?><job_conf><destinations default="gänse"/></job_conf>'
    assert xml_reader.read(text)["execution"]["default"] == "gänse"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("<a>" * 200_000, "not-xml"),
        ("<job_conf>" + "<a>" * 200_000 + "</a>" * 200_000 + "</job_conf>", "unread-in-xml"),
    ],
)
def test_xml_without_end_takes_no_time(text: str, code: str) -> None:
    started = time.process_time()
    with pytest.raises(JobConfError) as caught:
        xml_reader.read(text)
    assert [finding.code for finding in caught.value.findings] == [code]
    assert time.process_time() - started < 10


@pytest.mark.parametrize(
    "text",
    [
        "a: !hunter2 b",
        "a: *hunter2",
        "a: [&hunter2 1, &hunter2 2]",
        "a: b: hunter2",
        "- [",
        "\x00",
        "a: !!python/object:os.system {}",
    ],
)
def test_yaml_that_is_not_read(text: str) -> None:
    with pytest.raises(JobConfError, match="is not YAML") as caught:
        yaml_format.read(text)
    assert "hunter2" not in str(caught.value)


def test_writing_leaves_the_structure_alone() -> None:
    native = copy.deepcopy(NATIVE)
    xml_writer.write(native, "c")
    yaml_format.write(native, "c")
    assert native == NATIVE
