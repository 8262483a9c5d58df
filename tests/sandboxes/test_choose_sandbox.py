"""Finding a sandbox by name, and what is said when it does not work."""

from __future__ import annotations

import pytest

from posttrainbench.errors import MissingRequirementError, UnknownNameError
from posttrainbench.sandboxes.bubblewrap import Bubblewrap
from posttrainbench.sandboxes.choose import choose


def test_unknown_names_suggest_the_nearest():
    with pytest.raises(UnknownNameError, match="bubblewrap"):
        choose("bublewrap")


def test_auto_takes_bubblewrap_where_it_works(bubblewrap):
    assert choose("auto").name == "bubblewrap"
    assert choose("bubblewrap").isolates_files


def test_auto_falls_back_to_host(without_unshare):
    chosen = choose("auto")
    assert (chosen.name, chosen.isolates_files) == ("host", False)


def test_a_named_sandbox_that_does_not_work_is_refused_with_a_way_out(without_unshare):
    with pytest.raises(MissingRequirementError, match="PATH") as caught:
        choose("bubblewrap")
    assert "apt-get install bubblewrap" in str(caught.value)


def test_a_bubblewrap_that_fails_tells_its_own_reason(tmp_path):
    program = tmp_path / "bwrap"
    program.write_text(
        "#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n"
    )
    program.chmod(0o755)
    probe = Bubblewrap(str(program)).probe()
    assert not probe.available
    assert "No permissions to create new namespace" in probe.reason
    assert "host" in probe.advice
