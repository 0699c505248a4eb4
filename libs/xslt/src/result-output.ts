import { FlowProcessingError } from '@sluice/domain';
import {
  type Item,
  type Sequence,
  XPathArray,
  XPathFunction,
  XPathMap,
  textOf,
  xpathError,
} from '@sluice/xpath/host-language';
import { XmlNode, XmlTreeBuilder } from '@sluice/xml';

const MAXIMUM_NODES = 5_000_000;
const MAXIMUM_TEXT = 256 * 1024 * 1024;
const MAXIMUM_DEPTH = 500;

/** Where instructions write what they make. */
export interface Output {
  startElement(
    name: string,
    prefix: string,
    namespace: string,
    declarations: Readonly<Record<string, string>> | null,
  ): void;
  endElement(): void;
  attribute(name: string, prefix: string, namespace: string, value: string): void;
  text(value: string): void;
  comment(value: string): void;
  processingInstruction(target: string, value: string): void;
  /** Adds an item of a sequence: a copy of a node, or a value as text. */
  item(item: Item, copyNamespaces?: boolean): void;
}

/** Builds a tree: atomic values next to each other are separated by a blank. */
export class TreeOutput implements Output {
  readonly #builder = new XmlTreeBuilder();
  #nodes = 0;
  #characters = 0;
  #afterAtomic = false;

  document(): XmlNode {
    return this.#builder.end();
  }

  #count(characters = 0): void {
    this.#characters += characters;
    if (++this.#nodes > MAXIMUM_NODES || this.#characters > MAXIMUM_TEXT)
      throw new FlowProcessingError('limit-exceeded', 'The transformation makes too large a result.');
  }

  startElement(
    name: string,
    prefix: string,
    namespace: string,
    declarations: Readonly<Record<string, string>> | null,
  ): void {
    this.#count();
    if (this.#builder.depth >= MAXIMUM_DEPTH)
      throw new FlowProcessingError(
        'limit-exceeded',
        `The transformation nests elements more than ${MAXIMUM_DEPTH} deep.`,
      );
    this.#afterAtomic = false;
    this.#builder.startElement(name, prefix, namespace, declarations);
  }

  endElement(): void {
    this.#afterAtomic = false;
    this.#builder.endElement();
  }

  attribute(name: string, prefix: string, namespace: string, value: string): void {
    this.#count(value.length);
    const element = this.#builder.current;
    if (element.kind !== 'element') throw xpathError('XTDE0420', `The attribute ${name} stands in no element.`);
    if (element.children.length > 0)
      throw xpathError('XTDE0410', `The attribute ${name} comes after the element's content.`);
    this.#afterAtomic = false;
    const before = element.attributes.findIndex((other) => other.name === name && other.namespace === namespace);
    if (before >= 0) element.attributes.splice(before, 1);
    this.#builder.attribute(
      name,
      namespace === '' ? '' : this.#prefixFor(element, prefix, namespace),
      namespace,
      value,
    );
  }

  /** An attribute in a namespace needs a prefix that the element does not use for another one. */
  #prefixFor(element: XmlNode, wanted: string, namespace: string): string {
    const taken = (prefix: string): boolean =>
      prefix === '' ||
      (element.prefix === prefix && element.namespace !== namespace) ||
      element.attributes.some((other) => other.prefix === prefix && other.namespace !== namespace) ||
      (element.declarations?.[prefix] ?? namespace) !== namespace;
    if (!taken(wanted)) return wanted;
    for (let number = 0; ; number++) if (!taken(`ns${number}`)) return `ns${number}`;
  }

  text(value: string): void {
    this.#count(value.length);
    this.#afterAtomic = false;
    this.#builder.text(value);
  }

  comment(value: string): void {
    this.#count(value.length);
    this.#afterAtomic = false;
    this.#builder.comment(value);
  }

  processingInstruction(target: string, value: string): void {
    this.#count(value.length);
    this.#afterAtomic = false;
    this.#builder.processingInstruction(target, value);
  }

  item(item: Item, copyNamespaces = true): void {
    if (item instanceof XmlNode) {
      this.#afterAtomic = false;
      copyNode(item, this, copyNamespaces, true);
      return;
    }
    if (item instanceof XPathArray) {
      for (const member of item.members) for (const inner of member) this.item(inner);
      return;
    }
    if (item instanceof XPathMap || item instanceof XPathFunction)
      throw xpathError('XTDE0450', 'A map or function cannot stand in a tree.');
    const text = textOf(item);
    this.#count(text.length);
    this.#builder.text(this.#afterAtomic ? ` ${text}` : text);
    this.#afterAtomic = true;
  }
}

/** Collects a sequence: items stay what they are, new nodes have no parent. */
export class SequenceOutput implements Output {
  readonly items: Item[] = [];
  #tree: TreeOutput | null = null;
  #depth = 0;

  startElement(
    name: string,
    prefix: string,
    namespace: string,
    declarations: Readonly<Record<string, string>> | null,
  ): void {
    this.#tree ??= new TreeOutput();
    this.#depth++;
    this.#tree.startElement(name, prefix, namespace, declarations);
  }

  endElement(): void {
    this.#tree?.endElement();
    if (--this.#depth > 0) return;
    const element = this.#tree?.document().firstElement ?? null;
    this.#tree = null;
    if (element === null) return;
    element.parent = null;
    this.items.push(element);
  }

  #inner(): TreeOutput | null {
    return this.#depth > 0 ? this.#tree : null;
  }

  attribute(name: string, prefix: string, namespace: string, value: string): void {
    const inner = this.#inner();
    if (inner !== null) inner.attribute(name, prefix, namespace, value);
    else this.items.push(new XmlNode('attribute', name, prefix, namespace, value));
  }

  text(value: string): void {
    const inner = this.#inner();
    if (inner !== null) inner.text(value);
    else if (value !== '') this.items.push(new XmlNode('text', '', '', '', value));
  }

  comment(value: string): void {
    const inner = this.#inner();
    if (inner !== null) inner.comment(value);
    else this.items.push(new XmlNode('comment', '', '', '', value));
  }

  processingInstruction(target: string, value: string): void {
    const inner = this.#inner();
    if (inner !== null) inner.processingInstruction(target, value);
    else this.items.push(new XmlNode('processing-instruction', target, '', '', value));
  }

  item(item: Item, copyNamespaces = true): void {
    const inner = this.#inner();
    if (inner !== null) inner.item(item, copyNamespaces);
    else this.items.push(item);
  }
}

/**
 * Copies a node with all below it.
 * @param top whether declarations from above the node are needed as well
 */
export function copyNode(node: XmlNode, output: Output, copyNamespaces: boolean, top: boolean): void {
  switch (node.kind) {
    case 'document':
      for (const child of node.children) copyNode(child, output, copyNamespaces, top);
      return;
    case 'element':
      output.startElement(
        node.name,
        node.prefix,
        node.namespace,
        copyNamespaces ? (top ? inScope(node) : node.declarations) : null,
      );
      for (const attribute of node.attributes)
        output.attribute(attribute.name, attribute.prefix, attribute.namespace, attribute.value);
      for (const child of node.children) copyNode(child, output, copyNamespaces, false);
      output.endElement();
      return;
    case 'attribute':
      output.attribute(node.name, node.prefix, node.namespace, node.value);
      return;
    case 'text':
      output.text(node.value);
      return;
    case 'comment':
      output.comment(node.value);
      return;
    case 'processing-instruction':
      output.processingInstruction(node.name, node.value);
  }
}

/** @returns every declaration in scope at an element, or null if there is none */
export function inScope(element: XmlNode): Readonly<Record<string, string>> | null {
  let scope: Record<string, string> | null = null;
  for (let node: XmlNode | null = element; node !== null; node = node.parent) {
    if (node.declarations === null) continue;
    scope ??= {};
    for (const prefix in node.declarations) scope[prefix] ??= node.declarations[prefix] as string;
  }
  return scope;
}

/** @returns the text of a sequence constructor's result, as a value or attribute takes it */
export function joinText(items: Sequence, separator: string): string {
  return items.map(textOf).join(separator);
}
