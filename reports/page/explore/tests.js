// The tests of the metric that is shown.
const testsOf = (model, state) => {
  if (!$("test-rows")) return;
  const redraw = () => {
    const metric = model.metric(state.metric), pairs = model.pairs.filter((pair) => pair.metric === metric.name);
    const reach = Math.max(...pairs.flatMap((pair) => [pair.estimate, pair.low, pair.high].map((end) => Math.abs(number(end)))).filter(Number.isFinite), 1e-12);
    const place = (value) => 3 + 94 * Math.min(Math.max((value + reach) / (2 * reach), 0), 1);
    $("test-rows").replaceChildren(...pairs.map((pair) => testRow(metric, pair, place)));
    if (!pairs.length) $("test-rows").append(make("tr", {}, make("td", { colspan: 9 }, `No comparison by ${metric.label.toLowerCase()} was made.`)));
  };
  state.when(["metric", "data"], redraw);
};

const testRow = (metric, pair, place) => {
  const known = pair.low !== null && pair.high !== null, drawing = draw("svg", { height: 22, role: "img", "aria-label": pair.relation });
  if (pair.margin !== null) drawing.append(draw("rect", { class: "band", x: `${place(-pair.margin)}%`, width: `${place(pair.margin) - place(-pair.margin)}%`, y: 2, height: 18 }));
  drawing.append(draw("line", { class: "zero", x1: `${place(0)}%`, x2: `${place(0)}%`, y1: 0, y2: 22 }));
  if (known) drawing.append(draw("line", { class: "whisker", x1: `${place(pair.low)}%`, x2: `${place(pair.high)}%`, y1: 11, y2: 11 }));
  if (pair.estimate !== null) drawing.append(draw("circle", { class: "dot", cx: `${place(pair.estimate)}%`, cy: 11, r: 4 }));
  return make("tr", {}, make("td", {}, pair.factor, pair.within ? make("small", {}, ` ${pair.within}`) : ""),
    make("th", { scope: "row" }, `${pair.first} `, make("span", { class: "relation" }, pair.relation), ` ${pair.second}`),
    make("td", {}, signed(metric, number(pair.estimate))), make("td", {}, known ? `${signed(metric, pair.low)} to ${signed(metric, pair.high)}` : "–"),
    make("td", { class: "lane" }, drawing), make("td", {}, pText(pair.p)), make("td", {}, `${pair.seeds} × ${pair.cells}`), make("td", {}, pair.look || "–"), make("td", {}, make("small", {}, pair.why || pair.power)));
};
