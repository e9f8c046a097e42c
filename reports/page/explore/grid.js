// The heat map: what is shown where, picking with mouse and keyboard, its colours explained.
const gridOf = (model, state) => {
  if (!$("grid")) return;
  const varied = model.factors.filter((factor) => factor.levels.length > 1);

  const controls = () => {
    const names = varied.map((factor) => [factor.name, factor.name]);
    const fields = varied.filter((factor) => factor.name !== state.rows && factor.name !== state.cols);
    const swap = (key, other) => (name) => state.set({
      [key]: name, [other]: state[other] === name ? state[key] : state[other],
      panels: state.panels.map((panel) => (panel === name ? state[key] : panel)),
    });
    const where = make("input", { type: "search", value: state.where, placeholder: "filter: " + (varied[0] ? `${varied[0].name}=${varied[0].levels[0]}` : ""), size: 22, spellcheck: "false", autocomplete: "off", "aria-label": "Filter", "aria-describedby": "where-problem" });
    on(where, "input", later(() => state.set({ where: where.value })));
    $("controls").replaceChildren(
      select("Metric", model.metrics.filter((metric) => model.figures(metric.name).mean).map((metric) => [metric.name, metric.label]), state.metric, (metric) => state.set({ metric })),
      select("Rows", names, state.rows, swap("rows", "cols")),
      varied.length > 1 ? select("Columns", names, state.cols, swap("cols", "rows")) : "",
      fields.length ? make("fieldset", {}, make("legend", {}, "Panels for each"), ...fields.map((factor) => check(factor.name, state.panels.includes(factor.name), (yes) =>
        state.set({ panels: [...varied].sort((a, b) => b.levels.length - a.levels.length).map((one) => one.name).filter((name) => name === factor.name ? yes : state.panels.includes(name)) })))) : "",
      select("Show", [["mean", "mean"], ["diff", "difference to the best"]], state.mode, (mode) => state.set({ mode })),
      make("label", {}, "Filter ", where),
    );
  };

  let table = null;
  const redraw = () => {
    try {
      table = tableOf(model, state);
      $("where-problem").hidden = true;
    } catch (problem) {
      if (!(problem instanceof QueryProblem)) throw problem;
      $("where-problem").textContent = problem.message;
      $("where-problem").hidden = false;
      return;
    }
    const panels = table.panels.slice(0, MOST_PANELS).map((panel) => panelOf(table, panel, state));
    if (table.panels.length > MOST_PANELS) panels.push(make("p", { class: "note" }, `${table.panels.length - MOST_PANELS} more panels: fewer settings as panels, or a filter, show the rest.`));
    if (!table.panels.length) panels.push(make("p", { class: "note" }, "No cell fits this filter."));
    $("panels").replaceChildren(...panels);
    $("panels").classList.toggle("two", state.panels.length > 0 && model.factor(state.panels[state.panels.length - 1]).levels.length === 2);
    const { metric } = table, averaged = table.averaged.length ? ` · mean over ${table.averaged.join(", ")}` : "";
    $("grid-about").textContent = `${metric.label.toLowerCase()}${metric.unit ? `, ${metric.unit}` : ""}${state.mode === "diff" ? " · difference to the best" : ""}${averaged}`;
    legend(model, table);
    picked();
  };

  const picked = () => {
    const all = [...$("panels").querySelectorAll("button")];
    all.forEach((button) => {
      const place = state.pick.indexOf(button.dataset.pick);
      button.setAttribute("aria-pressed", place >= 0);
      button.dataset.pen = place >= 0 ? place % PENS : "";
      button.tabIndex = -1;
    });
    const first = all.find((button) => button.getAttribute("aria-pressed") === "true") || all[0];
    if (first) first.tabIndex = 0;
    $("panels").classList.toggle("only-best", state.show === "best");
  };

  const about = (button) => {
    const metric = model.metric(state.metric), figures = model.figures(metric.name);
    const runs = model.runsIn(button.dataset.pick), lines = [button.dataset.pick.split(",").map((part, f) => (part === "*" ? null : `${model.factors[f].name} ${part}`)).filter(Boolean).join(", ")];
    for (const run of runs.slice(0, 12)) lines.push(`seed ${model.seed[run]}: ${Number.isFinite(figures.run[run]) ? withUnit(metric, figures.run[run]) : model.status[run] + (model.problem[run] ? ` (${model.problem[run].slice(0, 80)})` : "")}`);
    if (runs.length > 12) lines.push(`and ${runs.length - 12} more runs`);
    return lines.join("\n");
  };

  const press = (event) => {
    const button = event.target.closest("button[data-pick]");
    if (!button) return;
    const { pick } = button.dataset, has = state.pick.includes(pick);
    const add = event.shiftKey || event.ctrlKey || event.metaKey || state.add === "yes";
    if (add) state.set({ pick: has ? state.pick.filter((one) => one !== pick) : [...state.pick, pick] });
    else state.set({ pick: has && state.pick.length === 1 ? [] : [pick] });
  };
  const move = (event) => {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    const button = event.target.closest("button[data-pick]");
    if (!step || !button) return;
    event.preventDefault();
    const lines = [...$("panels").querySelectorAll("tbody tr")].map((line) => [...line.querySelectorAll("td")]);
    const row = lines.findIndex((line) => line.includes(button.parentElement)), at = lines[row].indexOf(button.parentElement);
    const next = lines[row + step[0]]?.[at + step[1]]?.querySelector("button");
    if (next) { button.tabIndex = -1; next.tabIndex = 0; next.focus(); }
  };
  on($("panels"), "click", press);
  on($("panels"), "keydown", move);
  for (const kind of ["mousemove", "focusin"]) {
    on($("panels"), kind, (event) => {
      const button = event.target.closest("button[data-pick]");
      const box = kind === "focusin" && button ? button.getBoundingClientRect() : null;
      if (box && !button.matches(":focus-visible")) return;
      tip(button ? about(button) : "", box ? { clientX: box.right, clientY: box.bottom } : event);
    });
  }
  for (const kind of ["mouseleave", "focusout"]) on($("panels"), kind, () => tip(""));
  state.when(["metric", "rows", "cols", "panels"], () => keepFocus($("controls"), controls));
  state.when(["metric", "rows", "cols", "panels", "where", "mode", "data"], () => keepFocus($("panels"), redraw));
  state.when(["pick", "show"], picked);
  controls();
  return () => table;
};

const panelOf = (table, panel, state) => {
  const head = make("tr", {}, make("th", { scope: "col" }, make("span", {}, table.rows ? table.rows.name : "")), ...table.heads.map((text) => make("th", { scope: "col" }, text || table.metric.label)));
  const lines = panel.rows.map((row) => make("tr", {}, make("th", { scope: "row", class: row.label.length > 20 ? "long" : null }, row.label || table.metric.label), ...row.boxes.map((box) => {
    if (!box) return make("td", { class: "none" });
    const [text, small] = boxText(table, box, state.mode);
    const classes = [box.shade === null ? `none ${box.state.split(" ")[0]}` : `k${box.shade}`, box.mark].join(" ").trim();
    return make("td", { class: classes }, make("button", { type: "button", "data-pick": box.pick, tabindex: "-1" }, make("b", {}, text), small ? make("small", {}, small) : null));
  })));
  return make("table", { class: "heat" }, make("caption", {}, panel.title || table.metric.label), make("thead", {}, head), make("tbody", {}, ...lines));
};

const legend = (model, table) => {
  const { metric, shades } = table, entries = [], scales = [...shades.values()];
  if (scales.length === 1) {
    const [scale] = scales, clipped = scale.clipped ? (metric.direction === "minimize" ? "≥ " : "≤ ") : "";
    entries.push(make("div", { class: "colourbar" }, make("span", {}, clipped + show(metric, unstretch(metric, scale.low))),
      make("span", { class: "steps", "aria-hidden": "true" }, ...Array.from({ length: SHADES + 1 }, (_, k) => make("i", { class: `k${k}` }))),
      make("span", {}, withUnit(metric, unstretch(metric, scale.high)))));
  } else if (scales.length) entries.push(make("p", { class: "note" }, `Colours of their own within each ${metric.within.join(", ")}: its values cannot be compared across.`));
  const marks = [["best", "best"], ["near", "may be best"], ["below", "below the colours"]];
  const there = marks.filter(([mark]) => $("panels").querySelector(`td.${mark}`));
  const boxes = table.panels.flatMap((panel) => panel.rows.flatMap((row) => row.boxes)).filter(Boolean);
  const notes = [];
  if (boxes.some((box) => Number.isFinite(box.half)) && model.interval) notes.push(make("li", {}, model.interval));
  if (boxes.some((box) => box.n < box.planned)) notes.push(make("li", {}, "4/5: runs behind the figure"));
  if (boxes.some((box) => box.known < box.cells.length)) notes.push(make("li", {}, "4 of 5 cells: the others have no figure"));
  if (model.curves.length) notes.push(make("li", { class: "hint" }, "click picks, shift adds"));
  entries.push(make("ul", { class: "key" }, ...there.map(([mark, text]) => make("li", { class: mark }, text)), ...notes));
  $("legend").replaceChildren(...entries);
};
