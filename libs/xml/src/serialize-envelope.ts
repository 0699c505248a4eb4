import { prefixMap, type PrefixMap } from './prefix-map.js';
import { escapeAttribute, serializeXml } from './serialize-xml.js';
import type { XmlNode } from './xml-node.js';

/** What stands around nodes that are put into the place of one node of a document. */
export interface XmlEnvelope {
  /** The start tags of the elements above that node, each with the content before it; white space alone is left out. */
  readonly open: string;
  /** Their end tags. */
  readonly close: string;
  /** @returns a node as it is written between the two; it may come from another place */
  inside(node: XmlNode): string;
}

/** Takes a document apart at a node. What stands behind that node is not part of the envelope. */
export function serializeEnvelope(node: XmlNode): XmlEnvelope {
  const path: XmlNode[] = [];
  for (let above: XmlNode | null = node; above !== null && above.kind !== 'document'; above = above.parent)
    path.unshift(above);
  const scope = prefixMap();
  let open = '';
  let close = '';
  path.slice(0, -1).forEach((element, depth) => {
    open += startTag(element, scope);
    close = `</${element.qualifiedName}>${close}`;
    const next = path[depth + 1] as XmlNode;
    for (const child of next.kind === 'attribute' ? [] : element.children) {
      if (child === next) break;
      if (child.kind === 'text' && child.value.trim() === '') continue;
      open += serializeXml(child, { scope });
    }
  });
  return { open, close, inside: (inner) => serializeXml(inner, { scope }) };
}

/** @param scope what is declared already; what the tag declares is added */
function startTag(element: XmlNode, scope: PrefixMap): string {
  let tag = `<${element.qualifiedName}`;
  const declare = (prefix: string, uri: string): void => {
    if ((scope[prefix] ?? '') === uri) return;
    scope[prefix] = uri;
    tag += ` ${prefix === '' ? 'xmlns' : `xmlns:${prefix}`}="${escapeAttribute(uri)}"`;
  };
  const bound = prefixMap(element.declarations);
  bound[element.prefix] = element.namespace;
  for (const { prefix, namespace } of element.attributes)
    if (prefix !== '' && prefix !== 'xml') bound[prefix] = namespace;
  for (const prefix in bound) declare(prefix, bound[prefix] as string);
  for (const attribute of element.attributes)
    tag += ` ${attribute.qualifiedName}="${escapeAttribute(attribute.value)}"`;
  return `${tag}>`;
}
