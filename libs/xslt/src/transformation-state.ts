import {
  DEFAULT_DECIMAL_FORMAT,
  type DecimalFormat,
  type Dynamic,
  EvaluationBudget,
  type DynamicEnvironment,
  type Sequence,
  atomize,
  keyOf,
  textOf,
  xpathError,
} from '@sluice/xpath/host-language';
import type { XmlNode } from '@sluice/xml';
import { type Stylesheet } from './stylesheet.js';

/** Steps one transformation may take; some seconds of work. */
const BUDGET = 30_000_000;

/** What one transformation keeps: values of global variables, indexes of keys, its budget. */
export class TransformationState implements DynamicEnvironment {
  readonly budget = new EvaluationBudget(BUDGET);
  readonly stylesheet: Stylesheet;
  readonly messages: string[] = [];
  readonly #now: number;
  readonly #globals = new Map<string, Sequence | 'computing'>();
  readonly #keys = new Map<string, Map<XmlNode, Map<string, XmlNode[]>>>();
  readonly #parameter: (name: string) => Sequence | undefined;
  #root: Dynamic | null = null;

  constructor(stylesheet: Stylesheet, now: number, parameter: (name: string) => Sequence | undefined) {
    this.stylesheet = stylesheet;
    this.#now = now;
    this.#parameter = parameter;
  }

  get host(): this {
    return this;
  }

  /** The focus that global variables are evaluated with. */
  set root(dynamic: Dynamic) {
    this.#root = dynamic;
  }

  now(): number {
    return this.#now;
  }

  variable(key: string): Sequence | undefined {
    const known = this.#globals.get(key);
    if (known === 'computing') throw xpathError('XTDE0640', `The variable $${key} depends on itself.`);
    if (known !== undefined) return known;
    const definition = this.stylesheet.globals.get(key);
    if (definition === undefined || this.#root === null) return undefined;
    const given = definition.isParameter ? this.#parameter(key) : undefined;
    this.#globals.set(key, 'computing');
    const value = given ?? definition.evaluate(this.#root);
    this.#globals.set(key, value);
    return value;
  }

  decimalFormat(name: string): DecimalFormat {
    const found = this.stylesheet.decimalFormats.get(name.replace(/^.*:/, ''));
    if (found === undefined && name !== '') throw xpathError('FODF1280', `There is no decimal format "${name}".`);
    return found ?? DEFAULT_DECIMAL_FORMAT;
  }

  /** Nodes below a root by the text of a key's value; made once for each tree. */
  keyIndex(name: string, root: XmlNode, dynamic: Dynamic): Map<string, XmlNode[]> {
    const definitions = this.stylesheet.keys.get(name.replace(/^.*:/, ''));
    if (definitions === undefined) throw xpathError('XTDE1260', `There is no key "${name}".`);
    let trees = this.#keys.get(name);
    if (trees === undefined) this.#keys.set(name, (trees = new Map()));
    const known = trees.get(root);
    if (known !== undefined) return known;
    const index = new Map<string, XmlNode[]>();
    trees.set(root, index);
    const visit = (node: XmlNode): void => {
      this.budget.spend(1);
      for (const definition of definitions)
        if (definition.match.some((pattern) => pattern.matches(node, dynamic)))
          for (const value of atomize(definition.use(dynamic.focus(node, 1, 1)))) {
            const key = keyOf(textOf(value));
            const nodes = index.get(key);
            if (nodes === undefined) index.set(key, [node]);
            else if (nodes.at(-1) !== node) nodes.push(node);
          }
      for (const attribute of node.attributes) visit(attribute);
      for (const child of node.children) visit(child);
    };
    visit(root);
    return index;
  }
}
