"use strict";
// The charts as Vega-Lite specifications. Colours are variables of the style sheet, so that a change of
// scheme and the printer need no new drawing. Names of apps and territories are data, never expressions.
const Charts = (() => {
  const DAY = 86400000;
  const COLOURS = [0, 1, 2, 3, 4, 5, 6, 7, 8].map((n) => `var(--c${n})`);
  const BRUSH = "days";
  const isTouched = matchMedia("(pointer: coarse)").matches; // a finger scrolls the page
  const BRUSH_MARK = { fill: "var(--series)", fillOpacity: 0.15, stroke: "var(--series)", cursor: "move" };
  const AXIS_FORMATS = { count: "~s", usd: "~s", percent: ".1~%", rate: "~r" };

  const config = {
    background: "transparent",
    font: "system-ui, sans-serif",
    view: { stroke: null },
    axis: {
      labelColor: "var(--muted)", titleColor: "var(--muted)", gridColor: "var(--edge)", domainColor: "var(--edge)",
      tickColor: "var(--edge)", labelFontSize: 11, gridOpacity: 0.6,
    },
    legend: { labelColor: "var(--ink)", title: null, orient: "top", labelFontSize: 11, symbolType: "square" },
    text: { color: "var(--ink)" },
  };

  function weekends(first, last) {
    const found = [];
    for (let day = first; day <= last; day += DAY) {
      if (new Date(day).getUTCDay() === 6) found.push({ from: Math.max(first, day - DAY / 2), to: Math.min(day + 1.5 * DAY, last) });
    }
    return found;
  }

  // rows: {day, name, value, complete, Date, Value}; one line for each name.
  // brush: the first and last day that are chosen in this chart, or null.
  // forecasts: {day, low, expected, high, Date, Expected, Between}
  function lines(rows, unit, names, brush, forecasts = []) {
    const days = rows.map((row) => row.day);
    const first = Math.min(...days), last = Math.max(...days);
    const x = {
      field: "day", type: "temporal", scale: { type: "utc" }, title: null,
      axis: { format: "%-d %b", grid: false, tickCount: 6, labelOverlap: true },
    };
    const y = { type: "quantitative", title: null, axis: { format: AXIS_FORMATS[unit], tickCount: 4 } };
    const color = names.length > 1
      ? { field: "name", type: "nominal", scale: { domain: names, range: COLOURS }, sort: null }
      : { value: "var(--series)" };
    const several = names.length > 1 ? [{ field: "name", title: "Line" }] : [];
    const tooltip = [...several, { field: "Date" }, { field: "Value" }, { field: "State" }];
    const has = (field) => rows.some((row) => row[field] !== null && row[field] !== false);
    const hollow = { type: "point", filled: false, size: 26, strokeWidth: 1.5 };
    const selected = brush ? { value: { x: [brush[0] - DAY / 2, brush[1] + DAY / 2] } } : {};
    // a layer without a value has no extent, of which Vega warns
    const layers = [
      has("whole") && { mark: { type: "line", strokeWidth: 2 }, encoding: { x, y: { ...y, field: "whole" }, color } },
      has("part") && {
        mark: { type: "line", strokeWidth: 1.5, strokeDash: [4, 3] }, encoding: { x, y: { ...y, field: "part" }, color },
      },
      has("open") && {
        transform: [{ filter: "datum.open" }], mark: hollow, encoding: { x, y: { ...y, field: "value" }, color },
      },
      days.length < 3 * names.length && {
        transform: [{ filter: "!datum.open && isValid(datum.value)" }], mark: { type: "point", filled: true, size: 26 },
        encoding: { x, y: { ...y, field: "value" }, color },
      },
      {
        params: isTouched ? [] : [{ name: BRUSH, select: { type: "interval", encodings: ["x"], zoom: false, mark: BRUSH_MARK }, ...selected }],
        mark: { type: "point", filled: true, size: 140, opacity: 0 },
        encoding: { x, y: { ...y, field: "value" }, tooltip },
      },
    ].filter(Boolean);
    if (forecasts.length) {
      const ofForecast = [{ field: "Date" }, { field: "Expected" }, { field: "Between" }];
      layers.push({
        data: { values: forecasts },
        layer: [
          { mark: { type: "rule", strokeWidth: 2 }, encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" } } },
          {
            mark: { type: "point", shape: "diamond", filled: true, size: 70 },
            encoding: { x, y: { ...y, field: "expected" }, tooltip: ofForecast },
          },
        ],
        encoding: { color: { value: "var(--forecast)" } },
      });
    }
    const shaded = last - first <= 92 * DAY ? weekends(first, last) : [];
    if (shaded.length) { // Vega warns of a layer without data, as from Monday to Friday
      layers.unshift({
        data: { values: shaded },
        mark: { type: "rect", color: "var(--pale)", clip: true, aria: false },
        encoding: { x: { ...x, field: "from" }, x2: { field: "to" } },
      });
    }
    return { height: 190, data: { values: rows }, layer: layers };
  }

  // rows: {name, value, before, label, Value, Before}, in their order
  function bars(rows, unit) {
    const highest = Math.max(...rows.map((row) => Math.max(row.value || 0, row.before || 0)), 0) || 1;
    const longest = Math.max(...rows.map((row) => row.label.length));
    const room = longest > 20 ? 2.2 : longest > 16 ? 1.8 : 1.45; // for the text after a bar
    const y = { field: "name", type: "nominal", sort: null, title: null, axis: { labelLimit: 130, ticks: false, domain: false } };
    const x = { field: "value", type: "quantitative", title: null, scale: { domain: [0, highest * room] }, axis: null };
    const tooltip = [{ field: "name", title: "Name" }, { field: "Value" }, { field: "Before" }];
    return {
      height: 24 * rows.length,
      data: { values: rows },
      layer: [
        { mark: { type: "bar", color: "var(--series)", height: 14 }, encoding: { x, y, tooltip } },
        rows.some((row) => isFinite(row.before ?? NaN)) && {
          transform: [{ filter: "isValid(datum.before)" }],
          mark: { type: "tick", color: "var(--mark)", thickness: 2, height: 18 },
          encoding: { x: { ...x, field: "before" }, y, tooltip },
        },
        {
          transform: [{ calculate: "max(datum.value, isValid(datum.before) ? datum.before : 0)", as: "end" }],
          mark: { type: "text", align: "left", dx: 6, fontSize: 11 },
          encoding: { x: { ...x, field: "end" }, y, text: { field: "label" } },
        },
      ].filter(Boolean),
    };
  }

  // rows: {day, name, value, order}; the share of each name by day
  function shares(rows, names) {
    const x = {
      field: "day", type: "temporal", scale: { type: "utc" }, title: null,
      axis: { format: "%-d %b", grid: false, tickCount: 6, labelOverlap: true },
    };
    return {
      height: 190,
      data: { values: rows },
      mark: { type: "area" },
      encoding: {
        x,
        y: { field: "value", type: "quantitative", stack: "normalize", title: null, axis: { format: ".0%", tickCount: 4 } },
        color: { field: "name", type: "nominal", scale: { domain: names, range: COLOURS }, sort: null },
        order: { field: "order", type: "quantitative" },
        tooltip: [{ field: "name", title: "Version" }, { field: "Date" }, { field: "Value", title: "Sessions" }],
      },
    };
  }

  function draw(place, spec, locale) {
    const whole = {
      width: "container", autosize: { type: "fit-x", contains: "padding" }, config, ...spec,
    };
    // `ast` interprets expressions, so that the page's policy can forbid eval
    const options = {
      mode: "vega-lite", actions: false, renderer: "svg", ast: true, defaultStyle: false, formatLocale: locale,
      tooltip: { disableDefaultStyle: true, theme: "custom" },
    };
    return vegaEmbed(place, whole, options);
  }

  // calls `chosen` with the first and last day of a brush once the pointer is up, and with null for no brush
  function onBrush(view, chosen) {
    if (!(BRUSH in view.getState().signals)) return;
    const range = () => view.signal(BRUSH).day || null;
    const end = (before) => {
      const found = range();
      if (String(found) === before) return;
      if (!found) {
        chosen(null);
        return;
      }
      // a day belongs to the brush if its point does; without a point the nearest one
      const [first, last] = [Math.ceil(found[0] / DAY), Math.floor(found[1] / DAY)];
      const nearest = Math.round((found[0] + found[1]) / 2 / DAY);
      chosen((first > last ? [nearest, nearest] : [first, last]).map((each) => each * DAY));
    };
    view.container().addEventListener("pointerdown", () => {
      const before = String(range());
      addEventListener("pointerup", () => setTimeout(() => end(before)), { once: true });
    }, { capture: true });
  }

  return { lines, bars, shares, draw, onBrush };
})();
