// The curves of what is picked: seeds thin, their mean thick, a cross-hair with the values under it.
const MOST_THIN = 24; // single runs drawn behind a mean
const MARGIN = { left: 52, right: 12, top: 10, bottom: 34 };

const curvesOf = (model, state) => {
  if (!$("curves")) return;
  const metricOf = (name) => model.metrics.find((metric) => metric.name === (model.curves.find((one) => one.name === name) || {}).metric);

  const controls = () => {
    const shares = metricOf(state.column)?.error_axis;
    const clear = make("button", { type: "button" }, "Clear");
    on(clear, "click", () => state.set({ pick: [] }));
    $("curve-controls").replaceChildren(
      select("Show", model.curves.map((one) => [one.name, one.label]), state.column, (column) => state.set({ column })),
      select("Axis", [["linear", "linear"], shares ? ["error", "log error"] : ["log", "log"]], state.scale, (scale) => state.set({ scale })),
      check("each pick adds", state.add === "yes", (yes) => state.set({ add: yes ? "yes" : "" })),
      clear,
    );
  };

  const lines = () => state.pick.map((pick, place) => {
    const runs = model.runsIn(pick).map((run) => model.curve(run, state.column)).filter((curve) => curve.values.length);
    return { pick, pen: place % PENS, dash: Math.floor(place / PENS), runs, ...meanOf(runs) };
  });

  let shown = null;
  const redraw = () => {
    const plot = $("plot"), width = Math.max(plot.clientWidth, 240), height = Math.round(Math.min(Math.max(width * 0.62, 220), 400));
    const drawn = lines();
    names(drawn);
    const values = drawn.flatMap((line) => [...line.mean, ...line.runs.slice(0, MOST_THIN).flatMap((curve) => [...curve.values])]).filter(Number.isFinite);
    const steps = drawn.flatMap((line) => line.runs.flatMap((curve) => [curve.steps[0], curve.steps[curve.steps.length - 1]]));
    if (!values.length) {
      shown = null;
      plot.replaceChildren(make("p", { class: "note empty" }, drawn.length ? "What is picked has recorded no curve." : "Pick cells in the grid, or tick runs below, to see their curves here."));
      return;
    }
    const low = values.reduce((a, b) => Math.min(a, b)), high = values.reduce((a, b) => Math.max(a, b));
    const metric = metricOf(state.column), kind = state.scale === "log" && low <= 0 ? "linear" : state.scale === "error" && !metric?.error_axis ? "linear" : state.scale;
    const y = axisOf(kind, low, high, height - MARGIN.bottom, MARGIN.top);
    const x = axisOf("linear", steps.reduce((a, b) => Math.min(a, b)), steps.reduce((a, b) => Math.max(a, b)), MARGIN.left, width - MARGIN.right);
    shown = { drawn, x, y, width, height, metric };
    plot.replaceChildren(picture(model, state, shown));
  };

  const names = (drawn) => {
    const entries = drawn.map((line) => {
      const remove = make("button", { type: "button", class: "remove", "aria-label": `Remove ${model.title(line.pick)}` }, "×");
      on(remove, "click", () => state.set({ pick: state.pick.filter((pick) => pick !== line.pick) }));
      const metric = model.metric(state.metric), runs = model.runsIn(line.pick), figures = model.figures(metric.name).run;
      const known = runs.map((run) => figures[run]).filter(Number.isFinite);
      const note = `${known.length ? withUnit(metric, mean(known)) : model.status[runs[0]]}${runs.length > 1 ? ` · ${known.length && known.length < runs.length ? `${known.length} of ` : ""}${runs.length} runs` : ""}`;
      return make("li", { class: `pen${line.pen} dash${line.dash % 3}` }, draw("svg", { width: 26, height: 10, "aria-hidden": "true" }, draw("line", { class: "mean", x1: 1, x2: 25, y1: 5, y2: 5 })),
        make("span", { class: "name" }, model.title(line.pick)), make("small", {}, note), make("output", { "data-pick": line.pick }), remove);
    });
    $("picked").replaceChildren(...entries);
    const column = model.curves.find((one) => one.name === state.column);
    $("curves-about").textContent = `${column.label}${metricOf(state.column)?.unit ? `, ${metricOf(state.column).unit}` : ""}${state.scale === "error" && metricOf(state.column)?.error_axis ? " · axis logarithmic in the error" : ""}${model.thinned ? " · long curves thinned" : ""}`;
  };

  const hair = (clientX) => {
    const old = $("plot").querySelector(".hair");
    if (old) old.remove();
    const outputs = [...$("picked").querySelectorAll("output")];
    outputs.forEach((output) => { output.textContent = ""; });
    if (!shown || clientX === null) return;
    const box = $("plot").getBoundingClientRect(), at = clientX - box.left;
    const all = shown.drawn.flatMap((line) => line.steps);
    if (!all.length) return;
    const step = all.reduce((a, b) => (Math.abs(shown.x.place(b) - at) < Math.abs(shown.x.place(a) - at) ? b : a));
    const place = shown.x.place(step), group = draw("g", { class: "hair" }, draw("line", { x1: place, x2: place, y1: MARGIN.top, y2: shown.height - MARGIN.bottom }));
    shown.drawn.forEach((line, k) => {
      const value = line.mean[line.steps.indexOf(step)];
      if (!Number.isFinite(value)) return;
      group.append(draw("circle", { class: `pen${line.pen}`, cx: place, cy: shown.y.place(value), r: 4 }));
      outputs[k].textContent = curveText(shown.metric, value);
    });
    group.append(draw("text", { x: Math.min(Math.max(place, MARGIN.left + 20), shown.width - 40), y: shown.height - MARGIN.bottom - 6, "text-anchor": "middle" }, `${model.step_name} ${step}`));
    $("plot").querySelector("svg").append(group);
  };
  on($("plot"), "pointermove", (event) => hair(event.clientX));
  on($("plot"), "pointerleave", () => hair(null));
  on($("plot"), "keydown", (event) => {
    if (!shown || !["ArrowLeft", "ArrowRight", "Escape"].includes(event.key)) return;
    event.preventDefault();
    const all = [...new Set(shown.drawn.flatMap((line) => line.steps))].sort((a, b) => a - b);
    const next = event.key === "Escape" ? -1 : Math.min(Math.max((shown.at ?? all.length) + (event.key === "ArrowLeft" ? -1 : 1), 0), all.length - 1);
    shown.at = next;
    hair(next < 0 ? null : $("plot").getBoundingClientRect().left + shown.x.place(all[next]));
  });
  let before = $("plot").clientWidth;
  new ResizeObserver(() => { if ($("plot").clientWidth !== before) { before = $("plot").clientWidth; redraw(); } }).observe($("plot"));
  state.when(["column", "scale", "add"], () => keepFocus($("curve-controls"), controls));
  state.when(["pick", "column", "scale", "metric", "data"], () => keepFocus($("curves"), redraw));
  controls();
  redraw();
};

const curveText = (metric, value) => (metric ? withUnit(metric, value) : String(Number(value.toPrecision(4))));

// The mean at every step that at least one run has reached; a run that ended earlier counts while it lasts.
const meanOf = (runs) => {
  const sums = new Map();
  for (const { steps, values } of runs) for (let k = 0; k < values.length; k += 1) {
    if (!Number.isFinite(values[k])) continue;
    const sum = sums.get(steps[k]) || [0, 0];
    sums.set(steps[k], [sum[0] + values[k], sum[1] + 1]);
  }
  const steps = [...sums.keys()].sort((a, b) => a - b);
  return { steps, mean: steps.map((step) => sums.get(step)[0] / sums.get(step)[1]) };
};

const pathOf = (shown, steps, values) => {
  let text = "", pen = "M";
  for (let k = 0; k < values.length; k += 1) {
    if (!Number.isFinite(values[k])) { pen = "M"; continue; }
    text += `${pen}${shown.x.place(steps[k]).toFixed(1)} ${shown.y.place(values[k]).toFixed(1)}`;
    pen = "L";
  }
  return text;
};

const picture = (model, state, shown) => {
  const { width, height, x, y, drawn, metric } = shown, bottom = height - MARGIN.bottom;
  const words = drawn.map((line) => `${model.title(line.pick)}: ${curveText(metric, line.mean[line.mean.length - 1])} at ${model.step_name} ${line.steps[line.steps.length - 1]}`);
  const svg = draw("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", tabindex: "0", "aria-label": `Curves. ${words.join("; ")}. Arrow keys move along.` });
  for (const tick of axisTicks(y)) {
    svg.append(draw("line", { class: "grid-line", x1: MARGIN.left, x2: width - MARGIN.right, y1: y.place(tick), y2: y.place(tick) }),
      draw("text", { x: MARGIN.left - 7, y: y.place(tick) + 4, "text-anchor": "end" }, metric ? tickText(metric, tick) : String(Number(tick.toPrecision(4)))));
  }
  const whole = Number.isInteger(x.low) && Number.isInteger(x.high); // epochs: there is nothing between two
  for (const tick of axisTicks(x, 34)) if (!whole || Number.isInteger(tick)) svg.append(draw("text", { x: x.place(tick), y: bottom + 16, "text-anchor": "middle" }, String(Number(tick.toPrecision(6)))));
  svg.append(draw("line", { class: "axis", x1: MARGIN.left, x2: width - MARGIN.right, y1: bottom, y2: bottom }),
    draw("text", { class: "title", x: (MARGIN.left + width - MARGIN.right) / 2, y: height - 3, "text-anchor": "middle" }, model.step_name));
  for (const line of drawn) {
    const group = draw("g", { class: `pen${line.pen} dash${line.dash % 3}` });
    if (line.runs.length > 1) for (const curve of line.runs.slice(0, MOST_THIN)) group.append(draw("path", { class: "thin", d: pathOf(shown, curve.steps, curve.values) }));
    group.append(draw("path", { class: "mean", d: pathOf(shown, line.steps, line.mean) }));
    if (line.steps.length === 1) group.append(draw("circle", { cx: x.place(line.steps[0]), cy: y.place(line.mean[0]), r: 3 }));
    svg.append(group);
  }
  return svg;
};
