"use strict";
(() => {
  const data = JSON.parse(document.getElementById("run-data").textContent);
  const body = document.querySelector("#run-table tbody");
  const head = document.querySelector("#run-table thead");
  const form = document.getElementById("filters");
  const search = document.getElementById("search");
  const SIZE = 50;
  const NAME = data.columns.length, PROBLEM = NAME + 1, LINK = NAME + 2, RECORDED = NAME + 3;
  const wanted = new Map();
  const state = { sort: -1, down: false, page: 0, rows: data.rows };

  const make = (tag, text, attributes = {}) => {
    const made = document.createElement(tag);
    if (text !== null) made.textContent = text;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };

  const show = (value, column) => {
    if (value === null) return "–";
    const digits = data.digits[column];
    return digits !== null && typeof value === "number" ? value.toFixed(digits) : String(value);
  };

  const order = (column) => {
    const levels = data.levels[data.columns[column]];
    if (levels) return (row) => levels.indexOf(row[column]);
    return (row) => row[column];
  };

  const sorted = (rows) => {
    if (state.sort < 0) return rows;
    const key = order(state.sort), sign = state.down ? -1 : 1;
    return rows
      .map((row, place) => [key(row), place, row])
      .sort(([a, i], [b, j]) => {
        if (a === null || b === null) return (a === null) - (b === null) || i - j;
        return (a < b ? -sign : a > b ? sign : 0) || i - j;
      })
      .map((item) => item[2]);
  };

  const select = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (row) => {
      for (const [column, value] of wanted) if (value !== "" && String(row[column]) !== value) return false;
      const text = words.length ? row.slice(0, LINK).join(" ").toLowerCase() : "";
      return words.every((word) => text.includes(word));
    };
    state.rows = sorted(data.rows.filter(fits));
    state.page = 0;
    draw();
  };

  const links = (row) => {
    const cell = make("td", null);
    if (!row[RECORDED]) return cell;
    for (const [text, file] of [["config", "config.yaml"], ["history", "history.csv"], ["record", "report.json"]]) {
      cell.append(make("a", text, { href: `../${row[LINK]}/${file}`, title: `${file} of ${row[NAME]}` }));
    }
    return cell;
  };

  const draw = () => {
    const pages = Math.max(1, Math.ceil(state.rows.length / SIZE));
    const start = state.page * SIZE;
    body.replaceChildren(
      ...state.rows.slice(start, start + SIZE).map((row) => {
        const line = make("tr", null);
        data.columns.forEach((_, column) => line.append(make("td", show(row[column], column))));
        line.children[0].after(links(row));
        line.append(make("td", row[PROBLEM], { class: "problem", dir: "auto" }));
        return line;
      }),
    );
    document.getElementById("shown").textContent = `${state.rows.length} of ${data.rows.length} runs`;
    document.getElementById("page").textContent = `page ${state.page + 1} of ${pages}`;
    document.getElementById("previous").disabled = state.page === 0;
    document.getElementById("next").disabled = state.page >= pages - 1;
    document.querySelector(".pages").hidden = pages === 1;
  };

  const sortBy = (column) => {
    state.down = state.sort === column ? !state.down : data.kinds[column] === "number" && data.columns[column] !== "seed";
    state.sort = column;
    head.querySelectorAll("th:has(button)").forEach((cell, place) => {
      if (place === column) cell.setAttribute("aria-sort", state.down ? "descending" : "ascending");
      else cell.removeAttribute("aria-sort");
    });
    select();
  };

  const header = () => {
    const line = make("tr", null);
    data.columns.forEach((name, column) => {
      const cell = make("th", null, { scope: "col" }), button = make("button", name, { type: "button" });
      button.addEventListener("click", () => sortBy(column));
      cell.append(button);
      line.append(cell);
    });
    line.children[0].after(make("th", "files", { scope: "col" }));
    line.append(make("th", "why", { scope: "col" }));
    head.append(line);
  };

  const filters = () => {
    data.columns.forEach((name, column) => {
      if (data.kinds[column] === "number" && name !== "seed") return;
      const found = new Set(data.rows.map((row) => String(row[column])));
      const values = data.levels[name] ? data.levels[name].filter((level) => found.has(level)) : [...found];
      if (values.length < 2) return;
      const label = make("label", `${name} `), box = make("select", null);
      box.append(make("option", "all", { value: "" }), ...values.map((value) => make("option", value, { value })));
      box.addEventListener("change", () => { wanted.set(column, box.value); select(); });
      label.append(box);
      form.append(label);
    });
    search.addEventListener("input", select);
    form.addEventListener("submit", (event) => event.preventDefault());
  };

  const reveal = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    const tab = target.closest(".tab");
    if (tab) {
      const place = [...document.querySelectorAll(".tab")].indexOf(tab) + 1;
      document.getElementById(`metric-${place}`).checked = true;
    }
    for (let box = target.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
    target.scrollIntoView();
  };

  const scroll = (image) => image.classList.toggle("large", image.naturalWidth > 560); // on a phone, rather than shrink

  document.querySelectorAll(".figures img").forEach((image) => {
    image.addEventListener("load", () => scroll(image));
    scroll(image);
  });
  header();
  filters();
  document.getElementById("previous").addEventListener("click", () => { state.page -= 1; draw(); });
  document.getElementById("next").addEventListener("click", () => { state.page += 1; draw(); });
  window.addEventListener("hashchange", reveal);
  window.addEventListener("beforeprint", () => document.querySelectorAll("details.plots").forEach((box) => { box.open = true; }));
  draw();
  reveal();
})();
