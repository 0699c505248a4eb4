/**
 * The address of a flow endpoint, below `/http`. One canonical form decides route and role, so that no second spelling of
 * a path can reach a flow past its rules (attack 27).
 */
const segment = /^[A-Za-z0-9._~!$&'()*+,=:@-]+$/;

/** @returns why an address may not be deployed, or undefined. A trailing `/*` is allowed, a `*` elsewhere is not. */
export function flowAddressViolation(address: unknown): string | undefined {
  if (typeof address !== 'string' || !address.startsWith('/') || address.length > 1024) {
    return 'must begin with / and have at most 1024 characters';
  }
  const below = address.endsWith('/*');
  const path = below ? address.slice(0, -2) : address;
  if (path === '') return undefined;
  const parts = path.slice(1).split('/');
  // A slash at the end is part of the address: real artifacts have it.
  if (!below && parts.at(-1) === '') parts.pop();
  for (const part of parts) {
    if (part === '') return 'must not have an empty segment';
    if (part === '.' || part === '..') return 'must not have a dot segment';
    if (part.includes('*')) return 'may have * only as the whole last segment';
    if (!segment.test(part)) return `has a character that a path segment may not have unescaped: "${part}"`;
  }
  return undefined;
}

/**
 * The canonical path of a request target, without its query; or undefined when the target is not canonical (an encoded
 * slash, dot or unreserved character, an empty or dot segment, a backslash, a control character, a path parameter).
 */
export function canonicalRequestPath(target: string): string | undefined {
  const query = target.indexOf('?');
  const path = query === -1 ? target : target.slice(0, query);
  if (path.charCodeAt(0) !== 47 || path.length > 8192) return undefined;
  let segmentStart = 1;
  for (let index = 1; index <= path.length; index++) {
    const code = index === path.length ? 47 : path.charCodeAt(index);
    if (code === 47) {
      const length = index - segmentStart;
      const last = index === path.length;
      // A slash at the end is a path of its own (RFC 3986 §3.3); it reaches the flow with that very address, no other.
      if (length === 0 && !last) return undefined;
      if (length === 1 && path.charCodeAt(segmentStart) === 46) return undefined;
      if (length === 2 && path.charCodeAt(segmentStart) === 46 && path.charCodeAt(segmentStart + 1) === 46)
        return undefined;
      segmentStart = index + 1;
    } else if (code <= 32 || code >= 127 || code === 92 || code === 59 || code === 35) {
      return undefined;
    } else if (code === 37) {
      if (!escapeIsCanonical(path, index)) return undefined;
      index += 2;
    }
  }
  return path;
}

/** RFC 3986 §6.2.2: an escape is canonical when it is upper case and stands for a character that has to be escaped. */
function escapeIsCanonical(path: string, at: number): boolean {
  const hex = path.slice(at + 1, at + 3);
  if (!/^[0-9A-F]{2}$/.test(hex)) return false;
  const code = Number.parseInt(hex, 16);
  if (code < 32 || code === 127) return false;
  if (code < 128) return !/[A-Za-z0-9._~/\\;-]/.test(String.fromCharCode(code));
  return isPartOfWellFormedUtf8(path, at);
}

function isPartOfWellFormedUtf8(path: string, at: number): boolean {
  let start = at;
  while (start >= 3 && path[start - 3] === '%' && Number.parseInt(path.slice(start - 2, start), 16) >= 128) start -= 3;
  let end = at;
  while (path[end] === '%' && Number.parseInt(path.slice(end + 1, end + 3), 16) >= 128) end += 3;
  try {
    decodeURIComponent(path.slice(start, end));
    return true;
  } catch {
    return false;
  }
}

/** Finds the flow for a path: the exact address first, else the longest `/*` address above it. */
export class FlowRoutes<T> {
  readonly #exact = new Map<string, T>();
  readonly #below = new Map<string, T>();

  /** @returns false when another flow has this address already. */
  add(address: string, flow: T): boolean {
    const [routes, path] = this.#routesOf(address);
    if (routes.has(path)) return false;
    routes.set(path, flow);
    return true;
  }

  /** @param path canonical, below `/http` */
  find(path: string): T | undefined {
    const exact = this.#exact.get(path);
    if (exact !== undefined || this.#below.size === 0) return exact;
    for (let end = path.length; end >= 0; end = end === 0 ? -1 : path.lastIndexOf('/', end - 1)) {
      const flow = this.#below.get(path.slice(0, end));
      if (flow !== undefined) return flow;
    }
    return undefined;
  }

  #routesOf(address: string): [Map<string, T>, string] {
    return address.endsWith('/*') ? [this.#below, address.slice(0, -2)] : [this.#exact, address];
  }
}
