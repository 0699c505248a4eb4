import { type Dynamic, type Sequence } from './value/xpath-value.js';

export const FN_NAMESPACE = 'http://www.w3.org/2005/xpath-functions';
export const XS_NAMESPACE = 'http://www.w3.org/2001/XMLSchema';
export const MATH_NAMESPACE = 'http://www.w3.org/2005/xpath-functions/math';
export const MAP_NAMESPACE = 'http://www.w3.org/2005/xpath-functions/map';
export const ARRAY_NAMESPACE = 'http://www.w3.org/2005/xpath-functions/array';

export const WELL_KNOWN_PREFIXES: Readonly<Record<string, string>> = {
  fn: FN_NAMESPACE,
  xs: XS_NAMESPACE,
  math: MATH_NAMESPACE,
  map: MAP_NAMESPACE,
  array: ARRAY_NAMESPACE,
  xml: 'http://www.w3.org/XML/1998/namespace',
};

/** A function an expression can call. Arguments come evaluated. */
export interface XPathFunctionImplementation {
  readonly minimum: number;
  readonly maximum: number;
  call(dynamic: Dynamic, values: readonly Sequence[]): Sequence;
}

/** What an expression is compiled against. */
export interface StaticContext {
  /** @returns the URI of a prefix, or null if it is not bound */
  namespace(prefix: string): string | null;
  /** Namespace of element names without a prefix; empty for none. */
  readonly elementNamespace: string;
  /** XPath 1.0 behaviour: the first item of a sequence is taken, and texts are converted to numbers. */
  readonly compatible?: boolean;
  /** @returns the function, or null; asked before the built-in library */
  function?(namespace: string, name: string, arity: number): XPathFunctionImplementation | null;
}
