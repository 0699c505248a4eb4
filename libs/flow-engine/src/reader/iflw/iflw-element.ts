import type {
  FlowElement,
  FlowProblem,
  FlowProblemCode,
  FlowWarning,
  FlowWarningCode,
} from '../../error/flow-errors.js';
import { parseXml, type XmlNode } from '@sluice/xml';

export const BPMN_NAMESPACE = 'http://www.omg.org/spec/BPMN/20100524/MODEL';
const PARAMETER = /\{\{([^{}]+)\}\}/g;
const MAXIMUM_PROBLEMS = 500;

/** Collects what is wrong with an artifact, and resolves its parameters. */
export class IflwContext {
  readonly problems: FlowProblem[] = [];
  readonly warnings: FlowWarning[] = [];
  readonly #parameters: ReadonlyMap<string, string>;
  readonly #unresolved = new Set<string>();

  constructor(parameters: ReadonlyMap<string, string>) {
    this.#parameters = parameters;
  }

  problem(code: FlowProblemCode, element: IflwElement, message: string, nearest?: string): void {
    if (this.problems.length >= MAXIMUM_PROBLEMS) return;
    this.problems.push({
      path: element.path,
      line: element.node.line,
      code,
      message,
      element: element.describe(),
      ...(nearest === undefined ? {} : { nearest }),
    });
  }

  warn(code: FlowWarningCode, element: IflwElement, message: string): void {
    if (this.warnings.length < MAXIMUM_PROBLEMS)
      this.warnings.push({ code, message, path: element.path, line: element.node.line, element: element.describe() });
  }

  /** Puts the values of externalised parameters in. Each one that has none is a problem once. */
  resolve(text: string, element: IflwElement): string {
    if (!text.includes('{{')) return text;
    return text.replace(PARAMETER, (whole, name: string) => {
      const value = this.#parameters.get(name) ?? this.#parameters.get(name.trim());
      if (value !== undefined) return value;
      if (!this.#unresolved.has(name)) {
        this.#unresolved.add(name);
        this.problem(
          'unresolved-parameter',
          element,
          `The parameter "${name}" has no value.`,
          'give it one in parameters.prop',
        );
      }
      return whole;
    });
  }
}

/** A row of a table in a property: cell by its id, or by its place. */
export type IflwRow = ReadonlyMap<string, string>;

/** An element of the BPMN document with its `ifl:property` entries. */
export class IflwElement {
  readonly node: XmlNode;
  readonly #context: IflwContext;
  readonly #properties = new Map<string, string>();

  constructor(node: XmlNode, context: IflwContext) {
    this.node = node;
    this.#context = context;
    for (const holder of [node, ...eventDefinitions(node)]) readProperties(holder, this.#properties);
  }

  get tag(): string {
    return this.node.name;
  }

  get id(): string {
    return this.node.attribute('id') ?? '';
  }

  get name(): string {
    return this.node.attribute('name') ?? '';
  }

  get path(): string {
    return `${this.tag}[${this.id}]`;
  }

  /** `callActivity:Mapping/XSLTMapping`, `messageFlow:Mail` … */
  get type(): string {
    const activity = this.raw('activityType') ?? this.raw('ComponentType') ?? '';
    const sub = this.raw('subActivityType') ?? '';
    return `${this.tag}${activity === '' ? '' : `:${activity}`}${sub === '' ? '' : `/${sub}`}`;
  }

  describe(): FlowElement {
    return { type: this.type, id: this.id, name: this.name };
  }

  raw(key: string): string | undefined {
    return this.#properties.get(key);
  }

  keys(): IterableIterator<string> {
    return this.#properties.keys();
  }

  /** @returns the property with parameters resolved; empty if it is absent */
  get(key: string): string {
    const value = this.#properties.get(key);
    return value === undefined ? '' : this.#context.resolve(value, this);
  }

  flag(key: string, absent = false): boolean {
    const value = this.get(key).trim().toLowerCase();
    return value === '' ? absent : value === 'true' || value === '1' || value === 'yes';
  }

  /** A whole number; anything else is a problem. */
  integer(key: string, absent: number, minimum = 0): number {
    const text = this.get(key).trim();
    if (text === '') return absent;
    const value = Number(text);
    if (Number.isInteger(value) && value >= minimum && value <= 2_147_483_647) return value;
    if (!text.includes('{{'))
      this.#context.problem('invalid-value', this, `"${text}" in ${key} is not a whole number from ${minimum} on.`);
    return absent;
  }

  /** A table written as XML inside the property; parameters are put into its cells, not into its markup. */
  table(key: string): readonly IflwRow[] {
    const value = this.#properties.get(key);
    if (value === undefined || value.trim() === '') return [];
    let root: XmlNode;
    try {
      root = parseXml(`<table>${value}</table>`);
    } catch (error) {
      this.#context.problem('syntax', this, `The table ${key} cannot be read: ${(error as Error).message}`);
      return [];
    }
    const rows = root.firstElement?.children.filter((child) => child.kind === 'element' && child.name === 'row') ?? [];
    return rows.map((row) => {
      const cells = new Map<string, string>();
      let place = 0;
      for (const cell of row.children)
        if (cell.kind === 'element' && cell.name === 'cell')
          cells.set(cell.attribute('id') ?? String(place++), this.#context.resolve(cell.text, this));
      return cells;
    });
  }

  children(name: string): XmlNode[] {
    return this.node.children.filter((child) => child.kind === 'element' && child.name === name);
  }

  has(name: string): boolean {
    return this.children(name).length > 0;
  }
}

function eventDefinitions(node: XmlNode): XmlNode[] {
  return node.children.filter((child) => child.kind === 'element' && child.name.endsWith('EventDefinition'));
}

function readProperties(holder: XmlNode, properties: Map<string, string>): void {
  for (const extension of holder.children) {
    if (extension.name !== 'extensionElements') continue;
    for (const property of extension.children) {
      if (property.kind !== 'element' || property.name !== 'property') continue;
      const parts = property.children.filter((child) => child.kind === 'element');
      const key = parts.find((part) => part.name === 'key')?.text ?? '';
      const value = parts.find((part) => part.name === 'value')?.text ?? '';
      if (key !== '') properties.set(key, value);
    }
  }
}
