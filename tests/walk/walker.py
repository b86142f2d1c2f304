"""A walk: Apple's account changes, the job runs, and after each run the warehouse is compared with
what Apple told.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from tests.walk.account import Account
from tests.walk.apple import Told
from tests.walk.checks import Checks
from tests.walk.jobs import Ended
from tests.walk.model import HeldInstance, HeldSegment, Table, Warehouse
from tests.walk.orders import Order
from tests.walk.warehouse import RAW, Database, Stored


@dataclass(frozen=True)
class Ran:
    """A run: what it was asked for, what Apple told it, how it ended. None: it was killed."""

    order: Order
    told: Told
    ended: Ended | None

    @property
    def is_whole(self) -> bool:
        return self.ended is not None and self.ended.is_whole


@dataclass
class Seen:
    """The age in days at which an instance was last seen unchanged: at most, and for certain."""

    at_most: int = -1
    at_least: int = -1


class Walker:
    """`warehouse` is what must be at the destination, `learn` brings it up to date."""

    def __init__(self, account: Account, database: Database) -> None:
        self.account = account
        self.warehouse = Warehouse()
        self._database = database
        self._seen: dict[str, Seen] = {}
        self._listed: set[str] = set()
        self._runs = 0
        self._may_be_empty: dict[Table, set[date]] = {}

    def learn(self, *runs: Ran) -> None:
        """Compare what is loaded after these runs, which were at work together, with what Apple
        told them; then everything that is shown.
        """
        self._runs += 1
        self._learn_files()
        with self._database.connected() as query:
            self._compare(Stored(query), runs)
        self.account.loaded = set(self.warehouse.instances)

    def _compare(self, stored: Stored, runs: tuple[Ran, ...]) -> None:
        for run in runs:
            self._check_ended(run)
        if len(runs) == 1 and runs[0].is_whole:
            self._check_looks(runs[0])
        hidden = self._hidden()
        self._learn_segments(stored, runs)
        self._learn_listing(stored, runs)
        if len(runs) == 1:
            hidden.clear()
        self._learn_removed(stored, runs, hidden | self._hidden())
        checks = Checks(stored, self.warehouse)
        checks.slices()
        checks.raw_rows()
        is_whole = all(run.is_whole for run in runs)
        checks.views(are_made=is_whole)
        if is_whole and self.warehouse.instances:
            checks.owners(self._may_be_empty)
            if stored.has(RAW, "analytics_reports"):  # runs by id alone tell of no report
                checks.freshness()
            checks.restatements()

    def _learn_files(self) -> None:
        files = self.warehouse.files
        for segment in self.account.world.segments.values():
            if segment.checksum not in files:
                files[segment.checksum] = Checks.rows_of(segment)

    def _check_ended(self, run: Ran) -> None:
        if run.ended and run.ended.is_whole and run.ended.exit_code:
            stopped = any(each.is_stopped for each in self.account.world.requests)
            assert stopped, f"exit code {run.ended.exit_code} without a failure: {run.ended}"

    def _check_looks(self, run: Ran) -> None:
        """What had to be looked at was, and what had not to be was not."""
        order, looked = run.order, run.told.segments
        if order.instance_ids:
            assert set(order.instance_ids) <= set(looked), f"{order} looked at {set(looked)}"
            return
        listed = {each for ids in run.told.instances.values() for each in ids}
        assert set(looked) <= listed, "it looked at an instance that no list had"
        for instance_id in listed:
            instance = self.account.world.instances[instance_id]
            day = instance.processing_date.isoformat()
            is_within = (order.since or "") <= day <= (order.until or "9999")
            held = self.warehouse.instances.get(instance_id)
            seen = self._seen.get(instance_id, Seen())
            if held is None or not held.segments:
                must, may = is_within, is_within
            else:
                must = is_within and bool(order.recheck) and seen.at_most < order.recheck
                may = is_within and bool(order.recheck) and seen.at_least < order.recheck
            is_looked = instance_id in looked
            assert is_looked or not must, f"{instance_id} of {day} was not looked at: {order}"
            assert may or not is_looked, f"{instance_id} of {day} was looked at again: {order}"

    def _learn_segments(self, stored: Stored, runs: tuple[Ran, ...]) -> None:
        """An instance is loaded whole or not at all."""
        actual = stored.segments()
        told = {instance_id for run in runs for instance_id in run.told.segments}
        for instance_id in {*actual, *self.warehouse.instances, *told}:
            held = self.warehouse.instances.get(instance_id)
            before = {id_: each.checksum for id_, each in held.segments.items()} if held else {}
            now = actual.get(instance_id, {})
            tellers = [run for run in runs if run.told.segments.get(instance_id)]
            allowed = [run.told.segments[instance_id] for run in tellers]
            if not any(run.is_whole for run in tellers):
                allowed.append(before)
            assert any(_is_loaded(now, each) for each in allowed), (
                f"instance {instance_id} has {now}, and must have one of {allowed}"
            )
            self._note_look(instance_id, before, now, runs)
            if now or held:
                self._hold(instance_id, now, before, tellers)

    def _note_look(
        self,
        instance_id: str,
        before: Mapping[str, str],
        now: Mapping[str, str],
        runs: tuple[Ran, ...],
    ) -> None:
        instance = self.account.world.instances[instance_id]
        age = (self.account.today - instance.processing_date).days
        seen = self._seen.setdefault(instance_id, Seen())
        table = instance.report.request.app_id, instance.report.name
        for run in runs:
            if instance_id not in run.told.segments:
                continue
            if not run.told.segments[instance_id]:
                if not before:
                    empty = self.warehouse.empty if run.is_whole else self._may_be_empty
                    empty.setdefault(table, set()).add(instance.processing_date)
            elif before and now != before:
                # of two runs one may have looked after the other had loaded it again
                told_so = [each for each in runs if each.told.segments.get(instance_id)]
                self._seen[instance_id] = Seen(at_most=age if len(told_so) > 1 else -1)
            elif not before and now:
                self._seen[instance_id] = Seen(age, age)
            else:
                seen.at_most = max(seen.at_most, age)
                if run.is_whole and age >= run.order.recheck:
                    seen.at_least = max(seen.at_least, run.order.recheck)
                elif not run.is_whole:
                    seen.at_least = -1

    def _hold(
        self,
        instance_id: str,
        now: Mapping[str, str],
        before: Mapping[str, str],
        tellers: list[Ran],
    ) -> None:
        instance = self.account.world.instances[instance_id]
        request = instance.report.request
        held = self.warehouse.instances.get(instance_id)
        if held is None:
            table = request.app_id, instance.report.name
            held = HeldInstance(instance_id, table, instance.processing_date, None)
            self.warehouse.instances[instance_id] = held
        if now != before:
            was_listed = instance_id in self._listed
            if was_listed or any(not run.order.instance_ids for run in tellers):
                held.access_type = request.access_type.value
            kept = {id_ for id_ in now if before.get(id_) == now[id_]}
            held.segments = {
                id_: held.segments[id_] if id_ in kept else HeldSegment(checksum)
                for id_, checksum in now.items()
            }

    def _learn_listing(self, stored: Stored, runs: tuple[Ran, ...]) -> None:
        """Which instances Apple lists no more."""
        listing = stored.listing()
        for held in self.warehouse.instances.values():
            was_gone = held.gone is not None
            verdicts = [(run.is_whole, self._is_gone(held.id, run.told)) for run in runs]
            certain = {verdict for is_whole, verdict in verdicts if is_whole} - {None}
            possible = {verdict for _, verdict in verdicts} - {None}
            is_gone = listing.get(held.id, False)
            allowed = certain or possible | {was_gone}
            assert is_gone in allowed, f"{held.id} is listed as gone: {is_gone}, not {allowed}"
            if is_gone and not was_gone:
                held.gone = self._runs
            elif not is_gone:
                held.gone = None
        self._listed = set(listing)

    def _is_gone(self, instance_id: str, told: Told) -> bool | None:
        """What the lists say of an instance; None: nothing."""
        if any(instance_id in ids for ids in told.instances.values()):
            return False
        report = self.account.world.instances[instance_id].report
        requests = told.requests.get(report.request.app_id)
        lacks_request = requests is not None and report.request.id not in requests
        if instance_id in self._listed and (lacks_request or report.id in told.instances):
            return True
        return None

    def _hidden(self) -> set[tuple[str, str, str]]:
        """The slices that are not shown, by instance, segment and date."""
        found = set()
        for table in self.warehouse.tables():
            shown = {
                (each.instance.id, each.segment_id, day)
                for day, slices in self.warehouse.shown(table).items()
                for each in slices
            }
            held = {(s.instance.id, s.segment_id, s.date) for s in self.warehouse.slices(table)}
            found |= held - shown
        return found

    def _learn_removed(
        self, stored: Stored, runs: tuple[Ran, ...], hidden: set[tuple[str, str, str]]
    ) -> None:
        """--keep-superseded takes what is not shown of old instances, and nothing else; of two
        runs one may be done before the other one loads something.
        """
        removed = {
            (each.instance_id, each.segment_id, each.date or "")
            for each in stored.slices()
            if each.is_removed
        }
        for instance_id, segment_id, day in hidden:
            held = self.warehouse.instances[instance_id]
            if segment_id not in held.segments:
                continue
            age = self.account.today - held.processing_date
            askers = [
                run
                for run in runs
                if run.order.keep_superseded is not None
                and age > timedelta(days=run.order.keep_superseded)
            ]
            is_removed = (instance_id, segment_id, day) in removed
            must = len(runs) == 1 and runs[0].is_whole
            if askers and (must or is_removed):
                held.segments[segment_id].removed.add(day)


def _is_loaded(now: Mapping[str, str], told: Mapping[str, str]) -> bool:
    """Of one file under several ids one is loaded."""
    return now.items() <= told.items() and set(now.values()) == set(told.values())
