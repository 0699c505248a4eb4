import { type Document, type LineCounter, type Node, type Pair, isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { FlowProblem, FlowProblemCode } from '../../error/flow-errors.js';
import { nearestOf } from '@sluice/domain';

export type JsonSchema = { readonly [key: string]: unknown };

const MAXIMUM_PROBLEMS = 200;

/** Collects problems with their place while a document is read. */
export class ReadingContext {
  readonly problems: FlowProblem[] = [];
  readonly #document: Document;
  readonly #lines: LineCounter;

  constructor(document: Document, lines: LineCounter) {
    this.#document = document;
    this.#lines = lines;
  }

  report(code: FlowProblemCode, path: string, node: Node | null, message: string, nearest?: string): undefined {
    if (this.problems.length >= MAXIMUM_PROBLEMS) return undefined;
    const line = this.lineOf(node);
    this.problems.push({
      path: path === '' ? '(document)' : path,
      ...(line === undefined ? {} : { line }),
      code,
      message,
      ...(nearest === undefined ? {} : { nearest }),
    });
    return undefined;
  }

  lineOf(node: Node | null): number | undefined {
    const offset = node?.range?.[0];
    return offset === undefined ? undefined : this.#lines.linePos(offset).line;
  }

  /** Follows an alias. Aliases are few: the parser limits them, and no shape is recursive through one. */
  resolve(node: unknown): Node | null {
    if (isAlias(node)) return (node.resolve(this.#document) as Node | undefined) ?? null;
    return (node as Node | null | undefined) ?? null;
  }
}

/** One description of a part of the format, used twice: to read it, and to publish its JSON schema. */
export interface Shape<T> {
  /** @returns the value, or undefined after reporting what is wrong */
  read(node: Node | null, path: string, context: ReadingContext): T | undefined;
  /** @param definitions named schemas, filled as they are met */
  schema(definitions: Record<string, JsonSchema>): JsonSchema;
}

type ValueOf<S> = S extends Shape<infer T> ? T : never;

export function text(
  options: { readonly description?: string; readonly minLength?: number; readonly maxLength?: number } = {},
): Shape<string> {
  return {
    read(node, path, context) {
      const value = isScalar(node) ? node.value : undefined;
      const read = typeof value === 'number' || typeof value === 'boolean' ? scalarSource(node, value) : value;
      if (typeof read !== 'string')
        return context.report('wrong-type', path, node, `A text is expected, not ${kindOf(node)}.`);
      if (read.length < (options.minLength ?? 0))
        return context.report('invalid-value', path, node, 'The text must not be empty.');
      if (options.maxLength !== undefined && read.length > options.maxLength)
        return context.report('invalid-value', path, node, `The text is longer than ${options.maxLength} characters.`);
      return read;
    },
    schema: () => ({
      type: ['string', 'number', 'boolean'],
      ...(options.description === undefined ? {} : { description: options.description }),
      ...(options.minLength === undefined ? {} : { minLength: options.minLength }),
      ...(options.maxLength === undefined ? {} : { maxLength: options.maxLength }),
    }),
  };
}

/** `X: 1.10` means the text `1.10`, not the number 1.1. */
function scalarSource(node: Node | null, value: number | boolean): string {
  const source = (node as { source?: unknown } | null)?.source;
  return typeof source === 'string' ? source : String(value);
}

export function integer(options: {
  readonly minimum: number;
  readonly maximum: number;
  readonly description?: string;
}): Shape<number> {
  return {
    read(node, path, context) {
      const value = isScalar(node) ? node.value : undefined;
      if (typeof value !== 'number' || !Number.isInteger(value))
        return context.report('wrong-type', path, node, `A whole number is expected, not ${kindOf(node)}.`);
      if (value < options.minimum || value > options.maximum)
        return context.report(
          'invalid-value',
          path,
          node,
          `The number must be from ${options.minimum} to ${options.maximum}.`,
        );
      return value;
    },
    schema: () => ({ type: 'integer', ...options }),
  };
}

export function flag(description?: string): Shape<boolean> {
  return {
    read(node, path, context) {
      const value = isScalar(node) ? node.value : undefined;
      return typeof value === 'boolean'
        ? value
        : context.report('wrong-type', path, node, `true or false is expected, not ${kindOf(node)}.`);
    },
    schema: () => ({ type: 'boolean', ...(description === undefined ? {} : { description }) }),
  };
}

export function choice<const T extends readonly string[]>(values: T, description?: string): Shape<T[number]> {
  return {
    read(node, path, context) {
      const value = isScalar(node) ? node.value : undefined;
      if (typeof value === 'string' && values.includes(value)) return value as T[number];
      return context.report(
        'invalid-value',
        path,
        node,
        `One of ${values.join(', ')} is expected, not ${kindOf(node)}.`,
        nearestOf(String(value), values),
      );
    },
    schema: () => ({ enum: values, ...(description === undefined ? {} : { description }) }),
  };
}

export function listOf<T>(
  item: Shape<T>,
  options: { readonly minItems?: number; readonly description?: string } = {},
): Shape<readonly T[]> {
  return {
    read(node, path, context) {
      if (!isSeq(node)) return context.report('wrong-type', path, node, `A list is expected, not ${kindOf(node)}.`);
      if (node.items.length < (options.minItems ?? 0))
        return context.report('invalid-value', path, node, `The list must have at least ${options.minItems} entries.`);
      const values: T[] = [];
      let complete = true;
      node.items.forEach((child, index) => {
        const value = item.read(context.resolve(child), `${path}[${index}]`, context);
        if (value === undefined) complete = false;
        else values.push(value);
      });
      return complete ? values : undefined;
    },
    schema: (definitions) => ({ type: 'array', items: item.schema(definitions), ...options }),
  };
}

export function recordOf<T>(item: Shape<T>, description?: string): Shape<Readonly<Record<string, T>>> {
  return {
    read(node, path, context) {
      if (!isMap(node)) return context.report('wrong-type', path, node, `A mapping is expected, not ${kindOf(node)}.`);
      const values: Record<string, T> = Object.create(null) as Record<string, T>;
      let complete = true;
      for (const pair of node.items) {
        const name = keyOf(pair);
        const value = item.read(context.resolve(pair.value), join(path, name), context);
        if (value === undefined) complete = false;
        else values[name] = value;
      }
      return complete ? values : undefined;
    },
    schema: (definitions) => ({
      type: 'object',
      additionalProperties: item.schema(definitions),
      ...(description === undefined ? {} : { description }),
    }),
  };
}

export interface Member<T, Required extends boolean> {
  readonly shape: Shape<T>;
  readonly required: Required;
}

export function required<T>(shape: Shape<T>): Member<T, true> {
  return { shape, required: true };
}

export function optional<T>(shape: Shape<T>): Member<T, false> {
  return { shape, required: false };
}

type Members = Readonly<Record<string, Member<unknown, boolean>>>;
type ObjectOf<M extends Members> = {
  readonly [K in keyof M as M[K]['required'] extends true ? K : never]: ValueOf<M[K]['shape']>;
} & { readonly [K in keyof M as M[K]['required'] extends true ? never : K]?: ValueOf<M[K]['shape']> };

/** A mapping with a fixed set of keys; any other key is an error. */
export function object<const M extends Members>(members: M, description?: string): Shape<ObjectOf<M>> {
  const names = Object.keys(members);
  return {
    read(node, path, context) {
      if (!isMap(node)) return context.report('wrong-type', path, node, `A mapping is expected, not ${kindOf(node)}.`);
      const values: Record<string, unknown> = {};
      let complete = true;
      for (const pair of node.items) {
        const name = keyOf(pair);
        const member = Object.hasOwn(members, name) ? members[name] : undefined;
        if (member === undefined) {
          context.report(
            'unknown-key',
            join(path, name),
            pair.key as Node,
            `The key "${name}" is not known here; known are ${names.join(', ')}.`,
            nearestOf(name, names),
          );
          complete = false;
          continue;
        }
        const value = member.shape.read(context.resolve(pair.value), join(path, name), context);
        if (value === undefined) complete = false;
        else values[name] = value;
      }
      for (const name of names)
        if (members[name]?.required === true && !node.has(name)) {
          context.report('missing-key', join(path, name), node, `The key "${name}" is missing.`);
          complete = false;
        }
      return complete ? (values as ObjectOf<M>) : undefined;
    },
    schema: (definitions) => ({
      type: 'object',
      ...(description === undefined ? {} : { description }),
      properties: Object.fromEntries(
        names.map((name) => [name, (members[name] as Member<unknown, boolean>).shape.schema(definitions)]),
      ),
      required: names.filter((name) => members[name]?.required === true),
      additionalProperties: false,
    }),
  };
}

/** A mapping with exactly one key, which says what its value is: `- filter: {…}`. */
export function oneKeyOf<const M extends Readonly<Record<string, Shape<unknown>>>>(
  alternatives: M,
  what: string,
  descriptions: Readonly<Record<keyof M, string>>,
): Shape<
  { readonly [K in keyof M]: { readonly kind: K; readonly value: ValueOf<M[K]>; readonly line?: number } }[keyof M]
> {
  type Result = { [K in keyof M]: { kind: K; value: ValueOf<M[K]>; line?: number } }[keyof M];
  const names = Object.keys(alternatives);
  return {
    read(node, path, context) {
      if (!isMap(node) || node.items.length !== 1)
        return context.report(
          'wrong-type',
          path,
          node,
          `A mapping with exactly one key is expected: ${what}, one of ${names.join(', ')}.`,
        );
      const pair = node.items[0] as Pair;
      const name = keyOf(pair);
      const shape = Object.hasOwn(alternatives, name) ? alternatives[name] : undefined;
      if (shape === undefined)
        return context.report(
          'unknown-key',
          join(path, name),
          pair.key as Node,
          `"${name}" is not ${what}; known are ${names.join(', ')}.`,
          nearestOf(name, names),
        );
      const value = shape.read(context.resolve(pair.value), join(path, name), context);
      if (value === undefined) return undefined;
      const line = context.lineOf(pair.key as Node);
      return { kind: name, value, ...(line === undefined ? {} : { line }) } as Result;
    },
    schema: (definitions) => ({
      oneOf: names.map((name) => ({
        type: 'object',
        description: descriptions[name],
        properties: { [name]: (alternatives[name] as Shape<unknown>).schema(definitions) },
        required: [name],
        additionalProperties: false,
      })),
    }),
  };
}

/** A mapping whose key `tag` says which of several shapes it has. */
export function taggedBy<const M extends Readonly<Record<string, Shape<unknown>>>>(
  tag: string,
  alternatives: M,
  descriptions?: Readonly<Record<keyof M, string>>,
): Shape<ValueOf<M[keyof M]>> {
  const names = Object.keys(alternatives);
  return {
    read(node, path, context) {
      if (!isMap(node)) return context.report('wrong-type', path, node, `A mapping is expected, not ${kindOf(node)}.`);
      const value = node.get(tag, true);
      const name = isScalar(value) ? String(value.value) : '';
      const shape = Object.hasOwn(alternatives, name) ? alternatives[name] : undefined;
      if (value === undefined)
        return context.report('missing-key', join(path, tag), node, `The key "${tag}" is missing.`);
      if (shape === undefined)
        return context.report(
          'invalid-value',
          join(path, tag),
          value,
          `One of ${names.join(', ')} is expected.`,
          nearestOf(name, names),
        );
      return shape.read(node, path, context) as ValueOf<M[keyof M]> | undefined;
    },
    schema: (definitions) => ({
      oneOf: names.map((name) => ({
        ...(alternatives[name] as Shape<unknown>).schema(definitions),
        ...(descriptions === undefined ? {} : { description: descriptions[name] }),
      })),
    }),
  };
}

/** A short form (a scalar) or a long form (a mapping). */
export function shortOrLong<S, L>(short: Shape<S>, long: Shape<L>): Shape<S | L> {
  return {
    read: (node, path, context): S | L | undefined =>
      isMap(node) ? long.read(node, path, context) : short.read(node, path, context),
    schema: (definitions) => ({ anyOf: [short.schema(definitions), long.schema(definitions)] }),
  };
}

/** A shape that is published once under a name, and may contain itself. */
export function named<T>(name: string, shape: () => Shape<T>): Shape<T> {
  let made: Shape<T> | undefined;
  const get = (): Shape<T> => (made ??= shape());
  return {
    read: (node, path, context) => get().read(node, path, context),
    schema(definitions) {
      if (definitions[name] === undefined) {
        definitions[name] = {};
        definitions[name] = get().schema(definitions);
      }
      return { $ref: `#/$defs/${name}` };
    },
  };
}

export function join(path: string, name: string): string {
  const part = /^[\w$-]+$/.test(name) ? name : JSON.stringify(name);
  return path === '' ? part : `${path}.${part}`;
}

function keyOf(pair: Pair): string {
  const key: unknown = pair.key;
  return isScalar(key) ? String(key.value) : String(key);
}

function kindOf(node: Node | null): string {
  if (node === null) return 'nothing';
  if (isMap(node)) return 'a mapping';
  if (isSeq(node)) return 'a list';
  if (isScalar(node)) return node.value === null ? 'nothing' : (JSON.stringify(node.value)?.slice(0, 60) ?? 'nothing');
  return 'this';
}
