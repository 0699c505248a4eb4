import { FlowProcessingError } from '@sluice/domain';
import { DEFAULT_XML_LIMITS, type XmlLimits } from './xml-limits.js';
import { XmlNode } from './xml-node.js';

/**
 * Builds a tree from its start to its end; adjacent texts become one node. Whatever it is made of, it has no more nodes and attributes than a document
 * that is parsed: an addition beyond that throws `xml-limit-exceeded`.
 */
export class XmlTreeBuilder {
  readonly document = new XmlNode('document');
  #current: XmlNode = this.document;
  #depth = 0;
  #nodes = 0;

  constructor(private readonly limits: Pick<XmlLimits, 'maximumNodes' | 'maximumAttributes'> = DEFAULT_XML_LIMITS) {}

  get depth(): number {
    return this.#depth;
  }

  get current(): XmlNode {
    return this.#current;
  }

  startElement(
    name: string,
    prefix: string,
    namespace: string,
    declarations: Readonly<Record<string, string>> | null = null,
  ): XmlNode {
    this.#count();
    const element = new XmlNode('element', name, prefix, namespace);
    if (declarations !== null) element.declarations = declarations;
    element.parent = this.#current;
    this.#current.children.push(element);
    this.#current = element;
    this.#depth++;
    return element;
  }

  /** Sets an attribute of the open element; one of the same name is replaced. */
  attribute(name: string, prefix: string, namespace: string, value: string): void {
    this.#count();
    const attributes = this.#current.attributes;
    if (attributes.length >= this.limits.maximumAttributes)
      throw new FlowProcessingError(
        'xml-limit-exceeded',
        `An XML element has more than ${this.limits.maximumAttributes} attributes.`,
      );
    const attribute = new XmlNode('attribute', name, prefix, namespace, value);
    attribute.parent = this.#current;
    this.#current.lastDescendantOrder = attribute.order;
    attributes.push(attribute);
  }

  text(value: string): void {
    if (value === '') return;
    const last = this.#current.children.at(-1);
    if (last !== undefined && last.kind === 'text') last.value += value;
    else this.#append(new XmlNode('text', '', '', '', value));
  }

  comment(value: string): void {
    this.#append(new XmlNode('comment', '', '', '', value));
  }

  processingInstruction(target: string, value: string): void {
    this.#append(new XmlNode('processing-instruction', target, '', '', value));
  }

  endElement(): void {
    const element = this.#current;
    const last = element.children.at(-1);
    if (last !== undefined)
      element.lastDescendantOrder = Math.max(last.lastDescendantOrder, element.lastDescendantOrder);
    this.#current = element.parent as XmlNode;
    this.#depth--;
  }

  /** Closes the document. @returns its root node */
  end(): XmlNode {
    while (this.#depth > 0) this.endElement();
    this.document.lastDescendantOrder = this.document.children.at(-1)?.lastDescendantOrder ?? this.document.order;
    return this.document;
  }

  #count(): void {
    if (++this.#nodes > this.limits.maximumNodes)
      throw new FlowProcessingError(
        'xml-limit-exceeded',
        `The XML document has more than ${this.limits.maximumNodes} nodes.`,
      );
  }

  #append(node: XmlNode): void {
    this.#count();
    node.parent = this.#current;
    this.#current.children.push(node);
  }
}
