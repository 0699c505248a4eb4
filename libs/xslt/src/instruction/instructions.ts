import { compileAnalyzeString } from './analyze-string.js';
import { compileApplyTemplates, compileCallTemplate, compileNextMatch } from './call-template.js';
import { compileChoose, compileForEach, compileIf } from './choose.js';
import { type CompileInstruction } from './content-compiler.js';
import { compileCopy, compileSequence } from './copy.js';
import { compileMessage, compileTry } from './failure.js';
import { compileForEachGroup } from './for-each-group.js';
import {
  compileAttribute,
  compileComment,
  compileDocument,
  compileElement,
  compileProcessingInstruction,
  compileText,
  compileValueOf,
} from './make-node.js';
import { compileMap, compileMapEntry } from './map.js';
import { compileNumber } from './number.js';
import { compilePerformSort } from './sort.js';

/** The instructions of the recommendation that are offered, by their local name. */
export const INSTRUCTIONS: ReadonlyMap<string, CompileInstruction> = new Map<string, CompileInstruction>([
  ['apply-templates', compileApplyTemplates],
  ['call-template', compileCallTemplate],
  ['next-match', compileNextMatch],
  ['apply-imports', compileNextMatch],
  ['for-each', compileForEach],
  ['for-each-group', compileForEachGroup],
  ['if', compileIf],
  ['choose', compileChoose],
  ['value-of', compileValueOf],
  ['text', compileText],
  ['sequence', compileSequence],
  ['copy-of', compileSequence],
  ['copy', compileCopy],
  ['element', compileElement],
  ['attribute', compileAttribute],
  ['comment', compileComment],
  ['processing-instruction', compileProcessingInstruction],
  ['number', (node, compiler) => compileNumber(node, compiler.elements)],
  ['perform-sort', compilePerformSort],
  ['analyze-string', compileAnalyzeString],
  ['message', compileMessage],
  ['document', compileDocument],
  ['map', compileMap],
  ['map-entry', compileMapEntry],
  ['try', compileTry],
  // A transformation has one result, so a second document has nowhere to go.
  ['result-document', (node, compiler) => (node.attribute('href') === null ? compiler.content(node) : null)],
  ['assert', () => () => undefined],
  ['fallback', () => () => undefined],
]);

/** Instructions of the recommendation that are refused, with what to take instead. */
export const REFUSED_INSTRUCTIONS: ReadonlyMap<string, string> = new Map([
  ['evaluate', 'a fixed expression'],
  ['source-document', 'a request-reply step'],
  ['stream', 'templates on the whole document'],
  ['merge', 'xsl:for-each with xsl:sort'],
  ['fork', 'several instructions'],
  ['iterate', 'a named template that calls itself'],
  ['accumulator', 'a variable or key'],
  ['import-schema', 'an XML validation step'],
  ['namespace', 'xsl:element or xsl:attribute with a namespace'],
  ['namespace-alias', 'xsl:element'],
  ['character-map', 'replace()'],
  ['script', 'a script step'],
]);
