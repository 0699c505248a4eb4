import type { StepWork } from '../compile/compiled-flow.js';
import type { StepCompiler } from '../compile/step-compiler.js';
import { FlowProcessingError, clip } from '@sluice/domain';

import type { XmlToJsonStep } from '../model/step-definition.js';
import type { XmlNode } from '@sluice/xml';
import { checkNamespaceMapping } from './namespace-mapping.js';

/** Elements become members, repeated ones arrays, attributes `@name`, and text beside attributes or elements `$`. */
export function compileXmlToJson(step: XmlToJsonStep, compiler: StepCompiler): StepWork {
  checkNamespaceMapping(step, compiler);
  const reader = new XmlReader(step);
  return (run) => {
    const root = run.message.document().firstElement;
    if (root === null) throw new FlowProcessingError('conversion-failed', 'The body holds no XML element.');
    const name = reader.name(root);
    const value = reader.value(root, `/${name}`);
    const listed = step.streaming && step.arrays === 'all' ? [value] : value;
    run.message.body = JSON.stringify(step.suppressRootElement ? value : { [name]: listed });
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

  /** @returns the JSON name: local name behind the prefix that the mapping, else the document, has for the namespace */
  name(node: XmlNode): string {
    const { useNamespaces, namespaceSeparator, streaming } = this.#step;
    if (!useNamespaces || node.namespace === '') return node.name;
    const prefix = this.#prefixes.get(node.namespace) ?? node.prefix;
    if (prefix !== '') return `${prefix}${namespaceSeparator}${node.name}`;
    if (this.#prefixes.has(node.namespace) || streaming) return node.name;
    throw new FlowProcessingError(
      'conversion-failed',
      `The namespace "${clip(node.namespace)}" of <${clip(node.name)}> has neither a prefix nor a JSON prefix in the namespace mapping of the step.`,
    );
  }

  value(element: XmlNode, path: string): unknown {
    const result: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
    let empty = true;
    for (const attribute of element.attributes) {
      const name = `@${this.name(attribute)}`;
      if (name in result)
        throw new FlowProcessingError(
          'conversion-failed',
          `Two attributes of <${clip(element.qualifiedName)}> would both be named "${clip(name)}" in JSON.`,
        );
      result[name] = attribute.value;
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
