import { SaxesParser } from 'saxes';
import { FlowProcessingError } from '@sluice/domain';
import { prefixMap, type PrefixMap } from './prefix-map.js';
import type { XmlNode } from './xml-node.js';
import { DEFAULT_XML_LIMITS, type XmlLimits } from './xml-limits.js';
import { XmlTreeBuilder } from './xml-tree-builder.js';

/**
 * Parses an XML 1.0 document with namespaces. A document type declaration is skipped: no external entity or subset is
 * ever read, and an entity other than the five predefined ones is an error, so nothing expands.
 *
 * @throws FlowProcessingError `xml-malformed` (with line and column), `xml-limit-exceeded`
 */
export function parseXml(text: string, limits: XmlLimits = DEFAULT_XML_LIMITS): XmlNode {
  const builder = new XmlTreeBuilder(limits);
  const parser = new SaxesParser({ xmlns: true });
  parser.on('error', (error) => {
    throw new FlowProcessingError('xml-malformed', `The body is not well-formed XML: ${error.message}`);
  });
  parser.on('opentag', (tag) => {
    if (builder.depth >= limits.maximumDepth)
      throw new FlowProcessingError(
        'xml-limit-exceeded',
        `The XML document is nested more than ${limits.maximumDepth} elements deep.`,
      );
    const attributes = Object.values(tag.attributes);
    let declarations: PrefixMap | null = null;
    for (const prefix in tag.ns) {
      declarations ??= prefixMap();
      declarations[prefix] = tag.ns[prefix] as string;
    }
    builder.startElement(tag.local, tag.prefix, tag.uri, declarations).line = parser.line;
    for (const attribute of attributes) {
      if (attribute.prefix === 'xmlns' || (attribute.prefix === '' && attribute.local === 'xmlns')) continue;
      builder.attribute(attribute.local, attribute.prefix, attribute.uri, attribute.value);
    }
  });
  let attributeCount = 0;
  parser.on('opentagstart', () => {
    attributeCount = 0;
  });
  parser.on('attribute', () => {
    if (++attributeCount > limits.maximumAttributes)
      throw new FlowProcessingError(
        'xml-limit-exceeded',
        `An XML element has more than ${limits.maximumAttributes} attributes.`,
      );
  });
  parser.on('closetag', () => builder.endElement());
  parser.on('text', (value) => {
    if (builder.depth > 0) builder.text(value);
  });
  parser.on('cdata', (value) => {
    builder.text(value);
  });
  parser.on('comment', (value) => {
    builder.comment(value);
  });
  parser.on('processinginstruction', ({ target, body }) => {
    builder.processingInstruction(target, body);
  });
  try {
    parser.write(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text).close();
  } catch (error) {
    if (error instanceof FlowProcessingError) throw error;
    // The parser trips over half a surrogate pair.
    throw new FlowProcessingError('xml-malformed', `The body is not well-formed XML: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return builder.end();
}
