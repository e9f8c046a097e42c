// The tests of the metric that is shown.
const testsOf = (model, state) => {
  if (!$("test-rows")) return;
  const redraw = () => {
    const metric = model.metric(state.metric), pairs = model.pairs.filter((pair) => pair.metric === metric.name);
    const most = (keys) => Math.max(0, ...pairs.flatMap((pair) => keys.map((key) => Math.abs(number(pair[key])))).filter(Number.isFinite));
    const least = most(["estimate", "margin"]), reach = Math.max(least, Math.min(most(["low", "high"]), (1 + REACH) * least || Infinity)) || 1;
    const place = (value) => 3 + 94 * Math.min(Math.max((value + reach) / (2 * reach), 0), 1);
    $("test-rows").replaceChildren(...pairs.map((pair) => testRow(metric, pair, place, reach)));
    $("test-count").textContent = `${pairs.length} comparison${pairs.length === 1 ? "" : "s"} of two levels by ${metric.label.toLowerCase()}`;
    if (!pairs.length) $("test-rows").append(make("tr", {}, make("td", { colspan: 9 }, `No comparison by ${metric.label.toLowerCase()} was made.`)));
  };
  state.when(["metric", "data"], redraw);
};

const testRow = (metric, pair, place, reach) => {
  const known = pair.low !== null && pair.high !== null, drawing = draw("svg", { height: 22, role: "img", "aria-label": pair.relation });
  if (pair.margin !== null) drawing.append(draw("rect", { class: "band", x: `${place(-pair.margin)}%`, width: `${place(pair.margin) - place(-pair.margin)}%`, y: 2, height: 18 }));
  drawing.append(draw("line", { class: "zero", x1: `${place(0)}%`, x2: `${place(0)}%`, y1: 0, y2: 22 }));
  if (known) drawing.append(draw("line", { class: "whisker", x1: `${place(pair.low)}%`, x2: `${place(pair.high)}%`, y1: 11, y2: 11 }), ...arrows([pair.low < -reach, pair.high > reach], ["2%", "98%"], [15, 15], ["◂", "▸"]).filter(Boolean));
  if (pair.estimate !== null) drawing.append(draw("circle", { class: "dot", cx: `${place(pair.estimate)}%`, cy: 11, r: 4 }));
  return make("tr", {}, make("td", {}, pair.factor, pair.within ? make("small", {}, ` ${pair.within}`) : ""),
    make("th", { scope: "row" }, `${pair.first} `, make("span", { class: "relation" }, pair.relation), ` ${pair.second}`),
    make("td", {}, signed(metric, number(pair.estimate))), make("td", {}, known ? `${signed(metric, pair.low)} to ${signed(metric, pair.high)}` : "–"),
    make("td", { class: "lane" }, drawing), make("td", {}, pText(pair.p)), make("td", {}, `${pair.seeds} × ${pair.cells}`), make("td", {}, pair.look || "–"), make("td", {}, make("small", {}, pair.why || pair.power)));
};
