"""The reports on money: purchases, pre-orders, subscriptions and messages to keep them."""

from collections.abc import Mapping
from datetime import date

from asc_pipeline.emulator.demo.dimensions import DEVICES, PAGES, SOURCES, reached, since, where
from asc_pipeline.emulator.demo.figures import Block, Figure, Text, Weights, money, unique
from asc_pipeline.emulator.demo.profiles import Product
from asc_pipeline.emulator.demo.story import Story

Blocks = list[Block]

_PAYMENTS: Weights = {"Visa": 38, "Mastercard": 30, "PayPal": 14, "Apple Account": 16, None: 2}
_CANCELLATIONS: Weights = {"Voluntary": 6, "Billing issue": 3, "Price increase": 1}
_OFFERS: Weights = {None: 8, 'Autumn "Half Off", 3 months': 2}


def _sold(product: Product) -> dict[str, Text]:
    kind = "Auto-renewable subscription" if product.duration else "In-app purchase"
    return {
        "Purchase Type": kind,
        "Content Name": product.name,
        "Content Apple Identifier": product.id,
    }


def purchases(story: Story, day: date) -> Blocks:
    varied = {**reached(story), "Payment Method": _PAYMENTS, "App Download Date": since(day)}
    sales = [
        Block(_sold(p), story.users(day) * 0.012 * p.share, varied) for p in story.profile.products
    ]
    refunds = [Block(block.fixed, block.total * -0.06, varied) for block in sales]
    return sales + refunds


def purchase_measures(story: Story, figure: Figure) -> Mapping[str, str]:
    """A refund is negative; one in part is money back for no purchase. The start of a free trial is
    a purchase without money and without a paying user.
    """
    product = {p.id: p for p in story.profile.products}[
        figure.dimensions["Content Apple Identifier"] or ""
    ]
    is_partial = figure.amount < 0 and figure.luck > 0.8
    is_trial = figure.amount > 0 and figure.luck > 0.85 and product.duration
    share = 0.0 if is_trial else 0.5 if is_partial else 0.9 + 0.2 * figure.luck
    sales = product.cents * figure.amount * share
    return {
        "Purchases": "0" if is_partial else str(figure.amount),
        "Proceeds in USD": money(sales * 0.85),
        "Sales in USD": money(sales),
        "Paying Users": "0" if is_trial else unique(figure, 0.8),
    }


def pre_orders(story: Story, day: date) -> Blocks:
    opened, launch = story.pre_orders_open(day), story.launch(day)
    if not (opened and launch):
        return []
    fixed = {
        "Pre-Order Start Date": opened.isoformat(),
        "Pre-Order End Date": launch.isoformat(),
        "Territory": story.region(launch),
    }
    varied = {name: each for name, each in reached(story).items() if name not in fixed}
    return [Block(fixed, story.downloads(day) * 0.1, varied)]


def pre_order_measures(_: Story, figure: Figure) -> Mapping[str, str]:
    cancelled = round(figure.amount * 0.1 * figure.luck)
    return {"Pre-Orders Placed": str(figure.amount), "Pre-Orders Canceled": str(cancelled)}


def _plan(story: Story, product: Product) -> dict[str, Text]:
    return {
        "Subscription Name": product.name,
        "Subscription Identifier": product.id,
        "Subscription Duration": product.duration,
        "Billing Frequency": "Unknown",
        "Subscription Group": "Full access",
        "Subscription Group Identifier": _group(story),
        "Family Sharing": "No",
    }


def _group(story: Story) -> str:
    return f"2{story.profile.app.id[-7:]}"


def _subscribers(story: Story) -> dict[str, Weights]:
    return {
        "Territory": story.profile.territories,
        "Original Purchase Device": DEVICES,
        "App Download Source Type": SOURCES,
        "Page Type": PAGES,
    }


def _plans(story: Story) -> list[Product]:
    return [product for product in story.profile.products if product.duration]


def subscription_state(story: Story, day: date) -> Blocks:
    """A stock: who subscribes stands on each date."""
    subscribers = _subscribers(story)
    varied = {
        "Full price": (1.0, subscribers),
        "Free trial": (0.08, subscribers),
        "Voluntary churn": (0.02, {**subscribers, "Cancellation Reason": _CANCELLATIONS}),
    }
    return [
        Block(
            {**_plan(story, p), "State Metric": metric},
            story.subscribers(day) * p.share * share,
            dimensions,
        )
        for p in _plans(story)
        for metric, (share, dimensions) in varied.items()
    ]


_EVENTS = {
    ("Offer start", "Free trial start activation"): 0.03,
    ("Paid subscription start", "Full price subscription start activation"): 0.012,
    ("Paid subscription start", "Full price subscription start reactivation"): 0.003,
    ("Paid subscription from offer", "Full price from free trial"): 0.018,
    ("Renewal", "Full price renewal"): 0.07,
    ("Enter billing issue", "Billing retry from full price"): 0.004,
    ("Voluntary churn", "Voluntary churn from full price"): 0.012,
    ("Involuntary churn", "Involuntary churn from billing retry"): 0.003,
}
"""Apple's event group and name, to how often it happens for each download."""


def subscription_event(story: Story, day: date) -> Blocks:
    return [
        _event(story, product, group, name, story.downloads(day) * share * product.share)
        for product in _plans(story)
        for (group, name), share in _EVENTS.items()
    ]


def _event(story: Story, product: Product, group: str, name: str, total: float) -> Block:
    """Who leaves is told of with the plan that is left, though none follows it."""
    fixed = {**_plan(story, product), "Event Group": group, "Event Name": name}
    varied = _subscribers(story)
    if group == "Offer start":
        varied = {**varied, "Offer Name": _OFFERS}
    if group.endswith("churn"):
        left = {
            "Churn Tenure": "1-3 months",
            "Previous Subscription Name": product.name,
            "Previous Subscription Identifier": product.id,
        }
        return Block(fixed | left, total, {**varied, "Cancellation Reason": _CANCELLATIONS})
    return Block(fixed, total, varied)


def retention(story: Story, day: date) -> Blocks:
    """Messages to those who are about to cancel; their page views are of no product page."""
    amounts = {"Page views": 0.02, "Saves": 0.004}
    return [
        Block(
            {
                "Current Group Subscription": "Full access",
                "Current Subscription Group Identifier": _group(story),
                "Current Subscription": product.name,
                "Current Subscription Identifier": product.id,
                "Event": event,
                "Page": "Confirm cancellation",
                "Retention Message Type": "Text",
            },
            story.downloads(day) * share * product.share,
            where(story),
        )
        for product in _plans(story)
        for event, share in amounts.items()
    ]
