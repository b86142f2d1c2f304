"use strict";
// Adds days up for days that the reader chose, in the form in which the page has the figures of its spans.
// The rules are those of spans.py and figures.py. A day is its place in the calendar of the page.
const Sums = (() => {
  const YEAR = 52 * 7; // the same weekdays a year ago
  const ADOPTION_DAYS = 90;
  const SHOWN_VERSIONS = 8;

  const exact = (value) => Number(value.toPrecision(12)); // 0.1 + 0.2 is 0.3

  function added(days, from, to) {
    let sum = null;
    for (let n = Math.max(0, from); n <= to; n += 1) if (days[n] !== null) sum = (sum || 0) + days[n];
    return sum === null ? null : exact(sum);
  }

  function value(series, measure, from, to) {
    const [above, below] = series.sums.map((days) => added(days, measure.stock ? to : from, to));
    if (above === null || series.sums.length === 1) return above;
    return below ? exact(measure.factor * above / below) : null;
  }

  const firstDay = (series) => Math.max(...series.begins.map((firsts) => Math.min(...firsts)));
  const beginLater = (series, n) => Math.max(...series.begins.map((firsts) => firsts.filter((first) => first > n).length));
  const isLoaded = (series, measure, from, to) => !beginLater(series, measure.stock ? to : from);
  const gaps = (series, from, to) => series.incomplete.filter((n) => n >= from && n <= to).length;

  // a sum of days that still grow compares with nothing
  function before(series, measure, [from, to], days) {
    const own = measure.stock ? to : from;
    if (gaps(series, own, to) || !isLoaded(series, measure, from - days, to - days)) return null;
    return value(series, measure, from - days, to - days);
  }

  function tile(content, series, key, [from, to]) {
    const measure = content.measures[key];
    const start = series ? Math.max(from, firstDay(series)) : to + 1;
    if (start > to) return { value: null };
    const days = to - from + 1;
    return {
      value: value(series, measure, start, to),
      before: before(series, measure, [from, to], days), year: days <= YEAR ? before(series, measure, [from, to], YEAR) : null,
      from: content.days[start], to: content.days[to], days: to - start + 1,
      gaps: gaps(series, measure.stock ? to : start, to), later: measure.stock ? 0 : beginLater(series, start),
    };
  }

  function ranked(content, view, { key, measure }, [from, to]) {
    const parts = view.parts[key], series = view.series[measure];
    if (!parts || !series) return { rows: [] };
    const days = to - from + 1, start = Math.max(from, firstDay(series));
    const compares = !gaps(series, from, to) && isLoaded(series, content.measures[measure], from - days, to - days);
    const rows = parts.days.map((values, n) => [
      parts.names[n], added(values, start, to) || 0, compares ? added(values, from - days, to - days) || 0 : null,
    ]).filter(([, now, then]) => now || then);
    rows.sort((one, other) => (one[0] === null) - (other[0] === null) || other[1] - one[1]);
    return {
      rows: rows.map(([name, ...sums]) => [name === null ? "Others" : name, ...sums]),
      from: content.days[start], to: content.days[to], gaps: gaps(series, start, to),
    };
  }

  function funnel(content, view, [from, to]) {
    const known = content.funnel.filter((key) => view.series[key]);
    const start = Math.max(from, ...known.map((key) => firstDay(view.series[key])));
    if (!known.length || start > to) return { rows: [] };
    const sum = (key) => (view.series[key] ? value(view.series[key], content.measures[key], start, to) : null);
    return {
      rows: content.funnel.map((key) => [content.measures[key].title, sum(key)]),
      from: content.days[start], to: content.days[to], gaps: Math.max(...known.map((key) => gaps(view.series[key], start, to))),
    };
  }

  // the versions in their order: [name, sessions, crashes, rate], and the sessions of the newest ones by day
  function versions(content, view, { span, days }) {
    const { spans, to: end, days: all } = view.versions;
    const last = content.days.indexOf(end);
    const [from, to] = days || [Math.max(0, last - ADOPTION_DAYS + 1), last];
    const between = (start, values) => content.days.slice(from, to + 1).map((iso, n) => values[from + n - start] || 0);
    const found = all.map(([name, start, ...both]) => [name, ...both.map((values) => between(start, values))]);
    const sums = found.map(([name, ...both]) => [name, ...both.map((values) => added(values, 0, values.length - 1))]);
    const used = found.filter((each, n) => sums[n][1]).map(([name, sessions]) => [name, sessions]);
    const [older, newest] = [used.slice(0, -SHOWN_VERSIONS), used.slice(-SHOWN_VERSIONS)];
    const together = older.length ? [["older", older[0][1].map((value, n) => older.reduce((sum, [, each]) => sum + each[n], 0))]] : [];
    return {
      from: content.days[from], to: content.days[to], gaps: view.series.crash_rate ? gaps(view.series.crash_rate, from, to) : 0,
      rows: days ? sums.filter(([, sessions, crashes]) => sessions || crashes).map(([name, sessions, crashes]) => [
        name, sessions, crashes, sessions ? exact(1000 * crashes / sessions) : null,
      ]) : spans[span],
      shares: [...together, ...newest],
    };
  }

  // the parts of a view that Python has by span
  function figures(content, view, { span, days }) {
    const by = (found) => Object.fromEntries(Object.entries(found).map(([key, spans]) => [key, spans[span] || spans]));
    if (!days) {
      return { tiles: view.tiles[span], ranked: by(view.ranked), funnel: view.funnel[span], events: view.events[span], retention: view.retention[span] };
    }
    const events = content.events.filter((key) => view.series[key]).map((key) => [
      content.measures[key].title, value(view.series[key], content.measures[key], ...days),
    ]);
    return {
      tiles: Object.fromEntries(content.tiles.map((key) => [key, tile(content, view.series[key], key, days)])),
      ranked: Object.fromEntries(content.breakdowns.map((each) => [
        each.key, view.ranked[each.key].why ? view.ranked[each.key] : ranked(content, view, each, days),
      ])),
      funnel: funnel(content, view, days),
      events: events.filter(([, sum]) => sum !== null),
      retention: content.retention.map((key) => {
        const found = tile(content, view.series[key], key, days);
        return [content.measures[key].title, found.value, found.before === undefined ? null : found.before];
      }),
    };
  }

  return { value, figures, versions };
})();
