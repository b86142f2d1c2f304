"""The choices of the app chooser: all apps, the apps of a key, or one app. Pure values."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

ALL = "0"
"""Stands for all apps where an app's id is expected."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Apps that the page shows together. `key` stands in the page's address."""

    key: str
    label: str
    app_ids: tuple[int, ...]

    @property
    def is_app(self) -> bool:
        return self.key == str(self.app_ids[0])


def choices_of(
    app_ids: Iterable[int], names: Mapping[int, str], key_names: Mapping[int, Collection[str]]
) -> list[Choice]:
    """All apps, then the apps of each key if there are several keys, then each app.

    Args:
        key_names: by app, the API keys that see it, as far as the destination knows them.
    """
    ids = tuple(app_ids)
    keys = sorted({key for app_id in ids for key in key_names.get(app_id, ())})
    return [
        Choice(ALL, "All apps", ids),
        *(
            Choice(
                f"key-{key}",
                f"All apps of key {key}",
                tuple(app_id for app_id in ids if key in key_names.get(app_id, ())),
            )
            for key in (keys if len(keys) > 1 else ())
        ),
        *(Choice(str(app_id), names.get(app_id, str(app_id)), (app_id,)) for app_id in ids),
    ]
