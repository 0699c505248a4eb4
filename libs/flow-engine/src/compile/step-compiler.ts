import type { FlowProblem, FlowProblemCode } from '../error/flow-errors.js';
import type { CompiledExpression, CompiledPredicate } from '../expression/expression-context.js';
import { ExpressionSyntaxError } from '@sluice/domain';
import { compileSimplePredicate, compileSimpleTemplate } from '@sluice/simple-language';
import { compileFlowXPath, type CompiledXPath } from '../expression/compile-flow-xpath.js';
import type { FlowDefinition } from '../model/flow-definition.js';
import type { Condition, StepDefinition } from '../model/step-definition.js';

/** What a step's compiler may ask for. Problems are collected, so one bad expression does not hide the next. */
export class StepCompiler {
  readonly definition: FlowDefinition;
  readonly step: StepDefinition;
  readonly #problems: FlowProblem[];
  readonly #path: string;

  constructor(definition: FlowDefinition, step: StepDefinition, problems: FlowProblem[], path: string) {
    this.definition = definition;
    this.step = step;
    this.#problems = problems;
    this.#path = path;
  }

  problem(
    code: FlowProblemCode,
    message: string,
    options: { field?: string; nearest?: string | undefined } = {},
  ): void {
    this.#problems.push({
      path: options.field === undefined ? this.#path : `${this.#path}.${options.field}`,
      code,
      message,
      element: { type: this.step.type, id: this.step.id, name: this.step.name },
      ...(options.nearest === undefined ? {} : { nearest: options.nearest }),
    });
  }

  /** A text with `${…}` in it. */
  simple(source: string, field: string): CompiledExpression {
    return this.#compile(() => compileSimpleTemplate(source), field) ?? (() => null);
  }

  /** @param namespaces prefixes of this expression alone; they go before those of the flow */
  xpath(source: string, field: string, namespaces: Readonly<Record<string, string>> = {}): CompiledXPath {
    const known = { ...this.definition.namespaces, ...namespaces };
    return this.#compile(() => compileFlowXPath(source, known), field) ?? compileFlowXPath('()', {});
  }

  condition(condition: Condition, field: string): CompiledPredicate {
    if (condition.language === 'simple')
      return this.#compile(() => compileSimplePredicate(condition.expression), field) ?? (() => false);
    const xpath = this.xpath(condition.expression, field);
    return (context) => xpath.toBoolean(context);
  }

  /** @returns the text of a resource, or null after reporting that it is missing */
  resource(name: string, what: string): string | null {
    const found = this.definition.resources[name];
    if (found !== undefined) return found;
    this.problem('missing-resource', `The ${what} "${name}" is not part of the flow.`, {
      nearest: 'add it to the resources of the flow',
    });
    return null;
  }

  /** Runs a compiler whose ExpressionSyntaxError is this step's problem. */
  attempt<T>(compile: () => T, field: string): T | null {
    return this.#compile(compile, field);
  }

  #compile<T>(compile: () => T, field: string): T | null {
    try {
      return compile();
    } catch (error) {
      if (!(error instanceof ExpressionSyntaxError)) throw error;
      this.problem(error.unsupported ? 'unsupported-setting' : 'invalid-expression', error.message, {
        field,
        nearest: error.nearest,
      });
      return null;
    }
  }
}
