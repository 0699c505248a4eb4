import { type Document, LineCounter, parseDocument } from 'yaml';
import { compileCollecting } from '../../compile/compile-flow.js';
import { FlowDefinitionError, type FlowProblem, type FlowWarning } from '../../error/flow-errors.js';
import type { FlowDefinition } from '../../model/flow-definition.js';
import { DefinitionBuilder } from './build-definition.js';
import { FLOW_SHAPE } from './flow-format.js';
import { ReadingContext } from './shape.js';

/** Largest accepted text of a native definition. */
const MAXIMUM_LENGTH = 2 * 1024 * 1024;

/** Told of the syntax of one definition: after a missing bracket every line is one. */
const MAXIMUM_PROBLEMS = 1_000;

/**
 * Reads a flow in the native format.
 * @throws FlowDefinitionError with every problem, each with its path and line
 */
export function readNative(
  content: string,
  source: 'YAML' | 'JSON',
): { definition: FlowDefinition; warnings: FlowWarning[] } {
  if (content.length > MAXIMUM_LENGTH)
    throw new FlowDefinitionError([
      { path: '(document)', code: 'limit-exceeded', message: `A definition has at most ${MAXIMUM_LENGTH} characters.` },
    ]);
  if (source === 'JSON') checkJson(content);
  const lines = new LineCounter();
  const document = parse(content, lines);
  const syntax: FlowProblem[] = [...document.errors, ...document.warnings].slice(0, MAXIMUM_PROBLEMS).map((error) => ({
    path: '(document)',
    line: lines.linePos(error.pos[0]).line,
    code: error.code === 'DUPLICATE_KEY' ? ('duplicate-key' as const) : ('syntax' as const),
    message: error.message,
  }));
  if (syntax.length > 0) throw new FlowDefinitionError(syntax);
  const context = new ReadingContext(document, lines);
  const flow = FLOW_SHAPE.read(context.resolve(document.contents), '', context);
  if (flow === undefined || context.problems.length > 0) throw new FlowDefinitionError(context.problems);
  const builder = new DefinitionBuilder();
  const definition = builder.build(flow, source);
  const problems = [...builder.problems, ...compileProblems(definition, builder)];
  if (problems.length > 0) throw new FlowDefinitionError(problems);
  return { definition, warnings: builder.warnings };
}

function checkJson(content: string): void {
  try {
    JSON.parse(content);
  } catch (error) {
    const message = (error as Error).message;
    const position = /position (\d+)/.exec(message);
    const line = position === null ? undefined : content.slice(0, Number(position[1])).split('\n').length;
    throw new FlowDefinitionError([
      { path: '(document)', ...(line === undefined ? {} : { line }), code: 'syntax', message: `Not JSON: ${message}` },
    ]);
  }
}

function parse(content: string, lines: LineCounter): Document {
  try {
    return parseDocument(content, {
      lineCounter: lines,
      // It would write the whole line of each error into its message, and a document may be one line with an error in each word.
      prettyErrors: false,
      uniqueKeys: true,
      strict: true,
      version: '1.2',
      merge: false,
      logLevel: 'silent',
    });
  } catch (error) {
    // The parser is recursive: deep nesting ends in a RangeError.
    const nested = error instanceof RangeError;
    throw new FlowDefinitionError([
      {
        path: '(document)',
        code: nested ? 'limit-exceeded' : 'syntax',
        message: nested ? 'The definition is nested too deeply.' : (error as Error).message,
      },
    ]);
  }
}

/** Problems of expressions, references and resources, at the place in the document. */
function compileProblems(definition: FlowDefinition, builder: DefinitionBuilder): FlowProblem[] {
  const problems: FlowProblem[] = [];
  compileCollecting(definition, problems);
  return problems.map((problem) => {
    const id = problem.element?.id ?? '';
    const place = builder.places.get(id) ?? builder.places.get(id.replace(/\.(gather|join|receiver|end)$/, ''));
    if (place === undefined) return problem;
    const field = problem.path.slice(problem.path.indexOf(id) + id.length);
    return { ...problem, path: `${place.path}${field}`, ...(place.line === undefined ? {} : { line: place.line }) };
  });
}
