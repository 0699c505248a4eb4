export { compileStylesheet } from './compile-stylesheet.js';
export { runTransformation, type TransformationOptions } from './run-transformation.js';
export { serializeResult } from './serialize-result.js';
export type { OutputFormat, Stylesheet } from './stylesheet.js';
export { StylesheetError, type StylesheetProblem } from './stylesheet-error.js';
