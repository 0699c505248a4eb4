import type { FlowProblem, FlowWarning } from '../../error/flow-errors.js';
import type { ReceiverChannel } from '../../model/channel-definition.js';
import type { FlowDefinition, FlowProcess } from '../../model/flow-definition.js';
import type {
  Condition,
  GatherStep,
  GatherStrategy,
  SplitExpression,
  StepDefinition,
} from '../../model/step-definition.js';
import { buildAssignments } from './build-assignments.js';
import { buildPlainStep } from './build-plain-step.js';
import { buildReceiver } from './build-receiver.js';
import { buildSender } from './build-sender.js';
import type { NativeCondition, NativeFlow, NativeGather, NativeStep } from './flow-format.js';
import type { ReportProblem } from './report-problem.js';

const MAIN_PROCESS = 'main';

/** Turns the native format, once its shape is right, into the model. Collects what only shows now. */
export class DefinitionBuilder {
  readonly problems: FlowProblem[] = [];
  readonly warnings: FlowWarning[] = [];
  /** Where each step was written, for problems that show when it is compiled. */
  readonly places = new Map<string, { readonly path: string; readonly line: number | undefined }>();
  readonly #receivers: ReceiverChannel[] = [];
  #steps: StepDefinition[] = [];

  build(flow: NativeFlow, source: 'YAML' | 'JSON'): FlowDefinition {
    const processes: FlowProcess[] = [this.#process(MAIN_PROCESS, flow.name, 'main', flow.steps, flow.onException, '')];
    for (const [name, process] of Object.entries(flow.processes ?? {})) {
      if (name === MAIN_PROCESS)
        this.#report(`processes.${name}`, 'The name "main" is taken by the steps of the flow itself.');
      else processes.push(this.#process(name, name, 'local', process.steps, process.onException, `processes.${name}.`));
    }
    return {
      modelVersion: 1,
      name: flow.name,
      source,
      log: { level: flow.log?.level ?? 'INFO' },
      namespaces: { ...flow.namespaces },
      senders: [
        buildSender(flow.sender, MAIN_PROCESS, {
          problems: this.problems,
          warnings: this.warnings,
          problem: this.#report,
        }),
      ],
      receivers: this.#receivers,
      processes,
      resources: { ...flow.resources },
      scripts: Object.fromEntries(Object.entries(flow.scripts ?? {}).map(([name, code]) => [name, { source: code }])),
    };
  }

  readonly #report: ReportProblem = (path, message, line, nearest) => {
    this.problems.push({
      path,
      ...(line === undefined ? {} : { line }),
      code: 'invalid-value',
      message,
      ...(nearest === undefined ? {} : { nearest }),
    });
  };

  #process(
    id: string,
    name: string,
    kind: 'main' | 'local',
    steps: readonly unknown[],
    onException: readonly unknown[] | undefined,
    path: string,
  ): FlowProcess {
    const outer = this.#steps;
    this.#steps = [];
    const prefix = id === MAIN_PROCESS ? '' : `${id}.`;
    const start = this.#sequence(steps, `${path}steps`, `${prefix}step`, undefined);
    const handler =
      onException === undefined
        ? undefined
        : this.#sequence(onException, `${path}onException`, `${prefix}exception`, undefined);
    const process: FlowProcess = {
      id,
      name,
      kind,
      ...(start === undefined ? {} : { start }),
      steps: this.#steps,
      ...(onException === undefined
        ? {}
        : {
            exceptionSubprocess: {
              id: `${prefix}exception`,
              name: 'Exception Subprocess',
              ...(handler === undefined ? {} : { start: handler }),
            },
          }),
    };
    this.#steps = outer;
    return process;
  }

  /** Adds the steps of one path. @returns the id its first step has, or `then` when there is none */
  #sequence(steps: readonly unknown[], path: string, prefix: string, then: string | undefined): string | undefined {
    const list = steps as readonly NativeStep[];
    const ids = list.map((_, index) => `${prefix}-${index + 1}`);
    list.forEach((step, index) => {
      const after = ids[index + 1] ?? then;
      this.#step(step, ids[index] as string, `${path}[${index}].${step.kind}`, after);
      if (step.kind === 'end' || step.kind === 'errorEnd' || step.kind === 'escalationEnd')
        if (index < list.length - 1)
          this.#report(
            `${path}[${index + 1}]`,
            `Nothing runs after ${step.kind}.`,
            list[index + 1]?.line,
            'remove the steps behind it',
          );
    });
    return ids[0] ?? then;
  }

  #step(step: NativeStep, id: string, path: string, next: string | undefined): void {
    const value = step.value;
    const base = { id, name: value.name ?? step.kind, ...(next === undefined ? {} : { next }) };
    this.places.set(id, { path, line: step.line });
    switch (step.kind) {
      case 'contentModifier': {
        const body = step.value.body;
        this.#steps.push({
          ...base,
          type: 'contentModifier',
          headers: buildAssignments(step.value.headers, `${path}.headers`, step.line, this.#report),
          properties: buildAssignments(step.value.properties, `${path}.properties`, step.line, this.#report),
          ...(body === undefined
            ? {}
            : {
                body:
                  typeof body === 'string'
                    ? { source: 'expression' as const, value: body }
                    : body.constant !== undefined
                      ? { source: 'constant' as const, value: body.constant }
                      : { source: 'expression' as const, value: body.expression ?? '' },
              }),
        });
        return;
      }
      case 'router': {
        const routes = step.value.routes.map((route, index) => ({
          id: `${id}.route-${index + 1}`,
          name: route.name ?? `route ${index + 1}`,
          condition: this.#condition(route.when, `${path}.routes[${index}].when`, step.line),
          next: this.#branch(route.steps, `${path}.routes[${index}].steps`, `${id}.route-${index + 1}`, next),
        }));
        const defaultRoute =
          step.value.otherwise === undefined && step.value.throwOnNoRoute === true
            ? []
            : [
                {
                  id: `${id}.otherwise`,
                  name: 'otherwise',
                  next: this.#branch(step.value.otherwise ?? [], `${path}.otherwise`, `${id}.otherwise`, next),
                },
              ];
        this.#steps.push({
          id,
          name: base.name,
          type: 'router',
          routes: [...routes, ...defaultRoute],
          throwOnNoRoute: step.value.throwOnNoRoute ?? false,
        });
        return;
      }
      case 'filter':
        this.#steps.push({
          ...base,
          type: 'filter',
          xpath: step.value.xpath,
          resultType: step.value.resultType ?? 'Nodelist',
        });
        return;
      case 'splitter':
        this.#splitter(step, id, path, next);
        return;
      case 'multicast': {
        const gatherId = `${id}.join`;
        const branches = step.value.branches.map((branch, index) => ({
          id: `${id}.branch-${index + 1}`,
          name: branch.name ?? `branch ${index + 1}`,
          next: this.#branch(branch.steps, `${path}.branches[${index}].steps`, `${id}.branch-${index + 1}`, gatherId),
        }));
        this.#steps.push({ id, name: base.name, type: 'multicast', mode: step.value.mode ?? 'parallel', branches });
        if (step.value.gather === undefined)
          this.#steps.push({ id: gatherId, name: 'join', type: 'join', ...(next === undefined ? {} : { next }) });
        else {
          this.#steps.push({ id: gatherId, name: 'join', type: 'join', next: `${id}.gather` });
          this.#steps.push(this.#gather(step.value.gather, `${id}.gather`, `${path}.gather`, next));
        }
        return;
      }
      case 'requestReply':
      case 'send': {
        const receiver = buildReceiver(step.value, `${id}.receiver`);
        this.#receivers.push(receiver);
        this.#steps.push({ ...base, type: step.kind, receiver: receiver.id });
        return;
      }
      case 'processCall': {
        const loop = step.value.loop;
        this.#steps.push({
          ...base,
          type: 'processCall',
          process: step.value.process,
          ...(loop === undefined
            ? {}
            : {
                loop: {
                  condition: this.#condition(loop.while, `${path}.loop.while`, step.line),
                  maximumIterations: loop.maximumIterations ?? 999,
                },
              }),
        });
        return;
      }
      default:
        this.#steps.push(buildPlainStep(step, base, path, this.#report));
    }
  }

  /** A branch always has a step to begin with, so that an empty one can be told from a missing one. */
  #branch(steps: readonly unknown[], path: string, prefix: string, then: string | undefined): string {
    const start = this.#sequence(steps, path, `${prefix}.step`, then);
    if (start !== undefined) return start;
    const id = `${prefix}.end`;
    this.#steps.push({ id, name: 'end', type: 'end', kind: 'message', errorCode: '' });
    return id;
  }

  #splitter(step: Extract<NativeStep, { kind: 'splitter' }>, id: string, path: string, next: string | undefined): void {
    const { xpath, token, lineBreak, gather } = step.value;
    const given = [xpath, token, lineBreak === true ? 'lineBreak' : undefined].filter((entry) => entry !== undefined);
    if (given.length !== 1) this.#report(path, 'A splitter has exactly one of xpath, token and lineBreak.', step.line);
    const expression: SplitExpression =
      xpath !== undefined
        ? { type: 'xpath', value: xpath }
        : token !== undefined
          ? { type: 'token', value: token }
          : { type: 'lineBreak' };
    if (xpath === undefined && step.value.ignoreDefaultNamespaces === true)
      this.#report(path, 'Only a splitter by xpath can ignore default namespaces.', step.line);
    if (gather === undefined && next !== undefined)
      this.#report(
        path,
        'Steps behind a splitter run once for the whole message only after a gather.',
        step.line,
        'gather: {}, or put the steps inside the splitter',
      );
    const gatherId = gather === undefined ? undefined : `${id}.gather`;
    const first = this.#sequence(step.value.steps, `${path}.steps`, `${id}.step`, gatherId);
    this.#steps.push({
      id,
      name: step.value.name ?? 'splitter',
      ...(first === undefined ? {} : { next: first }),
      type: 'splitter',
      splitType: step.value.type ?? 'general',
      expression,
      ...(step.value.ignoreDefaultNamespaces === undefined
        ? {}
        : { ignoreDefaultNamespaces: step.value.ignoreDefaultNamespaces }),
      groupSize: step.value.groupSize ?? 1,
      parallel: step.value.parallel ?? false,
      concurrency: step.value.concurrency ?? 10,
      stopOnException: step.value.stopOnException ?? true,
    });
    if (gather !== undefined) this.#steps.push(this.#gather(gather, `${id}.gather`, `${path}.gather`, next));
  }

  #gather(gather: NativeGather, id: string, path: string, next: string | undefined): GatherStep {
    const kind = gather.strategy ?? (gather.messageFormat === 'plainText' ? 'concatenate' : 'combine');
    let strategy: GatherStrategy;
    if (kind === 'combineAtXPath') {
      if (gather.source === undefined || gather.target === undefined)
        this.#report(path, 'combineAtXPath needs source and target.');
      strategy = { type: 'combineAtXPath', source: gather.source ?? '', target: gather.target ?? '' };
    } else strategy = { type: kind };
    return {
      id,
      name: gather.name ?? 'gather',
      ...(next === undefined ? {} : { next }),
      type: 'gather',
      messageFormat: gather.messageFormat ?? 'sameXml',
      strategy,
    };
  }

  #condition(condition: NativeCondition, path: string, line: number | undefined): Condition {
    if (typeof condition === 'string') return { language: 'simple', expression: condition };
    if (condition.simple !== undefined && condition.xpath === undefined)
      return { language: 'simple', expression: condition.simple };
    if (condition.xpath !== undefined && condition.simple === undefined)
      return { language: 'xpath', expression: condition.xpath };
    this.#report(path, 'A condition has exactly one of simple and xpath.', line);
    return { language: 'simple', expression: 'false' };
  }
}
