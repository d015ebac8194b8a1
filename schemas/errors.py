"""What every error meant for a person derives from: its message says what happened, where, and what to do."""


class GovlakeError(Exception):
    """Something went wrong that the message explains in full: the command prints it without a traceback, exit code 1."""

    exit_code = 1


class UsageError(GovlakeError):
    """What was asked for cannot be done as asked: a wrong name, date or setting. Exit code 2."""

    exit_code = 2
