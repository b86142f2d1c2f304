"""A check and its result."""

from collections.abc import Iterable
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

    def __str__(self) -> str:
        return f"{self.state}; {self.advice}" if self.advice else self.state


def exit_code_of_checks(checks: Iterable[Check]) -> int:
    return int(max((each.level for each in checks), default=Level.OK))
