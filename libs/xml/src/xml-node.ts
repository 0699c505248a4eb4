export type XmlNodeKind = 'document' | 'element' | 'attribute' | 'text' | 'comment' | 'processing-instruction';

/** Order of nodes made in this process: a later node has a larger number, so document order is one comparison. */
let lastOrder = 0;

/**
 * A node of a read-only XML tree (the XPath data model, without types). Trees are built once, in document order, and
 * never changed afterwards, so that messages can share them.
 */
export class XmlNode {
  readonly kind: XmlNodeKind;
  /** Local name of an element or attribute, target of a processing instruction, else empty. */
  readonly name: string;
  readonly prefix: string;
  readonly namespace: string;
  /** Text of an attribute, text, comment or processing instruction; empty for a document or element. */
  value: string;
  parent: XmlNode | null = null;
  readonly children: XmlNode[];
  readonly attributes: XmlNode[];
  /** Namespace declarations written on this element: prefix (empty for the default) to URI. */
  declarations: Readonly<Record<string, string>> | null = null;
  readonly order: number;
  /** Line where the start tag ends, for a parsed element; else 0. */
  line = 0;
  /** Position in document order of the last descendant; equal to `order` for a leaf. */
  lastDescendantOrder: number;

  constructor(kind: XmlNodeKind, name = '', prefix = '', namespace = '', value = '') {
    this.kind = kind;
    this.name = name;
    this.prefix = prefix;
    this.namespace = namespace;
    this.value = value;
    const container = kind === 'element' || kind === 'document';
    this.children = container ? [] : NONE;
    this.attributes = kind === 'element' ? [] : NONE;
    this.order = ++lastOrder;
    this.lastDescendantOrder = this.order;
  }

  /** `prefix:name` or `name` */
  get qualifiedName(): string {
    return this.prefix === '' ? this.name : `${this.prefix}:${this.name}`;
  }

  get root(): XmlNode {
    return this.parent === null ? this : this.parent.root;
  }

  /** The XPath string value: all text below a document or element, the value of any other node. */
  get text(): string {
    if (this.kind !== 'element' && this.kind !== 'document') return this.value;
    const only = this.children[0];
    if (only === undefined) return '';
    if (this.children.length === 1 && only.kind === 'text') return only.value;
    let text = '';
    const pending: XmlNode[] = [];
    for (let index = this.children.length - 1; index >= 0; index--) pending.push(this.children[index] as XmlNode);
    for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
      if (node.kind === 'text') text += node.value;
      else if (node.kind === 'element')
        for (let index = node.children.length - 1; index >= 0; index--) pending.push(node.children[index] as XmlNode);
    }
    return text;
  }

  /** The first element child of a document or element. */
  get firstElement(): XmlNode | null {
    for (const child of this.children) if (child.kind === 'element') return child;
    return null;
  }

  /** @returns the value of the attribute without a namespace, or null */
  attribute(name: string): string | null {
    for (const attribute of this.attributes)
      if (attribute.name === name && attribute.namespace === '') return attribute.value;
    return null;
  }

  /** @returns the URI the prefix is bound to at this element (empty prefix: the default namespace), or null */
  lookupNamespace(prefix: string): string | null {
    if (prefix === 'xml') return XML_NAMESPACE;
    const uri = this.declarations?.[prefix];
    if (uri !== undefined) return uri === '' ? null : uri;
    return this.parent === null ? null : this.parent.lookupNamespace(prefix);
  }
}

const NONE: XmlNode[] = [];

export const XML_NAMESPACE = 'http://www.w3.org/XML/1998/namespace';
