"use strict";
// Figures, dates, tables and their CSV. Texts become text nodes, never markup.
const Elements = (() => {
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
  const days = (from, to) => dates.formatRange(new Date(from), new Date(to));
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

  return { element, formats, change, shown, day, days, against, locale, table };
})();
