import type { StepDefinition } from '../../model/step-definition.js';
import type { IflwContext, IflwElement } from './iflw-element.js';
import type { StepBase } from './step-conversion.js';

/** From this version on (July 2017) a default namespace counts in the XPath of a splitter. */
const NAMESPACE_AWARE = [1, 2] as const;

/** General and iterating splitters. */
export function splitter(element: IflwElement, base: StepBase, context: IflwContext): StepDefinition | null {
  const kind = element.get('splitType');
  if (kind !== 'GeneralSplitter' && kind !== 'IteratingSplitter') {
    context.problem(
      'unsupported-step',
      element,
      `The splitter "${kind}" is not offered.`,
      'a general or iterating splitter',
    );
    return null;
  }
  const type = element.get('exprType').toLowerCase().replace(/\s/g, '');
  const expression =
    type === 'xpath'
      ? ({ type: 'xpath', value: element.get('splitExprValue') || element.get('tokenValue') } as const)
      : type === 'linebreak'
        ? ({ type: 'lineBreak' } as const)
        : type === 'token'
          ? ({ type: 'token', value: element.get('tokenValue') || element.get('splitExprValue') } as const)
          : null;
  if (expression === null) {
    context.problem(
      'unsupported-setting',
      element,
      `The split expression "${element.get('exprType')}" is not offered.`,
      'XPath, Token or Line Break',
    );
    return null;
  }
  if (expression.type !== 'lineBreak' && expression.value === '')
    context.problem('missing-key', element, 'The splitter has no expression.');
  return {
    ...base,
    type: 'splitter',
    splitType: kind === 'GeneralSplitter' ? 'general' : 'iterating',
    expression,
    ignoreDefaultNamespaces: expression.type === 'xpath' && ignoresDefaultNamespaces(element, context),
    groupSize: element.integer('grouping', 1, 1),
    parallel: element.flag('ParallelProcessing'),
    concurrency: Math.min(element.integer('SplitterThreads', 10, 1), 50),
    stopOnException: element.flag('StopOnExecution', true),
  };
}

function ignoresDefaultNamespaces(element: IflwElement, context: IflwContext): boolean {
  const named = element.get('componentVersion').trim();
  const version = named || (/version::([\d.]+)/.exec(element.get('cmdVariantUri'))?.[1] ?? '');
  const match = /^(\d+)\.(\d+)/.exec(version);
  if (match === null) {
    if (version !== '')
      context.problem(
        'invalid-value',
        element,
        `"${version}" is no version of a splitter, and what an XPath finds depends on it.`,
        'a componentVersion such as 1.5',
      );
    else
      context.warn(
        'incomplete-configuration',
        element,
        'The splitter has no version. It is taken for one from 1.2 on: default namespaces count in its XPath.',
      );
    return false;
  }
  const [major, minor] = NAMESPACE_AWARE;
  const [, ownMajor, ownMinor] = match.map(Number) as [number, number, number];
  return ownMajor < major || (ownMajor === major && ownMinor < minor);
}
