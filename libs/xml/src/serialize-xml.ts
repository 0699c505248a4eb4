import { prefixMap, type PrefixMap } from './prefix-map.js';
import type { XmlNode } from './xml-node.js';

/** How a tree becomes text. */
export interface XmlSerialization {
  /** Write `<?xml version="1.0" encoding="UTF-8"?>` first. */
  readonly declaration?: boolean;
  /** What is declared where the text will stand; by default nothing. */
  readonly scope?: Readonly<Record<string, string>>;
  /** Namespace of declarations above that are not repeated; it is declared only where it is used. */
  readonly omitNamespace?: string;
  /** Local names of elements whose text is written as CDATA. */
  readonly cdataElements?: ReadonlySet<string>;
}

/**
 * Serializes a node with the namespace declarations it needs where it stands.
 * @returns well-formed XML for an element or document; the escaped or plain text of any other node
 */
export function serializeXml(node: XmlNode, options: XmlSerialization = {}): string {
  let text = options.declaration === true ? '<?xml version="1.0" encoding="UTF-8"?>' : '';
  if (node.kind === 'element') {
    text += serializeElement(node, inScopeAbove(node, options.omitNamespace), options.scope ?? prefixMap());
  } else if (node.kind === 'document') {
    for (const child of node.children) text += serializeNode(child, prefixMap(), options.cdataElements);
  } else {
    text += serializeNode(node, prefixMap());
  }
  return text;
}

function serializeNode(node: XmlNode, scope: Readonly<Record<string, string>>, cdata?: ReadonlySet<string>): string {
  switch (node.kind) {
    case 'element':
      return serializeElement(node, null, scope, cdata);
    case 'text':
      return escapeText(node.value);
    case 'comment':
      return `<!--${node.value}-->`;
    case 'processing-instruction':
      return `<?${node.name}${node.value === '' ? '' : ` ${node.value}`}?>`;
    case 'attribute':
      return `${node.qualifiedName}="${escapeAttribute(node.value)}"`;
    case 'document':
      return node.children.map((child) => serializeNode(child, scope)).join('');
  }
}

/**
 * @param inherited declarations of ancestors that are not written, or null
 * @param scope what the written ancestors have declared
 */
function serializeElement(
  element: XmlNode,
  inherited: Readonly<Record<string, string>> | null,
  scope: Readonly<Record<string, string>>,
  cdata?: ReadonlySet<string>,
): string {
  const name = element.qualifiedName;
  let own: PrefixMap | null = null;
  const declare = (prefix: string, uri: string): void => {
    if (((own ?? scope)[prefix] ?? '') === uri) return;
    own ??= prefixMap(scope);
    own[prefix] = uri;
    open += prefix === '' ? ` xmlns="${escapeAttribute(uri)}"` : ` xmlns:${prefix}="${escapeAttribute(uri)}"`;
  };
  let open = `<${name}`;
  if (inherited !== null) {
    // A prefix that the element binds anew must not be declared as it was above, too: an attribute stands once (XML 1.0 section 3.1).
    const bound = prefixMap(inherited, element.declarations);
    bound[element.prefix] = element.namespace;
    for (const prefix in bound) declare(prefix, bound[prefix] as string);
  }
  const declarations = element.declarations;
  if (declarations !== null) for (const prefix in declarations) declare(prefix, declarations[prefix] as string);
  declare(element.prefix, element.namespace);
  for (const attribute of element.attributes) {
    if (attribute.prefix !== '' && attribute.prefix !== 'xml') declare(attribute.prefix, attribute.namespace);
    open += ` ${attribute.qualifiedName}="${escapeAttribute(attribute.value)}"`;
  }
  if (element.children.length === 0) return `${open}/>`;
  const inner = own ?? scope;
  let text = `${open}>`;
  const raw = cdata !== undefined && cdata.has(element.name);
  for (const child of element.children) {
    if (child.kind !== 'text') text += serializeNode(child, inner, cdata);
    else text += raw ? `<![CDATA[${child.value.replaceAll(']]>', ']]]]><![CDATA[>')}]]>` : escapeText(child.value);
  }
  return `${text}</${name}>`;
}

/** How many characters the declarations above a node take when they are written with it, as they are where it is taken out of its document. */
export function lengthOfDeclarationsAbove(node: XmlNode): number {
  const scope = inScopeAbove(node);
  let length = 0;
  for (const prefix in scope)
    length += ' xmlns:=""'.length + prefix.length + escapeAttribute(scope[prefix] as string).length;
  return length;
}

function inScopeAbove(element: XmlNode, omitted?: string): PrefixMap {
  const scope = prefixMap();
  for (let node = element.parent; node !== null; node = node.parent) {
    if (node.declarations === null) continue;
    for (const prefix in node.declarations) scope[prefix] ??= node.declarations[prefix] as string;
  }
  if (omitted !== undefined) for (const prefix in scope) if (scope[prefix] === omitted) delete scope[prefix];
  return scope;
}

const TEXT_SPECIAL = /[&<>\r]/;
const ATTRIBUTE_SPECIAL = /[&<>"\t\n\r]/;

/** Escapes text for element content. */
export function escapeText(text: string): string {
  if (!TEXT_SPECIAL.test(text)) return text;
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('\r', '&#13;');
}

/** Escapes text for an attribute in double quotes. */
export function escapeAttribute(text: string): string {
  if (!ATTRIBUTE_SPECIAL.test(text)) return text;
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\t', '&#9;')
    .replaceAll('\n', '&#10;')
    .replaceAll('\r', '&#13;');
}
