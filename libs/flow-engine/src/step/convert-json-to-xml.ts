import type { StepWork } from '../compile/compiled-flow.js';
import type { StepCompiler } from '../compile/step-compiler.js';
import { FlowProcessingError, clip } from '@sluice/domain';

import type { JsonToXmlStep } from '../model/step-definition.js';
import { serializeXml, type XmlNode, XmlTreeBuilder } from '@sluice/xml';
import { checkNamespaceMapping } from './namespace-mapping.js';

const MAXIMUM_DEPTH = 400;
/** Names that begin with these letters are reserved (XML 1.0 section 2.3). */
const RESERVED = /^xml/i;
const NAME = /^[\p{L}_][\p{L}\p{N}._\-·]*$/u;

/** A JSON number as it was written, so that 1.0 and 12345678901234567890 survive. */
class NumberText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** Members become elements, arrays repeated elements, `@name` attributes and `$` the text beside them. */
export function compileJsonToXml(step: JsonToXmlStep, compiler: StepCompiler): StepWork {
  checkNamespaceMapping(step, compiler);
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
  /** Whether a name has a prefix that is declared nowhere. */
  #undeclared = false;

  constructor(step: JsonToXmlStep) {
    this.#step = step;
  }

  /** @returns a tree; or a text, where a prefix is not declared: whatever reads it as XML with namespaces is to fail */
  write(value: unknown): XmlNode | string {
    const step = this.#step;
    if (step.addRootElement) this.#addRoot(value);
    else {
      const members = isObject(value) ? Object.entries(value) : [];
      const [only] = members;
      if (only === undefined || members.length > 1 || Array.isArray(only[1]))
        throw new FlowProcessingError(
          'conversion-failed',
          'Without a root element the JSON must be an object with one member that is not an array.',
        );
      this.#member(only[0], only[1], 1);
    }
    const document = this.#builder.end();
    return this.#undeclared ? serializeXml(document, { declaration: true }) : document;
  }

  #addRoot(value: unknown): void {
    const step = this.#step;
    if (Array.isArray(value))
      throw new FlowProcessingError(
        'conversion-failed',
        'The JSON is an array at its top; XML needs one name for its members. Wrap it in an object first.',
      );
    const attribute = isObject(value) ? Object.keys(value).find((name) => name.startsWith('@')) : undefined;
    if (attribute !== undefined)
      throw new FlowProcessingError(
        'conversion-failed',
        `The JSON has the attribute "${clip(attribute)}" at its top, where no element is.`,
      );
    const namespace = step.rootElementNamespace;
    const [prefix = ''] =
      (step.useNamespaces ? Object.entries(step.namespaces).find(([, uri]) => uri === namespace) : undefined) ?? [];
    const name = checkName(step.rootElementName === '' ? 'root' : step.rootElementName);
    this.#start({ prefix, local: name, namespace });
    this.#content(value, 1);
    this.#builder.endElement();
  }

  #member(name: string, value: unknown, depth: number): void {
    if (depth > MAXIMUM_DEPTH)
      throw new FlowProcessingError('limit-exceeded', `The JSON is nested more than ${MAXIMUM_DEPTH} deep.`);
    if (Array.isArray(value)) {
      for (const item of value) this.#member(name, item, depth + 1);
      return;
    }
    this.#start(this.#resolve(name));
    this.#content(value, depth);
    this.#builder.endElement();
  }

  #content(value: unknown, depth: number): void {
    if (!isObject(value)) {
      this.#builder.text(textOf(value));
      return;
    }
    let open = true;
    for (const [name, member] of Object.entries(value)) {
      if (name.startsWith('@')) {
        this.#attribute(name, member, open);
        continue;
      }
      open = false;
      if (name === '$' && !isObject(member) && !Array.isArray(member)) this.#builder.text(textOf(member));
      else this.#member(name, member, depth + 1);
    }
  }

  #attribute(name: string, value: unknown, open: boolean): void {
    const refuse = (why: string): never => {
      throw new FlowProcessingError('conversion-failed', `The attribute "${clip(name)}" ${why}.`);
    };
    if (!open) refuse('stands behind other members of its object; attributes come first');
    if (value === null || isObject(value) || Array.isArray(value)) refuse('is not a text, number or boolean');
    const { prefix, local, namespace } = this.#resolve(name.slice(1));
    for (const other of this.#builder.current.attributes)
      if (other.name === local && other.namespace === namespace) refuse('has the name of another one in XML');
    this.#builder.attribute(local, prefix, namespace, textOf(value));
  }

  /** The root declares every namespace of the mapping. */
  #start({ prefix, local, namespace }: XmlName): void {
    const declarations = this.#builder.depth === 0 && this.#step.useNamespaces ? { ...this.#step.namespaces } : null;
    this.#builder.startElement(local, prefix, namespace, declarations);
  }

  #resolve(name: string): XmlName {
    const { useNamespaces, namespaceSeparator: separator, namespaces } = this.#step;
    if (RESERVED.test(name)) throw badName(name);
    const at = name.indexOf(separator);
    if (at <= 0) return { prefix: '', local: checkName(name), namespace: '' };
    const prefix = name.slice(0, at);
    const local = name.slice(at + separator.length);
    if (RESERVED.test(local)) throw badName(name);
    if (!useNamespaces) return { prefix: '', local: checkName(local), namespace: '' };
    const namespace = Object.hasOwn(namespaces, prefix) ? namespaces[prefix] : undefined;
    if (namespace !== undefined) return { prefix: checkName(prefix), local: checkName(local), namespace };
    if (separator !== ':') return { prefix: '', local: checkName(name), namespace: '' };
    checkName(prefix);
    checkName(local);
    this.#undeclared = true;
    return { prefix: '', local: name, namespace: '' };
  }
}

interface XmlName {
  readonly prefix: string;
  readonly local: string;
  readonly namespace: string;
}

function badName(name: string): FlowProcessingError {
  return new FlowProcessingError(
    'conversion-failed',
    `The JSON name "${clip(name)}" cannot be the name of an XML element or attribute.`,
  );
}

function checkName(name: string): string {
  if (!NAME.test(name) || RESERVED.test(name)) throw badName(name);
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
