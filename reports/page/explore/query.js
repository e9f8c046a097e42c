// The query language of the runs: loss=hinge & test>.97; the same as reports/runs/query.py.
class QueryProblem extends Error {}

const distance = (a, b) => {
  let row = Array.from({ length: b.length + 1 }, (_, k) => k);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) next[j] = Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + (a[i - 1] !== b[j - 1]));
    row = next;
  }
  return row[b.length];
};
const near = (word, known) => {
  const close = known
    .map((name) => [name.includes(word) || word.includes(name) ? 1 : distance(word.toLowerCase(), name.toLowerCase()), name])
    .filter(([far]) => far <= Math.max(2, word.length / 3)).sort((a, b) => a[0] - b[0]).slice(0, 3).map(([, name]) => name);
  return close.length ? `did you mean ${close.join(", ")}?` : `known: ${known.slice(0, 12).join(", ")}${known.length > 12 ? ", …" : ""}`;
};

const TERM = /^\s*(?:"([^"]*)"|([^\s=<>!~&"]+))\s*(?:(!=|>=|<=|=|>|<|~)\s*((?:"[^"]*"|[^&"])*))?\s*$/;
const parts = (text) => text.match(/(?:"[^"]*"|[^&"]|")+/g) || [];
const listed = (text) => (text.match(/(?:"[^"]*"|[^,"])+/g) || []).map((part) => part.trim().replace(/^"(.*)"$/, "$1")).filter((part) => part !== "");

const keyOf = (word, names, main) => {
  if (names.includes(word)) return word;
  const starts = names.filter((name) => name.startsWith(word));
  const last = names.filter((name) => name.split(".").pop() === word);
  if (last.length === 1) return last[0];
  if (starts.length === 1) return starts[0];
  if (starts.includes(main)) return main;
  if (starts.length > 1) throw new QueryProblem(`${word}: may be ${starts.slice(0, 5).join(", ")}`);
  throw new QueryProblem(`${word}: no setting or metric of this name; ${near(word, names)}`);
};

const COMPARE = {
  "=": (a, b) => Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(b)), "!=": (a, b) => !COMPARE["="](a, b),
  ">": (a, b) => a > b && !COMPARE["="](a, b), "<": (a, b) => a < b && !COMPARE["="](a, b),
  ">=": (a, b) => a > b || COMPARE["="](a, b), "<=": (a, b) => a < b || COMPARE["="](a, b),
};
const numberOf = (key, text) => {
  const value = text.endsWith("%") ? Number(text.slice(0, -1)) / 100 : Number(text);
  if (text === "" || !Number.isFinite(value)) throw new QueryProblem(`${key}: “${text}” is no number`);
  return value;
};

// Return a test of a run; settings: only what is set, not what was measured, may be asked for.
const queryOf = (model, text, settings = false) => {
  const texts = { status: model.status, seed: model.seed, id: model.ids, name: model.folders, problem: model.problem };
  const words = settings ? ["seed"] : Object.keys(texts);
  const metrics = settings ? [] : model.metrics.map((metric) => metric.name);
  const factors = model.factors.map((factor) => factor.name);
  const names = [...factors, ...metrics, ...words];
  const test = (part) => {
    const found = part.match(TERM);
    if (!found) throw new QueryProblem(`“${part.trim()}” cannot be read; write loss=hinge & test>.97`);
    const [, quoted, bare, sign, given = ""] = found, word = quoted ?? bare;
    if (!sign) return contains(model, word, factors, settings ? names : null);
    const values = listed(given);
    if (!values.length) throw new QueryProblem(`${word}${sign}: a value is missing`);
    const key = keyOf(model.factors.find((factor) => factor.key === word)?.name ?? word, names, model.metrics[0].name);
    if (factors.includes(key)) return ofFactor(model, key, sign, values);
    if (metrics.includes(key)) return ofMetric(model, key, sign, values);
    return ofText(texts[key], key, sign, values);
  };
  const tests = parts(text).filter((part) => part.trim()).map(test);
  return (run) => tests.every((one) => one(run));
};

const contains = (model, word, factors, names) => {
  if (names) throw new QueryProblem(`${word}: write a setting and its level; ${near(word, names)}`);
  const low = word.toLowerCase();
  return (run) => [model.ids[run], model.folders[run], model.status[run], model.problem[run], ...factors.map((_, f) => model.level(model.cell[run], f))]
    .some((part) => part.toLowerCase().includes(low));
};
const ofFactor = (model, key, sign, values) => {
  const f = model.factors.findIndex((factor) => factor.name === key), { levels, numbers } = model.factors[f];
  const fits = levels.map((level, place) => {
    const one = (value) => {
      if (sign === "~") return level.includes(value);
      if (numbers && (sign !== "=" && sign !== "!=" || !levels.includes(value))) return COMPARE[sign](numbers[place], numberOf(key, value));
      if (sign !== "=" && sign !== "!=") throw new QueryProblem(`${key}: its levels are no numbers, ${sign} cannot be asked`);
      return (level === value) === (sign === "=");
    };
    return sign === "!=" ? values.every(one) : values.some(one);
  });
  const unknown = values.find((value) => sign === "=" && !levels.includes(value) && !(numbers && numbers.some((n) => COMPARE["="](n, numberOf(key, value)))));
  if (unknown !== undefined) throw new QueryProblem(`${key}: no level ${unknown}; ${near(unknown, levels)}`);
  return (run) => fits[model.levels[f][model.cell[run]]];
};
const ofMetric = (model, key, sign, values) => {
  if (sign === "~") throw new QueryProblem(`${key}: ~ is for texts`);
  const column = model.figures(key).run, numbers = values.map((value) => numberOf(key, value));
  return (run) => (sign === "!=" ? numbers.every((n) => COMPARE[sign](column[run], n)) : numbers.some((n) => COMPARE[sign](column[run], n)));
};
const ofText = (column, key, sign, values) => {
  if (!["=", "!=", "~"].includes(sign)) {
    const [value] = values.map((one) => numberOf(key, one));
    return (run) => COMPARE[sign](Number(column[run]), value);
  }
  if (key === "status" || key === "seed") {
    const known = [...new Set(column)], unknown = values.find((value) => sign === "=" && !known.includes(value));
    if (unknown !== undefined) throw new QueryProblem(`${key}: no run is ${unknown}; ${near(unknown, known)}`);
  }
  if (sign === "~") return (run) => values.some((value) => column[run].includes(value));
  return (run) => values.some((value) => column[run] === value || (key === "id" && column[run].startsWith(value))) === (sign === "=");
};
