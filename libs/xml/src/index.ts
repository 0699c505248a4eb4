export { parseXml } from './parse-xml.js';
export { type XmlLimits } from './xml-limits.js';
export { serializeEnvelope, type XmlEnvelope } from './serialize-envelope.js';
export {
  escapeAttribute,
  escapeText,
  lengthOfDeclarationsAbove,
  serializeXml,
  type XmlSerialization,
} from './serialize-xml.js';
export { compileXmlSchema, type SchemaViolation, type XmlSchemaCheck } from './validate-schema.js';
export { XML_NAMESPACE, XmlNode, type XmlNodeKind } from './xml-node.js';
export { XmlTreeBuilder } from './xml-tree-builder.js';
