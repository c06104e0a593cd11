# Copyright (c) 2026, clusterjobs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registration of a submit host with its DRM: what is there is read, what is missing is planned, done, and read again."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Dict, FrozenSet, List, Mapping, Optional, Sequence, Tuple

from .client import Client
from .errors import CommandError, DrmError, DrmUnavailableError, InvalidRequestError
from .model import Command, CommandResult, Outcome
from .wait import Clock, until_answered

# A host's name becomes a word of the DRM's: no option, no list, no pattern.
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,252}[A-Za-z0-9])?")

#: Lists of the DRM by their names, such as {"submit_hosts": ("head1",)}.
Lists = Mapping[str, Tuple[str, ...]]


@dataclass(frozen=True)
class Wanted:
    """What is asked for. ``queues`` and ``flatuid`` are for the DRMs that have them."""

    host: str
    present: bool = True
    queues: Tuple[str, ...] = ()
    flatuid: bool = False

    def __post_init__(self) -> None:
        if not _HOST.fullmatch(self.host):
            raise InvalidRequestError("host", "%.200r is not the name of one host" % self.host)

    def is_host(self, name: str) -> bool:
        return name.lower() == self.host.lower()

    def may_be(self, name: str) -> bool:
        """One of the two names is the other with a domain."""
        shorter, longer = sorted((name.lower(), self.host.lower()), key=len)
        return longer.startswith(shorter + ".")


@dataclass(frozen=True)
class Plan:
    """From what was read to what is wanted: the lists before and after, and the commands between them."""

    before: Lists
    after: Lists
    commands: Tuple[Command, ...] = ()
    #: What there is to know beside it.
    notes: Tuple[str, ...] = ()
    #: Why no command of the DRM's can do it, and what does.
    by_hand: str = ""
    #: Whether a restart of the DRM leaves it so; None where that cannot be told.
    persistent: Optional[bool] = True


class Registration(ABC):
    """One DRM's lists of hosts that may submit. No input or output here."""

    #: The DRM's name.
    name: ClassVar[str]
    #: What it honours beside ``host`` and ``present``: fields of Wanted, and "cluster".
    fields: ClassVar[FrozenSet[str]] = frozenset(("cluster",))
    #: True where the host registers itself, some time after it was configured.
    comes_by_itself: ClassVar[bool] = False

    @abstractmethod
    def build_read(self, cluster: str) -> List[Command]:
        """The commands that tell which hosts may submit."""

    def build_details(self, results: Sequence[CommandResult]) -> List[Command]:
        """More of them, which the first answers lead to."""
        return []

    def answers(self, result: CommandResult) -> bool:
        """Whether this is an answer to a reading command."""
        return result.rc == 0

    def resolved(self, result: CommandResult, wanted: Wanted) -> Wanted:
        """The host under the name that the DRM gave it in its answer."""
        return wanted

    @abstractmethod
    def plan(self, results: Sequence[CommandResult], wanted: Wanted, cluster: str) -> Plan:
        """What is there, and what has to be done."""


@dataclass(frozen=True)
class Registered:
    """What has become of it."""

    plan: Plan
    changed: bool = False

    def as_dict(self) -> Dict[str, Any]:
        """Plain types for a module's result."""
        before, after = _plain(self.plan.before), _plain(self.plan.after)
        told = {"changed": self.changed, "hosts": after, "notes": list(self.plan.notes)}
        return dict(told, persistent=self.plan.persistent, diff={"before": _text(before), "after": _text(after)})


def register(
    registration: Registration, client: Client, wanted: Wanted, seconds: float, clock: Clock, check_mode: bool
) -> Registered:
    """Bring it about; in check mode say what would be done. Raises DrmError where it cannot be, or was not."""
    _refuse(registration, client, wanted)
    plan = until_answered(
        lambda: _read(registration, client, wanted),
        seconds,
        clock,
        lambda found: not (found.by_hand and registration.comes_by_itself),
    )
    by_hand = plan.by_hand or _other_name(plan, wanted)
    if by_hand:
        raise DrmError("%s: %s" % (client.drm.name, by_hand))
    if not plan.commands or check_mode:
        return Registered(plan, changed=bool(plan.commands))
    results = []
    for command in plan.commands:
        results.append(client.ask(command))
        if results[-1].rc != 0:
            raise _failure("registering %s" % wanted.host, client, results[-1])
        wanted = registration.resolved(results[-1], wanted)
    return _proven(plan, results, _read(registration, client, wanted))


def _other_name(plan: Plan, wanted: Wanted) -> str:
    """A host that is to be gone must not be there under its other name."""
    names = sorted({name for values in plan.after.values() for name in values if wanted.may_be(name)})
    if wanted.present or not names:
        return ""
    return "there is no %s, but %s: if that is the host, give that name" % (wanted.host, ", ".join(names))


def _proven(plan: Plan, results: Sequence[CommandResult], found: Plan) -> Registered:
    """Some commands end well and have done nothing: only what is there afterwards counts."""
    if found.commands or found.by_hand:
        raise CommandError("nothing has changed, although it ended well", results[-1])
    whole = Plan(plan.before, found.after, notes=found.notes, persistent=found.persistent)
    return Registered(whole, changed=_plain(plan.before) != _plain(found.after))


def _refuse(registration: Registration, client: Client, wanted: Wanted) -> None:
    given = {"cluster": client.cluster, "queues": wanted.queues, "flatuid": wanted.flatuid}
    refused = sorted(name for name, value in given.items() if value and name not in registration.fields)
    if refused:
        raise InvalidRequestError(
            refused[0], "is nothing by which a host is registered with %s: leave it out" % client.drm.name
        )


def _read(registration: Registration, client: Client, wanted: Wanted) -> Plan:
    results: List[CommandResult] = []
    for command in registration.build_read(client.cluster):
        results.append(_answer(registration, client, command))
    for command in registration.build_details(results):
        results.append(_answer(registration, client, command))
    return registration.plan(results, wanted, client.cluster)


def _answer(registration: Registration, client: Client, command: Command) -> CommandResult:
    result = client.ask(command)
    if not registration.answers(result):
        raise _failure("asking which hosts may submit", client, result)
    return result


def _failure(what: str, client: Client, result: CommandResult) -> CommandError:
    if client.drm.classify(result) is Outcome.UNREACHABLE:
        return DrmUnavailableError("%s: %s did not answer" % (what, client.drm.name), result)
    return CommandError(what, result)


def _plain(lists: Lists) -> Dict[str, List[str]]:
    return {name: list(values) for name, values in sorted(lists.items())}


def _text(lists: Mapping[str, Sequence[str]]) -> str:
    return "".join("%s:\n%s" % (name, "".join("  %s\n" % value for value in values)) for name, values in lists.items())


def without(names: Sequence[str], wanted: Wanted) -> Tuple[str, ...]:
    """The list without the host."""
    return tuple(name for name in names if not wanted.is_host(name))
