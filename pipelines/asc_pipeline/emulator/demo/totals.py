"""The amounts that a report tells of one app on one day, each with its fixed dimensions."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from asc_pipeline.emulator.demo import story
from asc_pipeline.emulator.demo.apps import Product, Profile, Text

Amounts = list[tuple[dict[str, Text], float]]
"""The dimensions that rows share, to the total that is spread over these rows."""

Make = Callable[[Profile, date], Amounts]


def products(profile: Profile) -> Sequence[Product]:
    return profile.products


def plans(profile: Profile) -> Sequence[Product]:
    return [product for product in profile.products if product.duration]


def nothing_sold(_: Profile) -> Sequence[Product]:
    return [Product("", "", 0, share=1.0)]


def parts(
    columns: str,
    *rows: tuple[story.Total, float, *tuple[Text, ...]],
    each: Callable[[Profile], Sequence[Product]] = nothing_sold,
    always: Mapping[str, str] | None = None,
) -> Make:
    """An amount for each row: a total, the share of it, and the values of `columns`.

    `each` repeats the rows for some products of the app, by their shares. The values in `always`
    may name attributes of the `{product}` and the `{app}`.
    """
    names = columns.split(", ") if columns else []

    def amounts(profile: Profile, day: date) -> Amounts:
        found: Amounts = []
        for product in each(profile):
            fixed = {n: v.format(product=product, app=profile) for n, v in (always or {}).items()}
            for total, share, *values in rows:
                own = dict(zip(names, values, strict=True))
                found.append(({**fixed, **own}, total(profile, day) * share * product.share))
        return found

    return amounts


def with_plan_left(make: Make) -> Make:
    """Fill the previous subscription on churn rows too, though no subscription follows."""

    def amounts(profile: Profile, day: date) -> Amounts:
        made = make(profile, day)
        for fixed, _ in made:
            if (fixed["Event Group"] or "").endswith("churn"):
                fixed["Churn Tenure"] = "1-3 months"
                fixed["Previous Subscription Name"] = fixed["Subscription Name"]
                fixed["Previous Subscription Identifier"] = fixed["Subscription Identifier"]
        return made

    return amounts


def launch(profile: Profile, day: date) -> Amounts:
    """Pre-orders are downloaded on the day on which the app opens in their region."""
    if day != story.launch(profile, day):
        return []
    fixed: dict[str, Text] = {
        "Download Type": "First-time download",
        "Pre-Order": "Pre-order",
        "Territory": story.region(profile, day),
    }
    return [(fixed, story.downloads(profile, day) * 0.3)]


def pre_orders(profile: Profile, day: date) -> Amounts:
    opened, opens = story.pre_orders_open(profile, day), story.launch(profile, day)
    if not (opened and opens):
        return []
    fixed: dict[str, Text] = {
        "Pre-Order Start Date": opened.isoformat(),
        "Pre-Order End Date": opens.isoformat(),
        "Territory": story.region(profile, opens),
    }
    return [(fixed, story.downloads(profile, day) * 0.1)]


def crashes(profile: Profile, day: date) -> Amounts:
    return [
        ({"App Version": version}, story.crashes(profile, day, version))
        for version in story.versions(profile, day)
    ]


def crashes_of_builds(profile: Profile, day: date) -> Amounts:
    build = {"Build": f"{100 + story.cycle_of(day)}", "Release Type": "App Store"}
    return [({**fixed, **build}, total) for fixed, total in crashes(profile, day)]
