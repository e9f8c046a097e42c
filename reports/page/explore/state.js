// What is looked at, in the address's fragment: a link shows another reader the same.
const LISTS = ["panels", "pick"];
const stateOf = (model, first) => {
  const state = { ...first };
  const listeners = [];

  const read = () => {
    const given = new URLSearchParams(location.hash.slice(1));
    for (const key of Object.keys(first)) {
      if (key === "data") continue;
      if (key === "base") state.base = {};
      else if (!given.has(key)) state[key] = first[key];
      else state[key] = LISTS.includes(key) ? given.get(key).split("|").filter(Boolean) : given.get(key);
    }
    for (const [key, value] of given) if (key.startsWith("base.")) state.base[key.slice(5)] = value;
    if (!model.metrics.some((metric) => metric.name === state.metric)) state.metric = first.metric;
    for (const key of ["rows", "cols"]) if (state[key] && !model.factor(state[key])) state[key] = first[key];
    state.panels = state.panels.filter((name) => model.factor(name) && name !== state.rows && name !== state.cols);
    state.pick = state.pick.filter((pick) => model.runsIn(pick).length);
  };
  const write = () => {
    const parts = new URLSearchParams();
    for (const [key, value] of Object.entries(state)) {
      if (key === "data") continue;
      if (key === "base") for (const [factor, level] of Object.entries(value)) parts.set(`base.${factor}`, level);
      else if (String(value) !== String(first[key])) parts.set(key, LISTS.includes(key) ? value.join("|") : value);
    }
    const text = parts.toString();
    history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
  };
  state.set = (changes) => {
    Object.assign(state, changes);
    state.panels = state.panels.filter((name) => name !== state.rows && name !== state.cols);
    write();
    const keys = Object.keys(changes);
    listeners.forEach(([wanted, act]) => { if (keys.some((key) => wanted.includes(key))) act(); });
  };
  state.when = (keys, act) => listeners.push([keys, act]);
  state.all = () => listeners.forEach(([, act]) => act());
  state.reread = () => { read(); state.all(); };
  for (const key of ["set", "when", "all", "reread"]) Object.defineProperty(state, key, { enumerable: false });
  read();
  return state;
};
