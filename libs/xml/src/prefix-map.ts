/** Namespaces by their prefixes; the default namespace has the prefix that is empty. */
export type PrefixMap = Record<string, string>;

/** A map with what these have, the later ones first. It inherits nothing: a sender may call a prefix `__proto__` or `constructor`. */
export function prefixMap(...maps: readonly (Readonly<PrefixMap> | null)[]): PrefixMap {
  return Object.assign(Object.create(null) as PrefixMap, ...maps) as PrefixMap;
}
