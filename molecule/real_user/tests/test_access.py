"""What is Galaxy's again is nobody else's any more, and what only Galaxy may read is shown to no user."""

from __future__ import annotations

from judging import GALAXY, Results, said

ACL, DEFAULT_ACL = "system.posix_acl_access", "system.posix_acl_default"


def test_the_user_keeps_no_access_to_what_comes_back(results: Results) -> None:
    before, result = results["chown access before"]["access"], results["chown takes back what had ACLs"]
    assert (result["rc"], result["err"]) == (0, "")
    assert all(ACL in names for names in before.values())
    assert all(DEFAULT_ACL in before[name] for name in (".", "working", "working/deep"))
    assert "security.capability" in before["galaxy_1.sh"]
    assert result["access"] == {name: [] for name in before}
    owners = result["owners"]
    assert {(uid, gid) for uid, gid, _mode in owners.values()} == {(GALAXY, GALAXY)}
    modes = {name: mode for name, (_uid, _gid, mode) in owners.items() if name != "working/link"}
    assert {name for name, mode in modes.items() if mode & 0o022} == set()
    # What others could read before, they still can.
    assert modes["working/out.txt"] == 0o755


def test_galaxys_own_acl_goes_to_the_user_with_its_directory(results: Results) -> None:
    """Sites have them, so that Galaxy can write into what is the user's."""
    result = results["chown gives what has an ACL of Galaxys"]
    assert result["rc"] == 0
    assert result["access"]["working"] == [ACL]


def test_a_user_is_never_shown_what_is_only_galaxys(results: Results) -> None:
    """He would say that it is no JSON."""
    race = results["race for a template"]
    assert sum(race["reasons"].values()) == race["attempts"] >= 100
    assert [reason for reason in race["reasons"] if "JSON" in reason] == []
    # The race was one.
    assert race["swaps"] > race["attempts"]
    assert any("hard links" in reason for reason in race["reasons"])


def test_the_log_has_no_line_that_a_name_makes(results: Results) -> None:
    result = results["chown name of an entry"]
    lines = said(result, "clusterjobs-real-user").splitlines()
    assert len(lines) == 2
    assert "\\n\\x1b[2Jexit code 0: \\udcff belongs to uid 2002" in lines[0]
    assert lines[1].startswith("exit code 3: chown, asked by uid 1450")
