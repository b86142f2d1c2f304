"use strict";
// Fills the page from its content: draws what the reader chose.
(async () => {
  const { element, formats, change, shown, day, days, against, locale, table } = Elements;
  const byId = (id) => document.getElementById(id);

  async function unpacked(text) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
  }

  if (!window.DecompressionStream) {
    byId("complete").textContent = "This page needs a browser of 2023 or newer.";
    return;
  }
  const content = await unpacked(byId("content").textContent);
  const spanKeys = content.spans.map((each) => each.key);
  const appKeys = content.apps.map((each) => each.key);
  const unitOf = (key) => content.measures[key].unit;
  const lastDay = content.days.length - 1;
  const PRINTED_WIDTH = 316; // of a chart in pixels: two columns on A4
  let drawn = [], views = [], resizing;
  let brushed = null; // the chart that shows the days around the chosen ones

  function panel(place, title, { note, why, spec, head, rows, units, id }) {
    const figure = element("figure", null, id ? { id } : {});
    const caption = element("figcaption");
    caption.append(element("h3", title));
    if (note) caption.append(element("p", note, { class: "note" }));
    figure.append(caption);
    byId(place).append(figure);
    if (why) {
      figure.append(element("p", why, { class: "absent" }));
      return;
    }
    const label = `Chart: ${title}. ${note || ""} The table below has its figures.`;
    const chart = element("div", null, { class: "chart", role: "img", "aria-label": label });
    figure.append(chart, table(head, rows, units));
    drawn.push(Charts.draw(chart, spec, locale()).then((result) => {
      if (id) Charts.onBrush(result.view, (range) => brush(id, range));
      return result;
    }));
  }

  // parts of the page

  function tile(key, view, state) {
    const measure = content.measures[key], found = state.figures.tiles[key];
    const card = element("a", null, { class: "tile", href: `#day-${key}`, "data-measure": key });
    card.append(element("span", measure.title), element("strong", shown(found.value, measure.unit)));
    if (measure.note) card.title = measure.note;
    if (found.value === null) {
      card.append(element("span", view.why[key] || (state.days ? "Nothing is loaded of these days." : "No complete day is loaded.")));
      return card;
    }
    const compare = (before, words) => {
      const moved = against(found.value, before);
      if (moved === null) return;
      const sense = moved === 0 ? "" : moved > 0 === !measure.low ? "good" : "bad";
      const arrow = moved > 0 ? "▲" : moved < 0 ? "▼" : "=";
      card.append(element("span", `${arrow} ${change.format(moved)} ${words} (${shown(before, measure.unit)})`, { class: sense }));
    };
    const earlier = state.days ? "the days before" : "the span before";
    compare(found.before, `against ${earlier}`);
    const isGrowing = state.days && found.gaps;
    if (found.before === null && !isGrowing) card.append(element("span", `Not loaded as a whole: ${earlier}.`));
    compare(found.year, "against a year before");
    const count = found.days === 1 ? "1 day," : `${found.days} days to`;
    const open = measure.stock || found.days === 1 ? "not complete" : `${found.gaps} of them not complete`;
    const when = measure.stock ? `on ${day(found.to)}` : `${count} ${day(found.to)}`;
    if (found.later) card.append(element("span", `${found.later} of the apps begin later.`));
    card.append(element("span", found.gaps ? `${when}; ${open}${isGrowing ? ", so not compared" : ""}` : when));
    return card;
  }

  const lastComplete = (view) => (view.complete ? content.days.indexOf(view.complete) : lastDay);

  // the days of the span, up to the newest day, whether it is complete or not
  function spanDays(view, span) {
    const first = lastComplete(view) - content.spans.find((each) => each.key === span).days + 1;
    return [Math.max(0, first), lastDay];
  }

  function lineRows(key, name, view, [first, last]) {
    const series = view.series[key], measure = content.measures[key];
    const open = new Set(series.incomplete), unit = unitOf(key);
    const values = content.days.map((iso, n) => (n < first - 1 || n > last ? null : Sums.value(series, measure, n, n)));
    const near = (n) => open.has(n - 1) || open.has(n) || open.has(n + 1);
    const found = [];
    for (let n = first; n <= last; n += 1) {
      found.push({
        day: Date.parse(content.days[n]), iso: content.days[n], name, value: values[n],
        whole: open.has(n) ? null : values[n], part: near(n) ? values[n] : null,
        open: open.has(n) && values[n] !== null,
        Date: day(content.days[n]), Value: shown(values[n], unit), State: open.has(n) ? "not complete yet" : "complete",
      });
    }
    return found;
  }

  function forecastRows(key, rows, view) {
    const shownDays = new Set(rows.map((row) => row.day)), unit = unitOf(key);
    return view.forecasts[key].map(([n, low, expected, high]) => ({
      day: Date.parse(content.days[n]), low, expected, high, Date: day(content.days[n]), Expected: shown(expected, unit),
      Between: `${shown(low, unit)} and ${shown(high, unit)}`,
    })).filter((row) => shownDays.has(row.day));
  }

  // Apple's figures stay as they are; the forecasts stand beside them
  function forecastNote(view) {
    const found = Object.entries(view.forecasts);
    if (view.forecasts.why) return view.forecasts.why;
    const titles = found.filter(([, rows]) => rows.length).map(([key]) => content.measures[key].title);
    if (!titles.length) return "No day has a forecast: all are complete, or fewer than five complete days are known to compare with.";
    return `Diamonds are forecasts of days that are not complete (${titles.join(", ")}), lines their range in 8 of 10 earlier`
      + " days. They are estimates, not Apple's figures, and no sum has them. Forecasts of other reports are of more than their"
      + " charts show, such as downloads with updates.";
  }

  function daily(view, state) {
    byId("forecast-note").hidden = !state.forecasts;
    byId("forecast-note").textContent = state.forecasts ? forecastNote(view) : "";
    for (const key of content.tiles) {
      const measure = content.measures[key];
      const id = `day-${key}`;
      if (!view.series[key]) {
        panel("daily", measure.title, { why: view.why[key], id });
        continue;
      }
      const rows = lineRows(key, measure.title, view, state.shownIn(id));
      const found = state.forecasts && view.forecasts[key] ? forecastRows(key, rows, view) : [];
      const more = found.length ? ["expected from", "expected", "expected to"] : [];
      const ranges = new Map(found.map((each) => [each.day, [each.low, each.expected, each.high]]));
      panel("daily", measure.title, {
        id, note: measure.note, spec: Charts.lines(rows, measure.unit, [measure.title], state.brushIn(id), found),
        head: ["date", measure.title, "state", ...more], units: [null, measure.unit, null, ...more.map(() => measure.unit)],
        rows: rows.map((row) => [row.iso, row.value, row.State, ...(ranges.get(row.day) || more.map(() => null))]).reverse(),
      });
    }
  }

  function barRows(rows, unit, extra) {
    return rows.map(([name, value, before], n) => {
      const moved = against(value, before);
      const more = extra ? extra(n) : moved === null ? "" : `  ${change.format(moved)}`;
      return { name, value: value || 0, before, label: `${shown(value, unit)}${more}`, Value: shown(value, unit), Before: shown(before, unit) };
    });
  }

  const rangeNote = ({ from, to, gaps }) => days(from, to) + (gaps ? `. Days that are not complete: ${gaps}` : "");

  function ranked(state) {
    for (const each of content.breakdowns) {
      const here = state.figures.ranked[each.key], unit = unitOf(each.measure);
      if (!here.rows || !here.rows.length) {
        panel("ranked", each.title, { why: here.why || "No data is loaded for this panel." });
        continue;
      }
      panel("ranked", each.title, {
        note: rangeNote(here), spec: Charts.bars(barRows(here.rows, unit), unit),
        head: ["name", "days", "days before"], units: [null, unit, unit], rows: here.rows,
      });
    }
  }

  function funnel(view, state) {
    const here = state.figures.funnel, title = "From impression to purchase";
    if (!here.rows.length) {
      panel("funnel", title, { why: view.funnel_why });
      return;
    }
    const step = (n) => {
      const moved = n ? against(here.rows[n][1], here.rows[n - 1][1]) : null;
      return moved === null ? "" : `  ${formats.percent.format(moved + 1)} of the step before`;
    };
    panel("funnel", title, {
      note: `${rangeNote(here)}. Purchases are of all who have the app, not only of new downloads.`,
      spec: Charts.bars(barRows(here.rows, "count", step), "count"),
      head: ["step", "count"], units: [null, "count"], rows: here.rows,
    });
  }

  function retention(view, state) {
    const rows = state.figures.retention, title = "Sessions by days since the download, for each 100 downloads";
    if (rows.every(([, value]) => value === null)) {
      panel("retention", title, { why: view.retention_why });
      return;
    }
    panel("retention", title, {
      note: "Of the downloads of these days, as far as they are so old. Sessions are those of devices that share usage data, downloads are all: compare ages and spans, and do not read a share of people.",
      spec: Charts.bars(barRows(rows, "rate"), "rate"), rows,
      head: ["days since the download", "sessions for each 100 downloads", "of the days before"], units: [null, "rate", "rate"],
    });
  }

  function versions(view, state) {
    const found = view.versions;
    if (found.why) {
      panel("versions", "Crashes for each version", { why: found.why });
      return;
    }
    const here = Sums.versions(content, view, state);
    if (here.rows.length) {
      panel("versions", "Crashes per 1,000 sessions, oldest version first", {
        note: state.days ? rangeNote(here) : `To ${day(found.to)}`,
        spec: Charts.bars(barRows(here.rows.map(([name, , , rate]) => [name, rate, null]), "rate", (n) => ` of ${shown(here.rows[n][1], "count")} sessions`), "rate"),
        head: ["version", "sessions", "crashes", "crashes per 1,000 sessions"], units: [null, "count", "count", "rate"], rows: here.rows,
      });
    } else {
      panel("versions", "Crashes for each version", { why: "No sessions or crashes by version are loaded of these days." });
    }
    if (!here.shares.length) return;
    const names = here.shares.map(([name]) => name), first = content.days.indexOf(here.from);
    const dayAt = (n) => content.days[first + n];
    const rows = here.shares.flatMap(([name, values], order) => values.map((value, n) => ({
      day: Date.parse(dayAt(n)), name, value, order, Date: day(dayAt(n)), Value: shown(value, "count"),
    })));
    panel("versions", "Share of sessions by version", {
      note: rangeNote(here), spec: Charts.shares(rows, names),
      head: ["date", ...names], units: [null, ...names.map(() => "count")],
      rows: here.shares[0][1].map((value, n) => [dayAt(n), ...here.shares.map(([, values]) => values[n])]).reverse(),
    });
  }

  function subscriptions(view, state) {
    const keys = content.states.filter((key) => view.series[key]);
    const titles = keys.map((key) => content.measures[key].title);
    if (keys.length) {
      const id = "day-states";
      const lines = keys.map((key, n) => lineRows(key, titles[n], view, state.shownIn(id)));
      panel("subscriptions", "Subscriptions by state", {
        id, note: "A stock: the number on each day. Days are never added up.",
        spec: Charts.lines(lines.flat(), "count", titles, state.brushIn(id)),
        head: ["date", ...titles, "state"], units: [null, ...titles.map(() => "count"), null],
        rows: lines[0].map((row, n) => [row.iso, ...lines.map((line) => line[n].value), row.State]).reverse(),
      });
    } else {
      panel("subscriptions", "Subscriptions by state", { why: view.why[content.states[0]] });
    }
    const events = state.figures.events;
    if (events.length) {
      panel("subscriptions", "Events of subscriptions", {
        note: "A flow: the events of all these days.", spec: Charts.bars(barRows(events, "count"), "count"),
        head: ["event", "count"], units: [null, "count"], rows: events,
      });
    } else {
      panel("subscriptions", "Events of subscriptions", { why: view.why[content.events[0]] || "No event is loaded." });
    }
  }

  function trust() {
    const place = byId("trust");
    const list = (title, lines) => {
      const made = element("ul");
      lines.forEach((line) => made.append(element("li", line)));
      place.append(element("h3", title), made);
    };
    list("How far the reports are complete", content.trust.freshness);
    list("What Apple changed lately", content.trust.restated);
    list("What this page leaves out", content.trust.left_out);
    const loaded = content.loaded ? ` The newest instance is of ${day(content.loaded)}.` : "";
    place.append(element("p", `Built ${content.built} from schema ${content.schema}.${loaded} The page holds the newest ${content.days.length} days, and stays as it was built.`, { class: "note" }));
  }

  // the choice stands in the address, so that a link leads to it

  function chosen() {
    const given = new URLSearchParams(location.hash.slice(1));
    const one = (name, keys) => (keys.includes(given.get(name)) ? given.get(name) : keys[0]);
    const range = ["from", "to"].map((name) => content.days.indexOf(given.get(name))).sort((one, other) => one - other);
    return { app: one("app", appKeys), span: one("span", spanKeys), days: range[0] < 0 ? null : range, forecasts: given.has("forecasts") };
  }

  function choose({ app, span, days: range, forecasts }) {
    const address = new URLSearchParams({ app, span });
    if (range) ["from", "to"].forEach((name, n) => address.set(name, content.days[range[n]]));
    if (forecasts) address.set("forecasts", 1);
    history.replaceState(null, "", `#${address}`);
    show();
  }

  // milliseconds from a chart, or null for no brush
  function brush(id, range) {
    brushed = range && id;
    const places = range && range.map((end, n) => content.days.indexOf(new Date(end).toISOString().slice(0, 10)));
    choose({ ...chosen(), days: places });
  }

  function fillChoosers(view, state) {
    const [from, to] = state.days || [spanDays(view, state.span)[0], lastComplete(view)];
    const fields = { app: state.app, span: state.span, from: content.days[from], to: content.days[to] };
    for (const [id, value] of Object.entries(fields)) if (byId(id).value !== value) byId(id).value = value;
    byId("forecasts").checked = state.forecasts;
    const range = state.days && days(...state.days.map((n) => content.days[n]));
    const span = byId("span").selectedOptions[0].textContent;
    byId("back").hidden = !range;
    byId("back").textContent = range ? `${range} ×` : "";
    byId("back").setAttribute("aria-label", `Show ${span} again instead of ${range}`);
    const complete = view.complete ? `Every figure is complete up to ${day(view.complete)}.` : "No day is complete for every figure.";
    byId("complete").textContent = `${byId("app").selectedOptions[0].textContent}, ${range || span}. ${complete}`;
  }

  async function show() {
    (await Promise.all(drawn)).forEach((each) => each.finalize());
    drawn = [];
    const state = chosen(), view = content.views[state.app];
    if (!state.days) brushed = null;
    state.figures = Sums.figures(content, view, state);
    state.shownIn = (id) => (state.days && id !== brushed ? state.days : spanDays(view, state.span));
    state.brushIn = (id) => (id === brushed ? state.days.map((n) => Date.parse(content.days[n])) : null);
    const height = document.body.offsetHeight; // or the page would jump to its top while it is empty
    document.body.style.minHeight = `${height}px`;
    ["tiles", "daily", "funnel", "ranked", "retention", "versions", "subscriptions"].forEach((id) => byId(id).replaceChildren());
    fillChoosers(view, state);
    content.tiles.forEach((key) => byId("tiles").append(tile(key, view, state)));
    daily(view, state);
    funnel(view, state);
    ranked(state);
    retention(view, state);
    versions(view, state);
    subscriptions(view, state);
    views = (await Promise.all(drawn)).map((each) => each.view);
    document.body.style.minHeight = "";
    document.body.dataset.shown = [state.app, state.span, ...(state.days || []).map((n) => content.days[n]), ...(state.forecasts ? [1] : [])].join("/");
  }

  const options = (id, all) => all.forEach(({ key, label }) => byId(id).append(element("option", label, { value: key })));
  options("app", content.apps);
  options("span", content.spans);
  for (const id of ["from", "to"]) {
    byId(id).min = content.days[0];
    byId(id).max = content.days[lastDay];
  }
  byId("choosers").addEventListener("change", ({ target }) => {
    const state = { ...chosen(), app: byId("app").value, span: byId("span").value, forecasts: byId("forecasts").checked };
    if (target.id === "span") state.days = null;
    if (target.type === "date") {
      if (!byId("from").reportValidity() || !byId("to").reportValidity()) return;
      state.days = ["from", "to"].map((id) => content.days.indexOf(byId(id).value)).sort((one, other) => one - other);
      if (state.days[0] < 0) return;
      brushed = null;
    }
    choose(state);
  });
  byId("choosers").addEventListener("submit", (event) => event.preventDefault());
  byId("back").addEventListener("click", () => {
    choose({ ...chosen(), days: null });
    byId("span").focus();
  });
  byId("tiles").addEventListener("click", (event) => {
    const card = event.target.closest("a");
    if (!card) return;
    event.preventDefault(); // the address keeps the choice
    byId(card.getAttribute("href").slice(1)).scrollIntoView();
  });
  addEventListener("hashchange", show);
  addEventListener("resize", () => { // a chart can lose its brush while its width changes
    clearTimeout(resizing);
    resizing = setTimeout(() => brushed && show(), 200);
  });
  addEventListener("beforeprint", () => views.forEach((view) => view.width(PRINTED_WIDTH).run()));
  addEventListener("afterprint", () => dispatchEvent(new Event("resize")));
  trust();
  show();
})();
