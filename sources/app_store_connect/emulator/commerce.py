"""The reports on money: purchases, pre-orders, and subscriptions."""

from collections.abc import Mapping
from datetime import date, timedelta

from app_store_connect.emulator.dimensions import DEVICES, PAGES, SOURCES, reached, since
from app_store_connect.emulator.figures import Block, Figure, Text, Weights, money, unique
from app_store_connect.emulator.profiles import Product
from app_store_connect.emulator.story import Story

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
    """A refund is negative; one in part is money back for no purchase."""
    prices = {p.id: p.cents for p in story.profile.products}
    cents = prices[figure.dimensions["Content Apple Identifier"] or ""] * figure.amount
    is_partial = figure.amount < 0 and figure.luck > 0.8
    sales = cents * (0.5 if is_partial else 0.9 + 0.2 * figure.luck)
    return {
        "Purchases": "0" if is_partial else str(figure.amount),
        "Proceeds in USD": money(sales * 0.85),
        "Sales in USD": money(sales),
        "Paying Users": unique(figure, 0.8),
    }


def pre_orders(story: Story, day: date) -> Blocks:
    if story.is_launched(day):
        return []
    opened = (story.today - timedelta(days=60)).isoformat()
    closes = story.today - timedelta(days=story.profile.launch_ago or 0)
    fixed = {"Pre-Order Start Date": opened, "Pre-Order End Date": closes.isoformat()}
    return [Block(fixed, story.downloads(day) * 0.5, reached(story))]


def pre_order_measures(_: Story, figure: Figure) -> Mapping[str, str]:
    cancelled = round(figure.amount * 0.1 * figure.luck)
    return {"Pre-Orders Placed": str(figure.amount), "Pre-Orders Canceled": str(cancelled)}


def _plan(story: Story, product: Product) -> dict[str, Text]:
    return {
        "Subscription Name": product.name,
        "Subscription Identifier": product.id,
        "Subscription Duration": product.duration,
        "Subscription Group": "Full access",
        "Subscription Group Identifier": f"2{story.profile.app.id[-7:]}",
        "Family Sharing": "No",
    }


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
    grown = 1 + 0.004 * (200 - story.ago(day))
    amounts = {"Active paid": 1.0, "Active free trial": 0.08, "Billing retry": 0.03}
    return [
        Block(
            {**_plan(story, p), "State Metric": metric},
            story.profile.downloads * p.share * grown * share,
            _subscribers(story),
        )
        for p in _plans(story)
        for metric, share in amounts.items()
    ]


def subscription_event(story: Story, day: date) -> Blocks:
    started = story.downloads(day) * 0.03
    blocks: Blocks = []
    for product in _plans(story):
        total, plan = started * product.share, _plan(story, product)
        offers = {**_subscribers(story), "Offer Name": _OFFERS}
        start = {"Event Group": "Activations", "Event Name": "Offer start"}
        renewal = {"Event Group": "Renewals", "Event Name": "Renewal"}
        end = {"Event Group": "Cancellations", "Event Name": "Cancel", "Churn Tenure": "1-3 months"}
        reasons = {**_subscribers(story), "Cancellation Reason": _CANCELLATIONS}
        blocks += [
            Block({**plan, **start}, total, offers),
            Block({**plan, **renewal}, total * 2.5, _subscribers(story)),
            Block({**plan, **end}, total * 0.4, reasons),
        ]
    return blocks
