/** The XML, XPath and XSLT engines by themselves, for tools that measure them without a flow around. */
export { type CompiledXPath, compileXPath } from './expression/xpath/compile-xpath.js';
export { compileStylesheet } from './xslt/compile-stylesheet.js';
export { runTransformation, type TransformationOptions } from './xslt/run-transformation.js';
export { serializeResult } from './xslt/serialize-result.js';
export { parseXml } from './xml/parse-xml.js';
export { serializeXml } from './xml/serialize-xml.js';
