// Effects on any metric: dots with intervals, curves of numeric settings, differences to a level of choice.
const REACH = 1.5, HEIGHT = 150, LOG_FROM = 10, NARROW_LEVELS = 4;

const effectsOf = (model, state) => {
  const draws = () => {
    const metric = model.metric(state.metric);
    const effects = model.effects.filter((effect) => effect.metric === metric.name && effect.levels.length > 1)
      .sort((a, b) => number(b.size) - number(a.size));
    $("effects").hidden = !effects.length;
    const axis = shared(effects.flatMap((effect) => effect.levels));
    $("charts").replaceChildren(...effects.map((effect, place) => chart(model, state, metric, effect, axis, place)));
    $("effects-about").textContent = `mean ${metric.label.toLowerCase()} over the cells that all levels share${metric.unit ? `, ${metric.unit}` : ""}`;
    if (!effects.length) return;
    return effects;
  };
  state.when(["metric", "base", "data"], () => keepFocus($("charts"), draws));
  if (model.effects.length) draws();
};

// The axis that holds all means, and their intervals within reason; the same as clipped_axis in shown.py.
const shared = (levels, means = []) => {
  const known = [...levels.map((level) => level.mean), ...means].filter(isKnown), first = Math.min(...known), last = Math.max(...known);
  const room = REACH * (last - first) || Infinity;
  const ends = levels.flatMap((level) => [level.low, level.high]).filter(isKnown).map((end) => Math.min(Math.max(end, first - room), last + room));
  const low = Math.min(...known, ...ends), high = Math.max(...known, ...ends), span = high - low, slack = 1e-9 * span;
  return { low, high, place: (value) => 3 + 94 * (span > 0 ? Math.min(Math.max((value - low) / span, 0), 1) : 0.5),
    beyond: (level) => [isKnown(level.low) && level.low < low - slack, isKnown(level.high) && level.high > high + slack] };
};
const isKnown = (value) => value !== null && Number.isFinite(value);
const arrows = (past, x, y, texts) => past.map((is, k) => (is ? draw("text", { class: "beyond", x: x[k], y: y[k], "text-anchor": "middle" }, texts[k]) : null));

const chart = (model, state, metric, effect, axis, place) => {
  const factor = model.factor(effect.factor), base = state.base[effect.factor] || "";
  const rows = base ? differences(model, metric, effect, base) : effect.levels;
  const own = base ? shared(rows, [0]) : axis;
  const log = isLog(factor, effect), text = (value) => (base ? signed(metric, value) : show(metric, value));
  const curve = factor.numbers && effect.levels.length > 2, zero = log && curve && effect.levels.some((level) => numberIn(factor, level) === 0);
  const choose = select("baseline", [["", "none"], ...effect.levels.map((level) => [level.level, level.level])], base, (level) => {
    const next = { ...state.base };
    if (level) next[effect.factor] = level; else delete next[effect.factor];
    state.set({ base: next });
  });
  const about = `${effect.cells} cell${effect.cells === 1 ? "" : "s"} × ${effect.seeds} seed${effect.seeds === 1 ? "" : "s"}${log && curve ? ` · log axis${zero ? ", 0 apart" : ""}` : ""}`;
  const caption = make("figcaption", {}, make("span", {}, make("b", {}, effect.factor), effect.within ? ` (${effect.within})` : ""), choose, make("small", {}, about + (curve && rows.some((row) => row.diverged) ? " · ∞ diverged runs" : "") + (rows.some((row) => own.beyond(row).some(Boolean)) ? " · arrows: the interval goes further" : "")));
  const drawing = curve ? field(state, metric, factor, effect, rows, own, text) : dots(state, metric, effect, rows, own, text);
  const note = base ? `difference to ${base}${metric.points ? `, ${metric.points}` : ""}` : [effect.text, effect.note].filter(Boolean).join(" · ");
  return make("figure", { class: curve && rows.length > NARROW_LEVELS ? "chart wide" : "chart", id: `effect-${place}`, "data-factor": effect.factor }, caption, drawing, note ? make("p", { class: "note" }, note) : "",
    effect.words ? make("details", { class: "detail" }, make("summary", {}, "in words"), make("p", {}, effect.words)) : "");
};

const differences = (model, metric, effect, base) => effect.levels.map((level) => {
  if (level.level === base) return { ...level, mean: 0, low: null, high: null };
  const pair = model.pairs.find((one) => one.factor === effect.factor && one.metric === metric.name && one.within === effect.within
    && [one.first, one.second].includes(level.level) && [one.first, one.second].includes(base));
  if (!pair) return { ...level, mean: null, low: null, high: null };
  const sign = pair.first === level.level ? 1 : -1, ends = [pair.low, pair.high].map((end) => (end === null ? null : sign * end)).sort((a, b) => a - b);
  return { ...level, mean: sign * pair.estimate, low: ends[0], high: ends[1] };
});

const filterBy = (state, factor, level) => {
  const value = /[&",=<>!~]/.test(level) || level.includes(" ") ? `"${level}"` : level;
  state.set({ where: state.where === `${factor}=${value}` ? "" : `${factor}=${value}` });
  const box = $("controls")?.querySelector("input[type=search]");
  if (box) { box.value = state.where; $("grid").scrollIntoView({ block: "start" }); }
};
const levelButton = (state, effect, level, text) => {
  const button = make("button", { type: "button", class: "link", title: "Show only these cells in the grid" }, text);
  on(button, "click", () => filterBy(state, effect.factor, level.level));
  return button;
};

const dots = (state, metric, effect, rows, axis, text) => {
  const ticks = ticksOf(axis.low, axis.high, 5);
  const lines = (height, zero) => [...ticks.map((tick) => draw("line", { class: "grid-line", x1: `${axis.place(tick)}%`, x2: `${axis.place(tick)}%`, y1: 0, y2: height })),
    zero ? draw("line", { class: "zero", x1: `${axis.place(0)}%`, x2: `${axis.place(0)}%`, y1: 0, y2: height }) : ""];
  const zero = axis.low <= 0 && axis.high >= 0 && state.base[effect.factor];
  const body = rows.map((row) => make("tr", {}, make("th", { scope: "row", class: row.level.length > 20 ? "long" : null }, levelButton(state, effect, row, row.level)),
    make("td", { class: "lane" }, draw("svg", { height: 22, "aria-hidden": "true" }, ...lines(22, zero),
      row.low === null ? "" : draw("line", { class: "whisker", x1: `${axis.place(row.low)}%`, x2: `${axis.place(row.high)}%`, y1: 11, y2: 11 }),
      ...arrows(axis.beyond(row), ["2%", "98%"], [15, 15], ["◂", "▸"]),
      row.mean === null ? "" : draw("circle", { class: "dot", cx: `${axis.place(row.mean)}%`, cy: 11, r: 5 }))),
    make("td", {}, text(number(row.mean)), row.diverged ? make("small", { class: "diverging" }, ` ${row.diverged} diverged`) : "")));
  const scale = make("tr", { class: "scale", "aria-hidden": "true" }, make("td"), make("td", { class: "lane" }, draw("svg", { height: 15 },
    ...ticks.map((tick) => draw("text", { x: `${axis.place(tick)}%`, y: 11, "text-anchor": "middle" }, tickText(metric, tick))))), make("td"));
  return make("table", { class: "dots" }, make("tbody", {}, ...body, scale));
};

const numberIn = (factor, level) => factor.numbers[factor.levels.indexOf(level.level)];
const isLog = (factor, effect) => {
  if (!factor.numbers) return false;
  const own = effect.levels.map((level) => numberIn(factor, level)), positive = own.filter((n) => n > 0);
  return positive.length > 0 && Math.min(...own) >= 0 && Math.max(...positive) >= LOG_FROM * Math.min(...positive);
};
const acrossOf = (numbers, log) => {
  const scaled = numbers.map((n) => (log ? (n > 0 ? Math.log10(n) : NaN) : n)), known = scaled.filter((n) => !Number.isNaN(n));
  const low = Math.min(...known), span = Math.max(...known) - low || 1, start = low - (known.length < scaled.length ? 0.35 * span : 0);
  return scaled.map((n) => 14 + 80 * ((Number.isNaN(n) ? start : n) - start) / (Math.max(...known) - start || 1));
};

const field = (state, metric, factor, effect, rows, axis, text) => {
  const numberOf = (row) => numberIn(factor, row), log = isLog(factor, effect);
  const sorted = [...rows].sort((a, b) => numberOf(a) - numberOf(b)), x = acrossOf(sorted.map(numberOf), log);
  const down = (value) => HEIGHT * (1 - axis.place(value) / 100), svg = draw("svg", { class: "field", height: 190, role: "img", "aria-label": `${factor.name}: ${sorted.map((row) => `${row.level} ${text(number(row.mean))}`).join(", ")}` });
  for (const tick of ticksOf(axis.low, axis.high, 5)) svg.append(draw("line", { class: "grid-line", x1: "11%", x2: "98%", y1: down(tick), y2: down(tick) }), draw("text", { x: "10%", y: down(tick) + 4, "text-anchor": "end" }, tickText(metric, tick)));
  sorted.forEach((row, k) => {
    if (row.mean === null) return;
    const next = sorted[k + 1];
    if (next && next.mean !== null) svg.append(draw("line", { class: log && numberOf(row) === 0 ? "rail gap" : "rail", x1: `${x[k]}%`, y1: down(row.mean), x2: `${x[k + 1]}%`, y2: down(next.mean) }));
    if (row.low !== null) svg.append(draw("line", { class: "whisker", x1: `${x[k]}%`, x2: `${x[k]}%`, y1: down(row.low), y2: down(row.high) }));
    svg.append(...arrows(axis.beyond(row), [`${x[k]}%`, `${x[k]}%`], [152, 6], ["▾", "▴"]).filter(Boolean));
  });
  let end = -Infinity;
  const width = sorted.length > NARROW_LEVELS ? 560 : 250;
  sorted.forEach((row, k) => {
    const half = 330 * row.level.length / width;
    if (x[k] - half >= end) {
      svg.append(draw("text", { class: "tick", x: `${x[k]}%`, y: 170, "text-anchor": "middle" }, row.level));
      end = x[k] + half + 600 / width;
    }
    if (row.mean !== null) svg.append(draw("circle", { class: "dot", cx: `${x[k]}%`, cy: down(row.mean), r: 5 }, draw("title", {}, `${row.level}: ${text(number(row.mean))} ${metric.unit}`)));
    if (row.diverged) svg.append(draw("text", { class: "diverging", x: `${x[k]}%`, y: 185, "text-anchor": "middle" }, `∞ ${row.diverged}`));
  });
  const levels = make("p", { class: "levels-row" }, ...sorted.map((row) => levelButton(state, effect, row, row.level)));
  return make("div", {}, svg, levels);
};
