export {
  type CompiledXPath,
  compileXPath,
  type XPathHost,
  type XPathHostFunction,
  type XPathOptions,
} from './compile-xpath.js';
export { type Item, type Sequence, textOf } from './value/xpath-value.js';
