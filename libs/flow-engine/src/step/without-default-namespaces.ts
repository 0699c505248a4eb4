import { type XmlNode, XmlTreeBuilder } from '@sluice/xml';

/** A copy of a document, and for each element of it the one it was copied from. */
export interface NamespaceFreeView {
  readonly document: XmlNode;
  /** @returns the element of the original; any other node as it is */
  original(node: XmlNode): XmlNode;
}

/**
 * Copies a document as splitters before version 1.2 see it: elements without a prefix are in no namespace, whatever default
 * namespace is in scope; those with a prefix keep theirs.
 */
export function withoutDefaultNamespaces(document: XmlNode): NamespaceFreeView {
  const originals = new Map<XmlNode, XmlNode>();
  const builder = new XmlTreeBuilder();
  originals.set(builder.document, document);
  // The parser bounds the depth of a document, and with it that of this recursion.
  const copy = (node: XmlNode): void => {
    switch (node.kind) {
      case 'element': {
        const namespace = node.prefix === '' ? '' : node.namespace;
        originals.set(builder.startElement(node.name, node.prefix, namespace, node.declarations), node);
        for (const { name, prefix, namespace: uri, value } of node.attributes)
          builder.attribute(name, prefix, uri, value);
        for (const child of node.children) copy(child);
        builder.endElement();
        return;
      }
      case 'text':
        builder.text(node.value);
        return;
      case 'comment':
        builder.comment(node.value);
        return;
      case 'processing-instruction':
        builder.processingInstruction(node.name, node.value);
        return;
      default:
    }
  };
  for (const child of document.children) copy(child);
  return { document: builder.end(), original: (node) => originals.get(node) ?? node };
}
