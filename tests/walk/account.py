"""What Apple may do to an account, step by step."""

import itertools
import random
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta

from tests.emulator import WorldInstance, WorldReport, WorldRequest, WorldSegment, rows_of
from tests.walk.apple import EXPANDED, ONGOING, SNAPSHOT
from tests.worlds import APPS, CRASHES, TODAY, Row, world_with_reports

DAY = timedelta(days=1)
NAMES = {CRASHES: "APP_USAGE", EXPANDED: "PERFORMANCE"}
RETENTION = 35


class Account:
    """Two apps with a report of each policy, and all that Apple may do to them.

    Each operation takes what it chooses from `chance`, and says what it did; None: there was
    nothing to do it to. No two rows are alike but for twins, so that nothing is shown in the place
    of something else unnoticed.
    """

    def __init__(self) -> None:
        self.world = world_with_reports()
        self.today = TODAY
        for app_id in APPS:
            self._add_reports(self.world.request(app_id, ONGOING))
        self.loaded: set[str] = set()
        self._counts = itertools.count(1)
        self._numbers = itertools.count(1000)

    def publish(self, chance: random.Random) -> str:
        """A new day, or some: each report gets an instance, mostly."""
        days = chance.choice([1, 1, 1, 2, 4, 9])
        published = 0
        for _ in range(days):
            self.today += DAY
            for report in self._reports():
                if chance.random() < 0.7:
                    window = chance.randint(1, 4)
                    told = [self.today - n * DAY for n in range(1, window + 1)]
                    self._publish(report, self.today, told, chance)
                    published += 1
        gone = [
            each for each in self.listed() if (self.today - each.processing_date).days > RETENTION
        ]
        for each in gone:
            self.world.expire(each)
        return f"{days} days later, {published} instances are new and {len(gone)} expired"

    def restate(self, chance: random.Random) -> str:
        """An instance of today tells other figures of dates that were told before, and of some
        that were not.
        """
        report = chance.choice(self._reports())
        told = [self.today - chance.randint(1, 30) * DAY for _ in range(chance.randint(1, 4))]
        return f"restates {self._publish(report, self.today, set(told), chance)}"

    def publish_again(self, chance: random.Random) -> str | None:
        """One more instance of a processing date that has one already."""
        if not (instances := self._moving(chance)):
            return None
        other = chance.choice(instances)
        told = {date.fromisoformat(row["Date"] or "") for row in rows_of(other)} or {
            self.today - DAY
        }
        some = {day for day in told if chance.random() < 0.7} or told
        return f"twice {self._publish(other.report, other.processing_date, some, chance)}"

    def republish(self, chance: random.Random) -> str | None:
        """A segment has other rows, of some dates of its instance."""
        if not (segment := self._segment(chance)):
            return None
        told = {date.fromisoformat(row["Date"] or "") for row in rows_of(segment.instance)}
        told.add(self.today - chance.randint(1, 6) * DAY)
        some = [day for day in sorted(told) if chance.random() < 0.6]
        report = segment.instance.report
        self.world.republish(segment, self._rows(report, some, chance))
        return f"republishes {segment.id} with {len(some)} dates"

    def withdraw(self, chance: random.Random) -> str | None:
        """A segment is listed no more."""
        if not (holder := self._holder(chance, least=2)):
            return None
        segment = holder.segments.pop(chance.randrange(len(holder.segments)))
        return f"withdraws {segment.id} of {holder.id}"

    def move(self, chance: random.Random) -> str | None:
        """A segment is listed under another instance of its report, in either request; perhaps
        under both.
        """
        if not (holder := self._holder(chance)):
            return None
        others = [
            each
            for each in self.listed()
            if each is not holder and _table(each.report) == _table(holder.report)
        ]
        if not others:
            return None
        target, segment = chance.choice(others), chance.choice(holder.segments)
        if segment in target.segments:
            return None
        if chance.random() < 0.8:
            holder.segments.remove(segment)
        target.segments.append(segment)
        return f"moves {segment.id} from {holder.id} to {target.id}"

    def split(self, chance: random.Random) -> str | None:
        """The rows of a segment come in two, of which one may keep the id."""
        if not (holder := self._holder(chance)):
            return None
        segment = chance.choice(holder.segments)
        rows = _rows_of(segment)
        if len(rows) < 2:
            return None
        chance.shuffle(rows)
        cut = chance.randint(1, len(rows) - 1)
        if chance.random() < 0.5:
            self.world.republish(segment, rows[:cut])
        else:
            holder.segments.remove(segment)
            self._add_segment(holder, rows[:cut])
        self._add_segment(holder, rows[cut:])
        return f"splits {segment.id}"

    def empty(self, chance: random.Random) -> str | None:
        """An instance is listed without a segment."""
        if not (holder := self._holder(chance)):
            return None
        holder.segments.clear()
        return f"empties {holder.id}"

    def fill(self, chance: random.Random) -> str | None:
        """An instance that was listed without a segment has one."""
        empty = [each for each in self.listed() if not each.segments]
        if not empty:
            return None
        instance = chance.choice(empty)
        told = [instance.processing_date - n * DAY for n in (1, 2)]
        self._add_segment(instance, self._rows(instance.report, told, chance))
        return f"fills {instance.id}"

    def expire(self, chance: random.Random) -> str | None:
        """The oldest instances are deleted, or any one."""
        if not (listed := sorted(self.listed(), key=lambda each: each.processing_date)):
            return None
        gone = listed[: len(listed) // 4] if chance.random() < 0.3 else [chance.choice(listed)]
        for each in gone:
            self.world.expire(each)
        return f"deletes {len(gone)} instances"

    def list_again(self, chance: random.Random) -> str | None:
        """An instance that was listed no more is listed again."""
        hidden = [
            each
            for each in self.world.instances.values()
            if not each.is_listed
            and not each.report.request.is_deleted
            and (self.today - each.processing_date).days <= RETENTION
        ]
        if not hidden:
            return None
        instance = chance.choice(hidden)
        self.world.reveal(instance)
        self.world.gone.pop(instance.id, None)
        return f"lists {instance.id} again"

    def snapshot(self, chance: random.Random) -> str:
        """A snapshot of the past up to today, in the place of the one before."""
        app_id = chance.choice(APPS)
        for request in self.world.requests_of(app_id):
            if request.access_type == SNAPSHOT:
                self.world.delete_request(request)
        reports = self._add_reports(self.world.add_request(app_id, SNAPSHOT))
        told = [self.today - n * DAY for n in range(1, chance.randint(3, 20))]
        for report in reports:
            some = [day for day in told if chance.random() < 0.8] or told
            self._publish(report, self.today, some, chance)
        return f"makes a snapshot of {app_id} with {len(told)} dates"

    def request_again(self, chance: random.Random) -> str:
        """A report request is made anew: it lists the last instances under other ids."""
        app_id = chance.choice(APPS)
        old = self.world.request(app_id, ONGOING)
        latest = [
            each
            for report in old.reports
            for each in report.instances
            if each.is_listed and (self.today - each.processing_date).days < chance.randint(0, 12)
        ]
        self.world.delete_request(old)
        for report in self._add_reports(self.world.add_request(app_id, ONGOING)):
            for each in latest:
                if each.report.name == report.name and each.segments:
                    rows = [_rows_of(segment) for segment in each.segments]
                    self._instance(report, each.processing_date, rows, chance)
        return f"has a new request of {app_id} with {len(latest)} instances"

    def stop(self, chance: random.Random) -> str:
        """A report request is stopped: it lists what it has, and gets nothing new."""
        app_id = chance.choice(APPS)
        self.world.request(app_id, ONGOING).is_stopped = True
        return f"stops the request of {app_id}"

    def prune(self) -> None:
        """A request that a job made offers the reports of this account alone."""
        for request in self.world.requests:
            request.reports[:] = [each for each in request.reports if each.name in NAMES]

    def listed(self) -> list[WorldInstance]:
        return [
            each for each in self.world.instances.values() if each.is_listed and each.is_reachable
        ]

    def _add_reports(self, request: WorldRequest) -> list[WorldReport]:
        add = self.world.add_report
        return [add(request, name, category) for name, category in NAMES.items()]

    def _reports(self) -> list[WorldReport]:
        """Those that get instances; of a stopped request none does."""
        found = [
            report
            for app_id in APPS
            for report in self.world.request(app_id, ONGOING).reports
            if not report.request.is_stopped
        ]
        return found or [self.world.report(APPS[0], CRASHES)]

    def _moving(self, chance: random.Random) -> list[WorldInstance]:
        """What Apple still changes: young instances, and mostly such as are loaded already."""
        young = [each for each in self.listed() if (self.today - each.processing_date).days <= 4]
        known = [each for each in young if each.id in self.loaded]
        if known and chance.random() < 0.75:
            return known
        return young or self.listed()

    def _holder(self, chance: random.Random, least: int = 1) -> WorldInstance | None:
        holders = [each for each in self._moving(chance) if len(each.segments) >= least]
        return chance.choice(holders) if holders else None

    def _segment(self, chance: random.Random) -> WorldSegment | None:
        holder = self._holder(chance)
        return chance.choice(holder.segments) if holder else None

    def _publish(
        self, report: WorldReport, day: date, told: Iterable[date], chance: random.Random
    ) -> str:
        rows = self._rows(report, sorted(told), chance)
        chance.shuffle(rows)
        parts = chance.choice([0, 1, 1, 1, 2, 2, 3])
        files = [rows[part::parts] for part in range(parts)]
        return self._instance(report, day, [file for file in files if file], chance).id

    def _instance(
        self, report: WorldReport, day: date, files: list[list[Row]], chance: random.Random
    ) -> WorldInstance:
        own_id = f"{chance.randrange(16**8):08x}-{next(self._numbers)}"
        return self.world.add_instance(report, "DAILY", day, files, id=own_id)

    def _add_segment(self, instance: WorldInstance, rows: list[Row]) -> None:
        self.world.add_segment(instance, next(self._numbers), rows)

    def _rows(self, report: WorldReport, told: Iterable[date], chance: random.Random) -> list[Row]:
        rows: list[Row] = []
        for day in told:
            for number in range(chance.randint(1, 3)):
                row = self._row(report, day)
                rows += [row, row] if number and chance.random() < 0.2 else [row]
        return rows

    def _row(self, report: WorldReport, day: date) -> Row:
        count = str(next(self._counts))
        if report.name == EXPANDED:
            return {"Date": day.isoformat(), "Device": "iPhone", "Count": count}
        app_id = report.request.app_id
        return {"Date": day.isoformat(), "App Apple Identifier": app_id, "Crashes": count}


def _rows_of(segment: WorldSegment) -> list[Row]:
    return [dict(row) for row in segment.rows()]


def rows_by_date(segment: WorldSegment) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in segment.rows():
        found[row["Date"] or ""].append(dict(row))
    return dict(found)


def _table(report: WorldReport) -> tuple[str, str]:
    return report.request.app_id, report.name
