"use strict";
// Sorts tables, and keeps what the reader chose. Without it the page shows the same, in the tables' own order.

const VIEW = "marksweep view"; // for every report
const PLACE = `marksweep place ${location.pathname}`; // of this one, until its tab is closed

// A browser may keep nothing for a file: then the choices last until the page is left.
function recall(storage, key) {
  try {
    return JSON.parse(window[storage].getItem(key)) ?? {};
  } catch {
    return {};
  }
}

function remember(storage, key, value) {
  try {
    window[storage].setItem(key, JSON.stringify(value));
  } catch {}
}

const inputs = [...document.querySelectorAll("#view input")];
const view = recall("localStorage", VIEW);
for (const input of inputs) {
  input.checked = view[input.id] ?? input.checked;
  input.addEventListener("change", () =>
    remember("localStorage", VIEW, Object.fromEntries(inputs.map(({ id, checked }) => [id, checked]))),
  );
}

const words = new Intl.Collator("en", { numeric: true });
const sorted = {}; // table → [column, direction]

// The first column by its words, the others by their unrounded values; null where there is none.
function valueOf(row, column) {
  const cell = row.cells[column];
  if (column === 0) return cell.textContent;
  return cell?.dataset.value === undefined ? null : Number(cell.dataset.value);
}

function compare(one, other) {
  return typeof one === "string" ? words.compare(one, other) : (one > other) - (one < other); // also of infinities
}

// Direction 1 is ascending, -1 descending, 0 the table's own order. Groups of rows stay where they are.
function sort(table, groups, column, direction) {
  table.querySelectorAll(".titles th").forEach((header, place) => {
    if (place === column && direction) header.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
    else header.removeAttribute("aria-sort");
  });
  for (const { body, rows } of groups) {
    const keyed = rows.map((row) => ({ row, value: valueOf(row, column) }));
    const known = keyed.filter(({ value }) => value !== null);
    if (direction) known.sort((one, other) => direction * compare(one.value, other.value));
    const inOrder = direction ? [...known, ...keyed.filter(({ value }) => value === null)] : keyed;
    body.append(...inOrder.map(({ row }) => row));
  }
  sorted[table.id] = [column, direction];
}

function makeSortable(table) {
  const groups = [...table.tBodies].map((body) => ({ body, rows: [...body.querySelectorAll("tr:not(.group)")] }));
  const headers = [...table.querySelectorAll(".titles th")];
  headers.forEach((header, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    header.append(button);
    button.addEventListener("click", () => {
      const [before, direction] = sorted[table.id] ?? [];
      const next = before === column && direction ? (direction > 0 ? -1 : 0) : 1;
      sort(table, groups, column, next);
      const order = { 1: "sorted, ascending", "-1": "sorted, descending", 0: "in its own order" }[next];
      document.getElementById("said").textContent = `${table.caption.textContent}: ${button.textContent}, ${order}`;
    });
  });
  return (column, direction) => column < headers.length && sort(table, groups, column, direction);
}

document.addEventListener("DOMContentLoaded", () => {
  const place = recall("sessionStorage", PLACE);
  for (const table of document.querySelectorAll("table.results")) {
    const sortBy = makeSortable(table);
    if (place.sorted?.[table.id]) sortBy(...place.sorted[table.id]);
  }
  for (const id of place.open ?? []) document.getElementById(id)?.setAttribute("open", "");
  if (place.hash === location.hash) window.scrollTo({ top: place.top, behavior: "instant" });
});

addEventListener("pagehide", () => {
  const open = [...document.querySelectorAll("details[open][id]")].map(({ id }) => id);
  remember("sessionStorage", PLACE, { sorted, open, hash: location.hash, top: scrollY });
});
