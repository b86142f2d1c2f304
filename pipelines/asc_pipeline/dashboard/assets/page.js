"use strict";
// Fills the page from its content. Texts of the content become text nodes, never markup.
(() => {
  const content = JSON.parse(document.getElementById("content").textContent);
  const byId = (id) => document.getElementById(id);
  const spanKeys = content.spans.map((each) => each.key);
  const appKeys = content.apps.map((each) => each.key);
  const unitOf = (key) => content.measures[key].unit;
  let drawn = [];

  function element(tag, text, attributes) {
    const made = document.createElement(tag);
    if (text !== undefined && text !== null) made.textContent = text;
    for (const [name, value] of Object.entries(attributes || {})) made.setAttribute(name, value);
    return made;
  }

  // figures and dates

  const number = (digits) => new Intl.NumberFormat(undefined, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const formats = {
    count: number(0), usd: number(0), rate: number(1),
    percent: new Intl.NumberFormat(undefined, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 }),
  };
  const change = new Intl.NumberFormat(undefined, { style: "percent", signDisplay: "exceptZero", maximumFractionDigits: 1 });
  const dates = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
  const shown = (value, unit) => (value === null || value === undefined ? "–" : formats[unit].format(value));
  const day = (iso) => dates.format(new Date(iso));
  const against = (value, before) => (value !== null && before ? value / before - 1 : null);

  function locale() {
    const parts = new Intl.NumberFormat().formatToParts(1234567.8);
    const sign = (type, other) => (parts.find((part) => part.type === type) || { value: other }).value;
    return { decimal: sign("decimal", "."), thousands: sign("group", ","), grouping: [3], currency: ["", ""] };
  }

  // tables and CSV

  function csv(head, rows) {
    // a spreadsheet takes a text that begins so for a formula
    const cell = (value) => {
      if (value === null || value === undefined) return "";
      if (typeof value === "number") return String(value);
      const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
      return `"${text.replace(/"/g, '""')}"`;
    };
    return [head, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
  }

  async function copy(text, button) {
    try {
      await navigator.clipboard.writeText(text);
    } catch (refused) {
      const area = element("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    button.textContent = "Copied";
  }

  function table(head, rows, units) {
    const details = element("details");
    const button = element("button", "Copy as CSV", { type: "button" });
    button.addEventListener("click", () => copy(csv(head, rows), button));
    details.append(element("summary", `Table, ${rows.length} rows`), button);
    const fill = () => {
      if (!details.open || details.querySelector("table")) return;
      const made = element("table"), top = element("tr"), box = element("div", null, { class: "rows", tabindex: "0" });
      head.forEach((name) => top.append(element("th", name, { scope: "col" })));
      made.append(top);
      for (const row of rows) {
        const line = element("tr");
        row.forEach((value, n) => line.append(element("td", units[n] ? shown(value, units[n]) : value === null ? "–" : value)));
        made.append(line);
      }
      box.append(made);
      details.append(box);
    };
    details.addEventListener("toggle", fill);
    return details;
  }

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
    drawn.push(Charts.draw(chart, spec, locale()));
  }

  // parts of the page

  function tile(key, view, state) {
    const measure = content.measures[key], found = view.tiles[state.span][key];
    const card = element("a", null, { class: "tile", href: `#day-${key}`, "data-measure": key });
    card.append(element("span", measure.title), element("strong", shown(found.value, measure.unit)));
    if (measure.note) card.title = measure.note;
    if (found.value === null) {
      card.append(element("span", view.why[key] || "No complete day is loaded."));
      return card;
    }
    const compare = (before, words) => {
      const moved = against(found.value, before);
      if (moved === null) return;
      const sense = moved === 0 ? "" : moved > 0 === !measure.low ? "good" : "bad";
      const arrow = moved > 0 ? "▲" : moved < 0 ? "▼" : "=";
      card.append(element("span", `${arrow} ${change.format(moved)} ${words} (${shown(before, measure.unit)})`, { class: sense }));
    };
    compare(found.before, "against the span before");
    if (found.before === null) card.append(element("span", "The span before is not loaded as a whole."));
    compare(found.year, "against a year before");
    const when = measure.stock ? `on ${day(found.to)}` : `${found.days} days to ${day(found.to)}`;
    if (found.later) card.append(element("span", `${found.later} of the apps begin later.`));
    card.append(element("span", found.gaps ? `${when}; ${found.gaps} of them not complete` : when));
    return card;
  }

  function lineRows(key, name, view, state) {
    const { values, incomplete } = view.series[key];
    const open = new Set(incomplete), last = content.days.length - 1, unit = unitOf(key);
    const end = content.days.indexOf(view.complete);
    const first = Math.max(0, (end < 0 ? last : end) - content.spans.find((each) => each.key === state.span).days + 1);
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

  function daily(view, state) {
    for (const key of content.tiles) {
      const measure = content.measures[key];
      const id = `day-${key}`;
      if (!view.series[key]) {
        panel("daily", measure.title, { why: view.why[key], id });
        continue;
      }
      const rows = lineRows(key, measure.title, view, state);
      panel("daily", measure.title, {
        id, note: measure.note, spec: Charts.lines(rows, measure.unit, [measure.title]),
        head: ["date", measure.title, "state"], units: [null, measure.unit, null],
        rows: rows.map((row) => [row.iso, row.value, row.State]).reverse(),
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

  function ranked(view, state) {
    for (const each of content.breakdowns) {
      const found = view.ranked[each.key], here = found[state.span];
      if (!here || !here.rows.length) {
        panel("ranked", each.title, { why: found.why || "No data is loaded for this panel." });
        continue;
      }
      panel("ranked", each.title, {
        note: `${day(here.from)} to ${day(here.to)}`, spec: Charts.bars(barRows(here.rows, each.unit), each.unit),
        head: ["name", "span", "span before"], units: [null, each.unit, each.unit], rows: here.rows,
      });
    }
  }

  function funnel(view, state) {
    const here = view.funnel[state.span], title = "From impression to purchase";
    if (!here.rows.length) {
      panel("funnel", title, { why: view.funnel_why });
      return;
    }
    const step = (n) => {
      const moved = n ? against(here.rows[n][1], here.rows[n - 1][1]) : null;
      return moved === null ? "" : `  ${formats.percent.format(moved + 1)} of the step before`;
    };
    panel("funnel", title, {
      note: `${day(here.from)} to ${day(here.to)}. Purchases are of all who have the app, not only of new downloads.`,
      spec: Charts.bars(barRows(here.rows, "count", step), "count"),
      head: ["step", "count"], units: [null, "count"], rows: here.rows,
    });
  }

  function versions(view, state) {
    const found = view.versions;
    if (found.why) {
      panel("versions", "Crashes for each version", { why: found.why });
      return;
    }
    const here = found.spans[state.span];
    panel("versions", "Crashes per 1,000 sessions, oldest version first", {
      note: `To ${day(found.to)}`,
      spec: Charts.bars(barRows(here.map(([name, , , rate]) => [name, rate, null]), "rate", (n) => ` of ${shown(here[n][1], "count")} sessions`), "rate"),
      head: ["version", "sessions", "crashes", "crashes per 1,000 sessions"], units: [null, "count", "count", "rate"], rows: here,
    });
    const names = found.adoption.versions.map(([name]) => name);
    const rows = found.adoption.versions.flatMap(([name, values], order) => values.map((value, n) => ({
      day: Date.parse(found.adoption.days[n]), name, value, order, Date: day(found.adoption.days[n]), Value: shown(value, "count"),
    })));
    if (!rows.length) return;
    panel("versions", "Share of sessions by version", {
      note: `${day(found.adoption.days[0])} to ${day(found.to)}`, spec: Charts.shares(rows, names),
      head: ["date", ...names], units: [null, ...names.map(() => "count")],
      rows: found.adoption.days.map((iso, n) => [iso, ...found.adoption.versions.map(([, values]) => values[n])]).reverse(),
    });
  }

  function subscriptions(view, state) {
    const keys = content.states.filter((key) => view.series[key]);
    const titles = keys.map((key) => content.measures[key].title);
    if (keys.length) {
      const lines = keys.map((key, n) => lineRows(key, titles[n], view, state));
      panel("subscriptions", "Subscriptions by state", {
        note: "A stock: the number on each day. Days are never added up.", spec: Charts.lines(lines.flat(), "count", titles),
        head: ["date", ...titles, "state"], units: [null, ...titles.map(() => "count"), null],
        rows: lines[0].map((row, n) => [row.iso, ...lines.map((line) => line[n].value), row.State]).reverse(),
      });
    } else {
      panel("subscriptions", "Subscriptions by state", { why: view.why[content.states[0]] });
    }
    const events = view.events[state.span];
    if (events.length) {
      panel("subscriptions", "Events of subscriptions in the span", {
        note: "A flow: the events of all days of the span.", spec: Charts.bars(barRows(events, "count"), "count"),
        head: ["event", "count"], units: [null, "count"], rows: events,
      });
    } else {
      panel("subscriptions", "Events of subscriptions in the span", { why: view.why[content.events[0]] || "No event is loaded." });
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
    const loaded = content.loaded ? ` The newest instance is of ${day(content.loaded)}.` : "";
    place.append(element("p", `Built ${content.built} from schema ${content.schema}.${loaded} The page holds the newest ${content.days.length} days, and stays as it was built.`, { class: "note" }));
  }

  // the choice stands in the address, so that a link leads to it

  function chosen() {
    const given = new URLSearchParams(location.hash.slice(1));
    const one = (name, keys) => (keys.includes(given.get(name)) ? given.get(name) : keys[0]);
    return { app: one("app", appKeys), span: one("span", spanKeys) };
  }

  async function show() {
    (await Promise.all(drawn)).forEach((each) => each.finalize());
    drawn = [];
    const state = chosen(), view = content.views[state.app];
    ["tiles", "daily", "funnel", "ranked", "versions", "subscriptions"].forEach((id) => byId(id).replaceChildren());
    byId("app").value = state.app;
    byId("span").value = state.span;
    const choice = ["app", "span"].map((id) => byId(id).selectedOptions[0].textContent).join(", ");
    byId("complete").textContent = `${choice}. ` + (view.complete ? `Every figure is complete up to ${day(view.complete)}.` : "No day is complete for every figure.");
    content.tiles.forEach((key) => byId("tiles").append(tile(key, view, state)));
    daily(view, state);
    funnel(view, state);
    ranked(view, state);
    versions(view, state);
    subscriptions(view, state);
    await Promise.all(drawn);
    document.body.dataset.shown = `${state.app}/${state.span}`;
  }

  const options = (id, all) => all.forEach(({ key, label }) => byId(id).append(element("option", label, { value: key })));
  options("app", content.apps);
  options("span", content.spans);
  byId("choosers").addEventListener("change", () => {
    history.replaceState(null, "", `#app=${byId("app").value}&span=${byId("span").value}`);
    show();
  });
  byId("tiles").addEventListener("click", (event) => {
    const card = event.target.closest("a");
    if (!card) return;
    event.preventDefault(); // the address keeps the choice
    byId(card.getAttribute("href").slice(1)).scrollIntoView();
  });
  addEventListener("hashchange", show);
  trust();
  show();
})();
