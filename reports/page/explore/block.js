// The packed block: reports/page/packed.py says how it is laid out.
const MISSING = 65535;

const unpack = async (text) => {
  const packed = Uint8Array.from(atob(text.trim()), (char) => char.charCodeAt(0));
  const plain = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const bytes = new Uint8Array(await new Response(plain).arrayBuffer());
  const size = new DataView(bytes.buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + size)));
  const known = new Map();
  const column = (name) => {
    if (!known.has(name) && head.columns[name]) known.set(name, readColumn(bytes, 4 + size, head.columns[name]));
    return known.get(name);
  };
  return { head, column };
};

const readColumn = (bytes, start, rule) => {
  const { n, at, low, step } = rule, values = new Float64Array(n);
  if (rule.kind === "float") return readFloats(bytes, start + at, values);
  for (let plane = 0, weight = 1; plane < rule.bytes; plane += 1, weight *= 256) {
    const from = start + at + plane * n;
    for (let k = 0; k < n; k += 1) values[k] += weight * bytes[from + k];
  }
  if (rule.delta) for (let k = 1; k < n; k += 1) values[k] = (values[k] + values[k - 1]) % 65536;
  if (rule.kind === "int") return values;
  for (let k = 0; k < n; k += 1) {
    const value = low + step * values[k];
    values[k] = values[k] === MISSING ? NaN : rule.kind === "log" ? Math.exp(value) : value;
  }
  return values;
};

const readFloats = (bytes, from, values) => {
  const n = values.length, raw = new DataView(new ArrayBuffer(8 * n));
  for (let plane = 0; plane < 8; plane += 1) for (let k = 0; k < n; k += 1) raw.setUint8(8 * k + plane, bytes[from + plane * n + k]);
  return values.map((_, k) => raw.getFloat64(8 * k, true));
};
