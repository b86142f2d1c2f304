"""A check and its result."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum


class Level(IntEnum):
    """The values are the exit codes of the command: the highest of all checks counts."""

    OK = 0
    WARNING = 1
    ERROR = 2


@dataclass(frozen=True, slots=True)
class Check:
    """The subject of a check, its state, and the next step."""

    subject: str
    level: Level
    state: str
    advice: str = ""
    key: str = ""
    """The name of the API key that it is about, if it is about one."""

    def __str__(self) -> str:
        return f"{self.state}; {self.advice}" if self.advice else self.state


def exit_code_of_checks(checks: Collection[Check]) -> int:
    """The highest level; but an error of one key is a warning while another key has none."""
    keys = {each.key for each in checks} - {""}
    failing = {each.key for each in checks if each.level is Level.ERROR}
    bearable = failing - {""} if keys - failing else set[str]()
    levels = [Level.WARNING if each.key in bearable else each.level for each in checks]
    return int(max(levels, default=Level.OK))
