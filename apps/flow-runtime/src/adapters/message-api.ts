/**
 * JavaScript that gives a script the reference's message API (SAP Cloud Integration, "Script API"), evaluated in each
 * fresh context before the script. It is the only thing a script has beside the language: there is no import, no IO, no
 * timer. Headers ignore case; maps are live, as the reference's are.
 */
export const messageApi = String.raw`
(() => {
  const { parse, stringify } = JSON;
  const toValue = (value) => {
    if (value === null || value === undefined) return null;
    if (typeof value === 'string' || typeof value === 'boolean') return value;
    if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
    if (typeof value === 'object' && !(value instanceof Date)) return stringify(value);
    return value instanceof Date ? value.toISOString() : String(value);
  };
  class Values {
    #entries = new Map();
    #changed = new Map();
    #fold;
    constructor(entries, fold) {
      this.#fold = fold;
      for (const [name, value] of entries) this.#entries.set(this.#key(name), [name, value]);
    }
    #key(name) { return this.#fold ? String(name).toLowerCase() : String(name); }
    get(name) { const found = this.#entries.get(this.#key(name)); return found === undefined ? null : found[1]; }
    put(name, value) {
      const key = this.#key(name);
      const before = this.#entries.get(key);
      const entry = [before === undefined ? String(name) : before[0], toValue(value)];
      this.#entries.set(key, entry);
      this.#changed.set(key, entry);
      return before === undefined ? null : before[1];
    }
    putAll(values) { for (const [name, value] of pairsOf(values)) this.put(name, value); }
    remove(name) {
      const key = this.#key(name);
      const before = this.#entries.get(key);
      if (before === undefined) return null;
      this.#entries.delete(key);
      this.#changed.set(key, [before[0]]);
      return before[1];
    }
    clear() { for (const name of this.keySet()) this.remove(name); }
    containsKey(name) { return this.#entries.has(this.#key(name)); }
    keySet() { return [...this.#entries.values()].map(([name]) => name); }
    values() { return [...this.#entries.values()].map(([, value]) => value); }
    entrySet() {
      return [...this.#entries.values()].map(([name, value]) => ({ key: name, value, getKey: () => name, getValue: () => value }));
    }
    forEach(action) { for (const [name, value] of [...this.#entries.values()]) action(name, value); }
    size() { return this.#entries.size; }
    isEmpty() { return this.#entries.size === 0; }
    [Symbol.iterator]() { return this.#entries.values(); }
    toJSON() { return Object.fromEntries(this.#entries.values()); }
    changes() { return [...this.#changed.values()]; }
  }
  const pairsOf = (values) => (values instanceof Values || values instanceof Map ? [...values] : Object.entries(values));
  const log = { attachments: [], headers: [], properties: [] };
  const property = (name, value) => { log.properties.push([String(name), String(value)]); };
  const messageLog = {
    addAttachmentAsString(name, text, mediaType) { log.attachments.push([String(name), String(text), String(mediaType ?? 'text/plain')]); },
    addCustomHeaderProperty(name, value) { log.headers.push([String(name), String(value)]); },
    setStringProperty: property, setIntegerProperty: property, setLongProperty: property,
    setBooleanProperty: property, setDoubleProperty: property, setFloatProperty: property, setDateProperty: property,
  };
  const java = (name) => new Proxy(function () {}, {
    get: (_, member) => (typeof member === 'symbol' ? undefined : java(name + '.' + member)),
    apply: () => { throw new TypeError(name + ' is a Java method, which scripts do not have here: write it in JavaScript'); },
    construct: () => { throw new TypeError(name + ' is a Java class, which scripts do not have here: write it in JavaScript'); },
  });
  for (const name of ['java', 'javax', 'com', 'org', 'groovy', 'Packages']) globalThis[name] = java(name);
  globalThis.importClass = globalThis.importPackage = () => undefined;
  globalThis.messageLog = messageLog;
  globalThis.messageLogFactory = { getMessageLog: () => messageLog };
  globalThis.console = { log: (...values) => property('console', values.join(' ')) };
  for (const name of ['info', 'warn', 'error', 'debug']) globalThis.console[name] = globalThis.console.log;
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  globalThis.btoa = (text) => {
    const bytes = [...String(text)].map((character) => character.codePointAt(0));
    if (bytes.some((byte) => byte > 255)) throw new RangeError('btoa takes characters up to U+00FF only');
    let encoded = '';
    for (let at = 0; at < bytes.length; at += 3) {
      const group = (bytes[at] << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
      encoded += digits[group >> 18] + digits[(group >> 12) & 63] +
        (at + 1 < bytes.length ? digits[(group >> 6) & 63] : '=') + (at + 2 < bytes.length ? digits[group & 63] : '=');
    }
    return encoded;
  };
  globalThis.atob = (text) => {
    const compact = String(text).replace(/[\t\n\f\r ]/g, '').replace(/={1,2}$/, '');
    if (compact.length % 4 === 1 || /[^A-Za-z0-9+/]/.test(compact)) throw new RangeError('atob takes Base64 only');
    let decoded = '', bits = 0, group = 0;
    for (const digit of compact) {
      group = ((group << 6) | digits.indexOf(digit)) & 0xffffff;
      if ((bits += 6) >= 8) decoded += String.fromCharCode((group >> (bits -= 8)) & 255);
    }
    return decoded;
  };
  let failure;
  let body, unreadable, bodyChanged = false, headers, properties;
  const readBody = () => {
    if (unreadable !== undefined && !bodyChanged) throw new Error(unreadable);
    return body;
  };
  const message = {
    getBody: readBody,
    getBodyAsString: readBody,
    setBody(value) { body = toValue(value); bodyChanged = true; },
    getBodySize: () => (readBody() === null ? 0 : String(body).length),
    getHeaders: () => headers,
    getHeader: (name) => headers.get(name),
    setHeader: (name, value) => void headers.put(name, value),
    setHeaders(values) { const kept = pairsOf(values); headers.clear(); headers.putAll(kept); },
    getProperties: () => properties,
    getProperty: (name) => properties.get(name),
    setProperty: (name, value) => void properties.put(name, value),
    setProperties(values) { const kept = pairsOf(values); properties.clear(); properties.putAll(kept); },
  };
  return {
    begin(input) {
      const given = parse(input);
      body = given.body;
      unreadable = given.unreadable;
      headers = new Values(given.headers, true);
      properties = new Values(given.properties, false);
    },
    call(name) {
      // A function may also be a const, which is no member of the global object.
      const named = /^[A-Za-z_$][\w$]*$/.test(name) ? (0, eval)('typeof ' + name + " === 'function' ? " + name + ' : undefined') : undefined;
      if (typeof named !== 'function') throw new TypeError('the script defines no function ' + name);
      const result = named(message);
      if (result instanceof Promise) result.catch((error) => { failure = { error }; });
    },
    failed() { if (failure !== undefined) throw failure.error; },
    end: () => stringify({
      ...(bodyChanged ? { body } : {}), headers: headers.changes(), properties: properties.changes(), log,
    }),
  };
})()
`;
