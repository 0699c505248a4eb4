import { XmlNode } from './xml-node.js';

/** Builds a tree from its start to its end; adjacent texts become one node. */
export class XmlTreeBuilder {
  readonly document = new XmlNode('document');
  #current: XmlNode = this.document;
  #depth = 0;

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
    const attributes = this.#current.attributes;
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

  #append(node: XmlNode): void {
    node.parent = this.#current;
    this.#current.children.push(node);
  }
}
