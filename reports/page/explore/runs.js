// All runs: a query, an order, ticks that lay curves over one another, why a run failed, what runs it again.
const PAGE = 50, FEW_METRICS = 4;

const runsOf = (model, state) => {
  const body = document.querySelector("#run-table tbody"), head = document.querySelector("#run-table thead");
  const varied = model.factors.filter((factor) => factor.levels.length > 1);
  const measured = model.metrics.filter((metric) => model.figures(metric.name).run);
  const view = { rows: [], page: 0, open: null };
  const reasons = () => model.problem.some(Boolean);

  const columns = () => [
    { name: "status", key: (run) => model.status[run] },
    ...varied.map((factor) => { const f = model.factors.indexOf(factor); return { name: factor.name, key: (run) => model.levels[f][model.cell[run]], text: (run) => model.level(model.cell[run], f) }; }),
    { name: "seed", key: (run) => Number(model.seed[run]), text: (run) => model.seed[run] },
    ...(state.columns === "all" ? measured : measured.slice(0, FEW_METRICS)).map((metric) => ({ name: metric.name, label: metric.label + (metric.unit ? `,\u00a0${metric.unit}` : ""), metric, down: true, key: (run) => model.figures(metric.name).run[run], text: (run) => show(metric, model.figures(metric.name).run[run]) })),
  ];

  const choose = () => {
    let fits;
    try {
      fits = queryOf(model, state.q);
      $("query-problem").hidden = true;
      $("query").removeAttribute("aria-invalid");
    } catch (problem) {
      if (!(problem instanceof QueryProblem)) throw problem;
      $("query-problem").textContent = problem.message;
      $("query-problem").hidden = false;
      $("query").setAttribute("aria-invalid", "true");
      return;
    }
    const found = [];
    for (let run = 0; run < model.ids.length; run += 1) if (fits(run)) found.push(run);
    const name = state.sort.replace(/^-/, ""), sign = state.sort.startsWith("-") ? -1 : 1;
    const column = columns().find((one) => one.name === name);
    if (column) {
      const keys = new Map(found.map((run) => [run, column.key(run)])), none = (value) => value !== value;
      found.sort((a, b) => {
        const [x, y] = [keys.get(a), keys.get(b)];
        if (none(x) || none(y)) return none(x) - none(y) || a - b;
        return (x < y ? -sign : x > y ? sign : 0) || a - b;
      });
    }
    view.rows = found;
    view.page = Math.min(view.page, Math.max(0, Math.ceil(found.length / PAGE) - 1));
    redraw();
  };

  const header = () => {
    const cells = columns().map((column) => {
      const button = make("button", { type: "button" }, column.label || column.name);
      const sorted = state.sort.replace(/^-/, "") === column.name;
      on(button, "click", () => {
        const down = sorted ? !state.sort.startsWith("-") : Boolean(column.down && column.metric.direction !== "minimize");
        state.set({ sort: (down ? "-" : "") + column.name });
        [...head.querySelectorAll("button")].find((one) => one.textContent === button.textContent)?.focus();
      });
      return make("th", { scope: "col", class: column.metric ? "figure" : "", "aria-sort": sorted ? (state.sort.startsWith("-") ? "descending" : "ascending") : null }, button);
    });
    head.replaceChildren(make("tr", {}, make("th", { scope: "col" }, make("span", { class: "off" }, "overlay")), ...cells,
      model.curves.length ? make("th", { scope: "col" }, "curve") : "", reasons() ? make("th", { scope: "col", class: "why" }, "why") : "", make("th", { scope: "col" }, make("span", { class: "off" }, "more"))));
  };

  const line = (run) => {
    const pick = `run:${model.ids[run]}`, name = `${model.title(model.pick(model.cell[run]))}, seed ${model.seed[run]}`;
    const tick = make("input", { type: "checkbox", checked: state.pick.includes(pick), "aria-label": `Overlay the curve of ${name}` });
    on(tick, "change", () => state.set({ pick: tick.checked ? [...state.pick, pick] : state.pick.filter((one) => one !== pick) }));
    const more = make("button", { type: "button", class: "link", "aria-expanded": view.open === run, "aria-label": `More about ${name}` }, "⋯");
    on(more, "click", () => { view.open = view.open === run ? null : run; redraw(); body.querySelector(`[data-run="${run}"] button`)?.focus(); });
    const cells = columns().map((column) => {
      if (column.name === "status") return make("td", {}, make("span", { class: `state ${model.status[run]}` }, model.status[run] + (model.epoch.has(run) && model.status[run] === "running" ? ` · ${model.epoch.get(run)}` : "")));
      return make("td", { class: column.metric ? "figure" : "" }, column.text(run));
    });
    const row = make("tr", { "data-run": run }, make("td", {}, tick), ...cells, model.curves.length ? make("td", {}, spark(model, run)) : "", reasons() ? make("td", { class: "why", dir: "auto" }, model.problem[run].slice(0, 160)) : "", make("td", {}, more));
    return view.open === run ? [row, details(run, cells.length + 2 + Number(model.curves.length > 0) + Number(reasons()))] : [row];
  };

  const details = (run, width) => {
    const command = model.rerun.replace("{id}", model.ids[run]), button = make("button", { type: "button", class: "copy" }, "Copy");
    on(button, "click", () => copy(command, button));
    const folder = encodeURIComponent(model.folders[run]), root = document.documentElement.hasAttribute("data-live") ? "files" : "..";
    const links = model.folders[run] ? ["report.json", "history.csv", "config.yaml", "output.log"].map((file) => make("a", { href: `${root}/${folder}/${file}` }, file)) : [];
    return make("tr", { class: "details" }, make("td", { colspan: width }, make("p", {}, make("b", {}, model.folders[run] || model.ids[run])),
      model.problem[run] ? make("p", { class: "why", dir: "auto" }, model.problem[run]) : "",
      model.rerun ? make("p", {}, "Run it again: ", make("code", { class: "command" }, command), button) : "",
      links.length ? make("p", { class: "links" }, "Beside the report: ", ...links.flatMap((link) => [link, " "])) : ""));
  };

  const redraw = () => {
    const pages = Math.max(1, Math.ceil(view.rows.length / PAGE)), start = view.page * PAGE;
    header();
    body.replaceChildren(...view.rows.slice(start, start + PAGE).flatMap(line));
    $("shown").textContent = view.rows.length === model.ids.length ? `${model.ids.length} runs` : `${view.rows.length} of ${model.ids.length} runs`;
    $("page-number").textContent = `page ${view.page + 1} of ${pages}`;
    $("previous").disabled = view.page === 0;
    $("next").disabled = view.page >= pages - 1;
    for (const id of ["previous", "next", "page-number"]) $(id).hidden = pages === 1;
  };

  on($("query"), "input", later(() => { view.page = 0; state.set({ q: $("query").value }); }));
  on($("query-form"), "submit", (event) => event.preventDefault());
  on($("previous"), "click", () => { view.page -= 1; redraw(); });
  on($("next"), "click", () => { view.page += 1; redraw(); });
  on($("compare-runs"), "click", () => $("curves")?.scrollIntoView({ block: "start" }));
  if (!model.curves.length) $("compare-runs").hidden = true;
  const words = [...varied.flatMap((factor) => factor.levels.slice(0, 12).map((level) => `${factor.name}=${level}`)), ...[...new Set(model.status)].map((status) => `status=${status}`), ...measured.map((metric) => `${metric.name}>`)];
  $("words").replaceChildren(...words.map((value) => make("option", { value })));
  for (const [value, text] of [["few", "the main figures"], ["all", "all figures"]]) $("columns").append(make("option", { value, selected: state.columns === value }, text));
  on($("columns"), "change", () => state.set({ columns: $("columns").value }));
  state.when(["q", "sort", "columns", "data"], () => keepFocus(body, choose));
  const ticks = () => body.querySelectorAll("tr[data-run]").forEach((row) => {
    row.querySelector("input").checked = state.pick.includes(`run:${model.ids[row.dataset.run]}`);
  });
  state.when(["pick"], ticks);
  const first = () => { $("query").value = state.q; choose(); };
  state.when(["reread"], first);
  first();
  return { show: (text) => { $("query").value = text; view.page = 0; state.set({ q: text }); $("runs").scrollIntoView({ block: "start" }); } };
};

const spark = (model, run) => {
  const { values } = model.curve(run, model.curves[0].name);
  const known = Array.from(values).filter(Number.isFinite);
  if (known.length < 2) return "";
  const low = Math.min(...known), span = Math.max(...known) - low || 1;
  const d = known.map((value, k) => `${k ? "L" : "M"}${(1 + 58 * k / (known.length - 1)).toFixed(1)} ${(15 - 14 * (value - low) / span).toFixed(1)}`).join("");
  return draw("svg", { class: "spark", width: 60, height: 16, "aria-hidden": "true" }, draw("path", { d }));
};
