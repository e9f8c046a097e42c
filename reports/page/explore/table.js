// The grid as plain rows of figures: what the heat map shows and the copy buttons take.
const MOST_PANELS = 24;

const product = (lists) => lists.reduce((made, list) => made.flatMap((done) => list.map((item) => [...done, item])), [[]]);

// Return panels of rows of boxes: {title, rows: [{label, boxes: [{pick, cells, value, half, …} or null]}]}.
const tableOf = (model, state) => {
  const metric = model.metric(state.metric);
  const rows = model.factor(state.rows), columns = model.factor(state.cols);
  const split = state.panels.map(model.factor).filter(Boolean);
  let keep = () => true;
  if (state.where) keep = queryOf(model, state.where, true);
  const shown = new Map(); // the levels of a box → its cells
  const axes = [rows, columns, ...split].filter(Boolean).map((factor) => model.factors.indexOf(factor));
  for (let cell = 0; cell < model.cells; cell += 1) {
    if (state.where && !model.runsOf(cell).some(keep)) continue;
    const key = axes.map((f) => model.levels[f][cell]).join();
    if (!shown.has(key)) shown.set(key, []);
    shown.get(key).push(cell);
  }
  const shades = shadesOf(model, metric);
  const there = (factor) => factor.levels.filter((_, level) => [...shown.values()].some(([cell]) => model.levels[model.factors.indexOf(factor)][cell] === level));
  const heads = columns ? there(columns) : [""];
  const panels = product(split.map(there)).map((levels) => ({
    title: split.map((factor, k) => `${factor.name} ${levels[k]}`).join(", "),
    rows: (rows ? there(rows) : [""]).map((label) => ({
      label,
      boxes: heads.map((head) => {
        const fixed = Object.fromEntries(split.map((factor, k) => [factor.name, levels[k]]));
        if (rows) fixed[rows.name] = label;
        if (columns) fixed[columns.name] = head;
        const key = axes.map((f) => model.factors[f].levels.indexOf(fixed[model.factors[f].name])).join();
        return boxOf(model, metric, shades, shown.get(key) || [], fixed, Boolean(state.where));
      }),
    })),
  })).filter((panel) => panel.rows.some((row) => row.boxes.some(Boolean)));
  const used = new Set([state.rows, state.cols, ...state.panels]);
  const averaged = model.factors.filter((factor) => factor.levels.length > 1 && !used.has(factor.name)).map((factor) => factor.name);
  return { metric, rows, columns, heads, panels, shades, averaged, best: bestOf(metric, panels, shades) };
};

const boxOf = (model, metric, shades, cells, fixed, part) => {
  if (!cells.length) return null;
  const figures = model.figures(metric.name), known = cells.filter((cell) => Number.isFinite(figures.mean[cell]));
  const pick = cells.length === 1 ? model.pick(cells[0]) : model.pickOf(fixed);
  const box = { pick, cells, part: part && cells.length > 1, value: NaN, half: NaN, short: 0, shade: null, mark: "", state: "" };
  if (!known.length) return { ...box, ...withoutFigure(model, cells) };
  box.known = known.length;
  const groups = new Set(known.map((cell) => groupOf(model, metric, cell)));
  if (groups.size > 1) return { ...box, state: "–", small: "not comparable" };
  box.value = mean(known.map((cell) => figures.mean[cell]));
  [box.group] = groups;
  const shade = shades.get(box.group);
  if (shade) {
    box.shade = stepOf(shade, stretch(metric, box.value));
    if (stretch(metric, box.value) < shade.low) box.mark = "below";
  }
  if (cells.length === 1) {
    const [cell] = cells;
    box.half = figures.half[cell];
    box.n = figures.n[cell];
    box.planned = model.runsPlanned[cell];
    if (metric === model.metrics[0]) box.mark += model.best.includes(cell) ? " best" : model.near.includes(cell) ? " near" : "";
  }
  return box;
};

const withoutFigure = (model, cells) => {
  const counts = new Map();
  for (const run of cells.flatMap(model.runsOf)) counts.set(model.status[run], (counts.get(model.status[run]) || 0) + 1);
  const [state] = [...counts].sort((a, b) => b[1] - a[1])[0] || ["missing"];
  const epochs = cells.flatMap(model.runsOf).map((run) => model.epoch.get(run)).filter(Boolean);
  const runs = cells.flatMap(model.runsOf).length, small = runs > 1 ? `${runs} runs` : "";
  return { small, state: state === "running" && epochs.length ? `${model.step_name || "epoch"} ${Math.max(...epochs)}` : state === "done" ? "no figure" : state };
};

const bestOf = (metric, panels, shades) => {
  const best = new Map();
  for (const box of panels.flatMap((panel) => panel.rows.flatMap((row) => row.boxes))) {
    if (!box || !Number.isFinite(box.value)) continue;
    const before = best.get(box.group);
    if (before === undefined || stretch(metric, box.value) > stretch(metric, before)) best.set(box.group, box.value);
  }
  return best;
};

// An interval in a box: ± its half; its ends where it has values that cannot be.
const spread = (metric, mean, half) => {
  const least = Math.max(mean - half, metric.least ?? -Infinity), most = Math.min(mean + half, metric.most ?? Infinity);
  return least > mean - half || most < mean + half ? `[${show(metric, least)}, ${show(metric, most)}]` : `± ${show(metric, half)}`;
};

const boxText = (table, box, mode) => {
  if (!Number.isFinite(box.value)) return [box.state, box.small ?? ""];
  const { metric } = table, small = [];
  if (Number.isFinite(box.half) && mode !== "diff") small.push(spread(metric, box.value, box.half));
  if (box.cells.length > 1) small.push(`${box.known < box.cells.length ? `${box.known} of ` : ""}${box.cells.length} cells`);
  else if (box.n < box.planned) small.push(`${box.n}/${box.planned}`);
  const difference = box.value - table.best.get(box.group);
  const text = mode === "diff" && difference !== 0 ? signed(metric, difference) : show(metric, box.value);
  return [text, small.join(" ")];
};
