import jsonata from 'jsonata';
import type { StepWork } from '../compile/compiled-flow.js';
import type { StepCompiler } from '../compile/step-compiler.js';
import { FlowProcessingError, ExpressionSyntaxError } from '@sluice/domain';

import { regexOf } from '@sluice/simple-language';
import { ExactJson } from '../message/exact-json.js';
import type { MappingStep } from '../model/step-definition.js';

/** Nodes of the expression that may be evaluated for one message, and how deep they may call each other. */
const MAXIMUM_EVALUATIONS = 5_000_000;
const MAXIMUM_DEPTH = 400;

const INEXACT =
  ' (The body holds numbers of more digits than can be calculated with. They are copied as they are; $number($string(x)) rounds one.)';

/** Maps a JSON body with a JSONata expression; `$headers` and `$properties` hold the message's. */
export function compileMapping(step: MappingStep, compiler: StepCompiler): StepWork {
  const compiled = compiler.attempt(() => parse(step.jsonata), 'jsonata');
  if (compiled === null) return () => undefined;
  return async (run) => {
    // Each run has an expression of its own, as the bounds count in it.
    const expression = parse(step.jsonata);
    bound(expression);
    const document = run.message.isEmpty ? undefined : new ExactJson(run.message.text());
    // JSONata's own copies by way of a text, in which it rounds numbers.
    if (document !== undefined) expression.registerFunction('clone', (value) => document.copy(value), '<(oa)-:o>');
    let result: unknown;
    try {
      result = (await expression.evaluate(document?.value, {
        headers: Object.fromEntries(run.message.headers),
        properties: Object.fromEntries(run.message.properties),
      })) as unknown;
    } catch (error) {
      if (error instanceof FlowProcessingError) throw error;
      throw new FlowProcessingError(
        'mapping-failed',
        `The JSONata mapping failed: ${messageOf(error)}${document?.inexact ? INEXACT : ''}`,
        {
          cause: error,
        },
      );
    }
    const text = document === undefined ? (JSON.stringify(result) as string | undefined) : document.write(result);
    run.message.body = text ?? 'null';
    run.message.headers.set('Content-Type', 'application/json');
  };
}

function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
}

function parse(source: string): jsonata.Expression {
  try {
    return jsonata(source, { RegexEngine: LinearRegex as unknown as RegExpConstructor });
  } catch (error) {
    if (error instanceof ExpressionSyntaxError) throw error;
    throw new ExpressionSyntaxError(`The JSONata expression cannot be read: ${messageOf(error)}`);
  }
}

/** JSONata calls these two before and after each node it evaluates. */
function bound(expression: jsonata.Expression): void {
  let evaluations = 0;
  let depth = 0;
  // Known to JSONata by symbols, so that no expression can reach them; its types know texts only.
  const assign = (key: symbol, value: () => void): void => expression.assign(key as unknown as string, value);
  assign(Symbol.for('jsonata.__evaluate_entry'), () => {
    if (++evaluations > MAXIMUM_EVALUATIONS || ++depth > MAXIMUM_DEPTH)
      throw new FlowProcessingError('limit-exceeded', 'The JSONata mapping took more steps than allowed.');
  });
  assign(Symbol.for('jsonata.__evaluate_exit'), () => {
    depth--;
  });
}

/** What JSONata needs of a RegExp, on an engine whose time is linear. */
class LinearRegex {
  lastIndex = 0;
  readonly #source: string;

  constructor(pattern: string | RegExp) {
    const source = typeof pattern === 'string' ? pattern : pattern.source;
    const flags = typeof pattern === 'string' ? '' : pattern.flags.replace(/[^ims]/g, '');
    this.#source = flags === '' ? source : `(?${flags})${source}`;
    regexOf(this.#source);
  }

  exec(text: string): (RegExpExecArray & { index: number }) | null {
    const matcher = regexOf(this.#source).matcher(text);
    if (this.lastIndex > text.length || !matcher.find(this.lastIndex)) {
      this.lastIndex = 0;
      return null;
    }
    this.lastIndex = matcher.end();
    const groups = [
      matcher.group(),
      ...Array.from({ length: matcher.groupCount() }, (_, index) => matcher.group(index + 1)),
    ];
    return Object.assign(groups, { index: matcher.start(), input: text }) as unknown as RegExpExecArray;
  }

  test(text: string): boolean {
    return this.exec(text) !== null;
  }
}
