export type { Explanation } from './explain/explain-chain.js';
export { explainFiles, type ExplainedFiles } from './explain/explain-files.js';
export { writeExplanation } from './explain/write-explanation.js';
