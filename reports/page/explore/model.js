// The sweep as the page knows it: settings, cells and runs by place, curves of runs, what a pick means.
const modelOf = ({ head, column }) => {
  const { factors, metrics } = head;
  const folders = head.folders.split("\n"), apart = head.ids.split("\n"); // ids that their folder does not end in
  const ids = Array.from(column("cell"), (_, run) => apart[run] || folders[run].slice(-12));
  const text = (name) => Array.from(column(name), (place) => head[`${name}_texts`][place]);
  const levels = factors.map((factor) => column(`level.${factor.name}`));
  const lengths = column("length"), starts = new Float64Array(ids.length);
  for (let run = 1; lengths && run < ids.length; run += 1) starts[run] = starts[run - 1] + lengths[run - 1];
  const grown = new Map(); // run → its curve, where one was received since
  const model = {
    ...head, ids, folders, levels,
    place: new Map(ids.map((id, run) => [id, run])),
    status: text("status"), problem: text("problem"), seed: text("seed"), cell: column("cell"),
    cells: column("runs").length,
    epoch: new Map(),
  };

  const figures = new Map();
  model.figures = (metric) => {
    if (!figures.has(metric)) {
      figures.set(metric, {
        mean: column(`mean.${metric}`), half: column(`half.${metric}`) || new Float64Array(model.cells).fill(NaN),
        n: column(`n.${metric}`), run: column(`run.${metric}`),
      });
    }
    return figures.get(metric);
  };
  model.metric = (name) => metrics.find((metric) => metric.name === name) || metrics[0];
  model.factor = (name) => factors.find((factor) => factor.name === name);
  model.level = (cell, factor) => factors[factor].levels[levels[factor][cell]];
  model.runsPlanned = column("runs");

  model.curve = (run, name) => {
    if (grown.has(run)) return { steps: grown.get(run).steps, values: grown.get(run)[name] || [] };
    if (!lengths || !column(`curve.${name}`)) return { steps: [], values: [] };
    const from = starts[run], to = from + lengths[run];
    return { steps: column("step").subarray(from, to), values: column(`curve.${name}`).subarray(from, to) };
  };
  model.grow = (run, curve) => grown.set(run, curve);

  let inside = null; // cell → its runs
  model.runsOf = (cell) => {
    if (!inside) {
      inside = Array.from({ length: model.cells }, () => []);
      model.cell.forEach((at, run) => inside[at].push(run));
    }
    return inside[cell];
  };

  // A pick is a level for each factor, "*" for any: "gelu,hinge,*,0"; or one run, "run:" and its id.
  const plain = factors.map((factor) => factor.levels.map((level) => level.replace(/[,|]/g, ";")));
  model.pick = (cell) => factors.map((_, f) => plain[f][levels[f][cell]]).join(",");
  model.pickOf = (fixed) => factors.map((factor, f) => (fixed[factor.name] === undefined ? "*" : plain[f][factor.levels.indexOf(fixed[factor.name])])).join(",");
  model.cellsOf = (pick) => {
    const parts = pick.split(",");
    if (parts.length !== factors.length && factors.length) return [];
    const wanted = parts.map((part, f) => (part === "*" ? -1 : plain[f]?.indexOf(part)));
    const found = [];
    for (let cell = 0; cell < model.cells; cell += 1) {
      if (wanted.every((level, f) => level === -1 ? parts[f] === "*" : !levels[f] || levels[f][cell] === level)) found.push(cell);
    }
    return found;
  };
  model.runsIn = (pick) => {
    if (!pick.startsWith("run:")) return model.cellsOf(pick).flatMap(model.runsOf);
    const run = model.ids.findIndex((id) => id.startsWith(pick.slice(4)));
    return run < 0 ? [] : [run];
  };
  const bare = /^([-+.\d].*|true|false|none|null)$/; // says nothing without the setting's name
  const several = factors.map((factor) => factor.levels.length > 1);
  model.title = (pick) => {
    if (pick.startsWith("run:")) {
      const [run] = model.runsIn(pick);
      return run === undefined ? pick : `${model.title(model.pick(model.cell[run]))} · seed ${model.seed[run]}`;
    }
    return pick.split(",").map((part, f) => (part === "*" || !several[f] ? "" : bare.test(part) ? `${factors[f].name} ${part}` : part)).filter(Boolean).join(" · ") || "all cells";
  };

  // After new results: plain means, until the server sends figures of its own.
  model.refresh = (cell, metric) => {
    const { mean, half, n, run } = model.figures(metric);
    const known = model.runsOf(cell).map((k) => run[k]).filter(Number.isFinite);
    mean[cell] = known.reduce((sum, value) => sum + value, 0) / known.length;
    n[cell] = known.length;
    half[cell] = NaN;
  };
  return model;
};
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
