import type { StepWork } from '../compile/compiled-flow.js';
import { FlowProcessingError, clip } from '@sluice/domain';

import type { JsonToXmlStep, XmlToJsonStep } from '../model/step-definition.js';
import { type XmlNode, XmlTreeBuilder } from '@sluice/xml';

const MAXIMUM_DEPTH = 400;
const NAME = /^[\p{L}_][\p{L}\p{N}._\-·]*$/u;

/** A JSON number as it was written, so that 1.0 and 12345678901234567890 survive. */
class NumberText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** Members become elements, arrays repeated elements, `@name` attributes and `$` the text beside them. */
export function compileJsonToXml(step: JsonToXmlStep): StepWork {
  return (run) => {
    const value = parseKeepingNumbers(run.message.text());
    const writer = new JsonWriter(step);
    run.message.body = writer.write(value);
    run.message.headers.set('Content-Type', 'application/xml');
  };
}

function parseKeepingNumbers(text: string): unknown {
  const parse = JSON.parse as (
    source: string,
    reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
  ) => unknown;
  try {
    return parse(text, (_, value, context) =>
      typeof value === 'number' ? new NumberText(context.source ?? String(value)) : value,
    );
  } catch (error) {
    if (error instanceof RangeError) throw error;
    const reason = text.trim() === '' ? 'it is empty' : (error as Error).message;
    throw new FlowProcessingError('json-malformed', `The body is not JSON: ${reason}`, { cause: error });
  }
}

class JsonWriter {
  readonly #step: JsonToXmlStep;
  readonly #builder = new XmlTreeBuilder();

  constructor(step: JsonToXmlStep) {
    this.#step = step;
  }

  write(value: unknown): XmlNode {
    const step = this.#step;
    if (step.addRootElement) {
      if (Array.isArray(value))
        throw new FlowProcessingError(
          'conversion-failed',
          'The JSON is an array at its top; XML needs one name for its members. Wrap it in an object first.',
        );
      const root = step.rootElementName === '' ? 'root' : step.rootElementName;
      this.#open(root, step.rootElementNamespace === '' ? null : step.rootElementNamespace);
      this.#content(value, 1);
      this.#builder.endElement();
      return this.#builder.end();
    }
    const members = isObject(value) ? Object.entries(value) : [];
    const [only] = members;
    if (only === undefined || members.length > 1 || Array.isArray(only[1]))
      throw new FlowProcessingError(
        'conversion-failed',
        'Without a root element the JSON must be an object with one member that is not an array.',
      );
    this.#member(only[0], only[1], 1);
    return this.#builder.end();
  }

  #member(name: string, value: unknown, depth: number): void {
    if (depth > MAXIMUM_DEPTH)
      throw new FlowProcessingError('limit-exceeded', `The JSON is nested more than ${MAXIMUM_DEPTH} deep.`);
    if (Array.isArray(value)) {
      for (const item of value) this.#member(name, item, depth + 1);
      return;
    }
    this.#open(name, null);
    this.#content(value, depth);
    this.#builder.endElement();
  }

  #content(value: unknown, depth: number): void {
    if (!isObject(value)) {
      this.#builder.text(textOf(value));
      return;
    }
    for (const [name, member] of Object.entries(value))
      if (name.startsWith('@') && !isObject(member) && !Array.isArray(member)) {
        const { prefix, local, namespace } = this.#resolve(name.slice(1));
        this.#builder.attribute(local, prefix, namespace, textOf(member));
      }
    for (const [name, member] of Object.entries(value)) {
      if (name === '$' && !isObject(member) && !Array.isArray(member)) this.#builder.text(textOf(member));
      else if (!name.startsWith('@') || isObject(member) || Array.isArray(member))
        this.#member(name, member, depth + 1);
    }
  }

  #open(name: string, namespace: string | null): void {
    const resolved = namespace === null ? this.#resolve(name) : { prefix: '', local: checkName(name), namespace };
    this.#builder.startElement(resolved.local, resolved.prefix, resolved.namespace);
  }

  #resolve(name: string): { prefix: string; local: string; namespace: string } {
    const step = this.#step;
    const at = step.useNamespaces ? name.indexOf(step.namespaceSeparator) : -1;
    if (at <= 0) return { prefix: '', local: checkName(name), namespace: '' };
    const prefix = name.slice(0, at);
    const namespace = step.namespaces[prefix];
    if (namespace === undefined)
      throw new FlowProcessingError(
        'conversion-failed',
        `The JSON name "${clip(name)}" has a prefix that the namespace mapping of the step lacks.`,
      );
    return { prefix: checkName(prefix), local: checkName(name.slice(at + step.namespaceSeparator.length)), namespace };
  }
}

function checkName(name: string): string {
  if (!NAME.test(name))
    throw new FlowProcessingError(
      'conversion-failed',
      `The JSON name "${clip(name)}" cannot be the name of an XML element.`,
    );
  return name;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof NumberText);
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = value instanceof NumberText ? value.text : String(value);

  const bad = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.exec(text);
  if (bad !== null)
    throw new FlowProcessingError(
      'conversion-failed',
      `The JSON holds the character ${JSON.stringify(bad[0])}, which XML cannot hold.`,
    );
  return text;
}

/** Elements become members, repeated ones arrays, attributes `@name`, and text beside attributes or elements `$`. */
export function compileXmlToJson(step: XmlToJsonStep): StepWork {
  const reader = new XmlReader(step);
  return (run) => {
    const root = run.message.document().firstElement;
    if (root === null) throw new FlowProcessingError('conversion-failed', 'The body holds no XML element.');
    const value = reader.value(root, `/${reader.name(root)}`);
    run.message.body = JSON.stringify(step.suppressRootElement ? value : { [reader.name(root)]: value });
    run.message.headers.set('Content-Type', 'application/json');
  };
}

class XmlReader {
  readonly #step: XmlToJsonStep;
  readonly #prefixes: ReadonlyMap<string, string>;
  readonly #arrays: ReadonlySet<string> | null;

  constructor(step: XmlToJsonStep) {
    this.#step = step;
    this.#prefixes = new Map(Object.entries(step.namespaces).map(([prefix, uri]) => [uri, prefix]));
    this.#arrays = step.arrays === 'all' ? null : new Set(step.arrays);
  }

  name(node: XmlNode): string {
    const prefix = this.#step.useNamespaces ? this.#prefixes.get(node.namespace) : undefined;
    return prefix === undefined || prefix === '' ? node.name : `${prefix}${this.#step.namespaceSeparator}${node.name}`;
  }

  value(element: XmlNode, path: string): unknown {
    const result: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
    let empty = true;
    for (const attribute of element.attributes) {
      result[`@${this.name(attribute)}`] = attribute.value;
      empty = false;
    }
    let text = '';
    let elements = false;
    for (const child of element.children) {
      if (child.kind === 'text') text += child.value;
      if (child.kind !== 'element') continue;
      elements = true;
      this.#add(result, child, path);
    }
    if (empty && !elements) return text;
    if (text.trim() !== '') result['$'] = elements ? text.trim() : text;
    return result;
  }

  #add(result: Record<string, unknown>, child: XmlNode, path: string): void {
    const name = this.name(child);
    const inner = `${path}/${name}`;
    const value = this.value(child, inner);
    const present = result[name];
    if (present === undefined) result[name] = this.#isArray(name, inner) ? new Repeated([value]) : value;
    else if (present instanceof Repeated) present.push(value);
    else result[name] = new Repeated([present, value]);
  }

  #isArray(name: string, path: string): boolean {
    const arrays = this.#arrays;
    return arrays === null || arrays.has(path) || arrays.has(path.slice(1)) || arrays.has(name);
  }
}

/** A list made here, to tell it from an array that is a value. */
class Repeated extends Array<unknown> {
  constructor(items: readonly unknown[]) {
    super();
    this.push(...items);
  }
}
