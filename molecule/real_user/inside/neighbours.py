"""What stands after the word Defaults in another file for sudo: none of it must break or weaken the programs."""

from __future__ import annotations

NEIGHBOURS = (
    " noexec",
    "!ALL noexec",
    " intercept",
    " log_subcmds",
    " use_pty",
    " requiretty",
    " log_input, log_output",
    " command_timeout=1",
    " runcwd=/nonexistent",
    ' env_keep += "LD_PRELOAD PYTHONPATH"',
    ' env_check += "LD_PRELOAD"',
    " !env_reset",
    " setenv",
    " stay_setuid",
    " fdexec=always",
    " umask=0777, umask_override",
    ' rlimit_fsize="0,infinity"',
)
