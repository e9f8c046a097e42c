// The live page: what changed comes as events; without a server, how old the page is.
const liveOf = (model, state) => {
  if (!document.documentElement.hasAttribute("data-live")) return old();
  const { live, plan } = document.documentElement.dataset;
  const source = new EventSource(`events${location.search}${location.search ? "&" : "?"}version=${live}&plan=${plan}`), seen = { at: Date.now() };
  let waiting = false;
  const ended = () => {
    if (left(model)) sessionStorage.setItem("end", "awaited");
    else if (sessionStorage.getItem("end")) told(model);
  };
  const soon = () => {
    if (waiting) return;
    waiting = true;
    setTimeout(() => { waiting = false; state.set({ data: state.data + 1 }); counts(model); ended(); }, 250);
  };
  on(source, "runs", (event) => {
    seen.at = Date.now();
    const { runs } = JSON.parse(event.data);
    runs.forEach((run) => take(model, run));
    if (runs.length) soon();
  });
  on(source, "beat", (event) => { seen.at = Date.now(); seen.findings = JSON.parse(event.data).findings_s; });
  on(source, "plan", () => location.reload()); // new settings or metrics
  on(source, "findings", (event) => {
    const { parts, head, cells, runs } = JSON.parse(event.data);
    Object.assign(model, head);
    for (const [name, rows] of Object.entries(cells)) {
      const figures = model.figures(name);
      if (figures.mean) for (const [cell, ...values] of rows) [figures.mean[cell], figures.half[cell], figures.n[cell]] = values.map(number);
    }
    for (const [name, rows] of Object.entries(runs)) for (const [run, value] of rows) if (model.figures(name).run) model.figures(name).run[run] = number(value);
    swap("findings", parts.findings);
    swap("failures", parts.failures);
    state.set({ data: state.data + 1 });
  });
  const age = () => {
    const seconds = Math.round((Date.now() - seen.at) / 1000), gone = source.readyState !== 1;
    $("age").textContent = gone ? `The server does not answer; shown is the state of ${ago(seconds)}.` : `Live · runs as of ${seconds < 4 ? "now" : ago(seconds)}${seen.findings === undefined ? "" : ` · findings as of ${ago(seen.findings + seconds)}`}`;
    $("age").classList.toggle("gone", gone);
  };
  setInterval(age, 1000);
  ended();
  notice();
};

// One record: its status, its figures, and the steps that its curve has grown by.
const take = (model, record) => {
  const run = model.place.get(record.id);
  if (run === undefined) return;
  model.status[run] = record.status;
  model.problem[run] = record.problem;
  model.folders[run] = record.folder;
  if (record.epoch) model.epoch.set(run, record.epoch); else model.epoch.delete(run);
  for (const [name, value] of Object.entries(record.metrics)) {
    if (!model.figures(name).run) continue;
    model.figures(name).run[run] = number(value);
    model.refresh(model.cell[run], name);
  }
  if (!record.curve) return;
  const before = record.from ? model.curve(run, record.names[0]) : { steps: [] };
  const grown = { steps: [...Array.from(before.steps).slice(0, record.from), ...record.curve.steps] };
  for (const name of record.names) grown[name] = [...Array.from(model.curve(run, name).values).slice(0, record.from), ...record.curve[name].map(number)];
  model.grow(run, grown);
};

const swap = (id, html) => {
  const made = new DOMParser().parseFromString(html, "text/html");
  $(id).replaceChildren(...made.body.childNodes);
};

const left = (model) => model.status.filter((status) => ["missing", "running"].includes(status)).length;
const counts = (model) => {
  const found = new Map();
  for (const status of model.status) found.set(status, (found.get(status) || 0) + 1);
  const order = ["done", "diverged", "failed", "running", "interrupted", "lost", "damaged", "missing"];
  $("states").replaceChildren(...order.filter((status) => found.has(status)).map((status) => make("li", { class: `state ${status}` }, make("b", {}, found.get(status)), ` ${status}`)));
};

const ago = (seconds) => (seconds < 90 ? `${seconds} s ago` : seconds < 5400 ? `${Math.round(seconds / 60)} min ago` : seconds < 129600 ? `${Math.round(seconds / 3600)} h ago` : `${Math.round(seconds / 86400)} days ago`);
const old = () => {
  const changed = Date.parse($("age")?.dataset.changed);
  if (changed) $("old").textContent = ` (${ago(Math.max(0, Math.round((Date.now() - changed) / 1000)))})`;
};

const notice = () => {
  if (!("Notification" in window) || Notification.permission !== "default") return;
  const button = make("button", { type: "button" }, "Notify at the end");
  on(button, "click", () => Notification.requestPermission().then(() => button.remove()));
  document.querySelector(".tools").prepend(button);
};
const told = (model) => {
  if (!document.title.startsWith("✓")) document.title = `✓ ${document.title}`;
  if (sessionStorage.getItem("end") !== "awaited") return;
  sessionStorage.setItem("end", "told");
  if ("Notification" in window && Notification.permission === "granted") new Notification("The sweep has ended", { body: `${model.ids.length} runs: ${document.title}` });
};
