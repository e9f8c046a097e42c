// Everything together, once the block is unpacked.
const firstPicks = (model) => {
  if (model.first.length) return [...new Set(model.first.map(model.pick))];
  return [...model.status.keys()].filter((run) => model.status[run] === "running").slice(0, 4).map((run) => `run:${model.ids[run]}`);
};
// A frame whose document stays open: until it is gone the page has not loaded, so that none is printed half drawn.
const holdLoad = () => {
  const frame = make("iframe", { hidden: true });
  document.body.append(frame);
  frame.contentDocument?.open();
  return () => frame.remove();
};
const start = async () => {
  const model = modelOf(await unpack($("block").textContent));
  const { row, column, panels } = model.layout;
  const first = {
    metric: model.metrics[0].name, rows: row, cols: column, panels, where: "", mode: "mean", show: "",
    pick: firstPicks(model), column: model.curves[0]?.name ?? "", scale: "linear", add: "",
    q: "", sort: "", columns: "few", base: {}, data: 0,
  };
  const state = stateOf(model, first);
  document.documentElement.classList.add("has-script");
  const drawn = gridOf(model, state);
  curvesOf(model, state);
  effectsOf(model, state);
  testsOf(model, state);
  const runs = runsOf(model, state);
  copiesOf(model, state, runs);
  liveOf(model, state);
  on(window, "hashchange", () => { if (location.hash.includes("=")) state.reread(); });
  on(window, "keydown", (event) => { if (event.key === "Escape") tip(""); });
  if (location.hash.includes("=")) state.all();
  else if (drawn) state.set({ pick: state.pick });
  document.documentElement.dataset.readyAt = performance.now();
  document.documentElement.dataset.ready = "yes";
};
const loaded = holdLoad();
start().finally(loaded);
