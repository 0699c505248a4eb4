import type { FlowProcess } from '../../model/flow-definition.js';
import type { Condition, EndStep, MulticastStep, Route, StepDefinition } from '../../model/step-definition.js';
import { convertActivity } from './convert-step.js';
import { BPMN_NAMESPACE, IflwElement } from './iflw-element.js';
import type { StepConversion } from './step-conversion.js';

const ACTIVITIES = new Set([
  'callActivity',
  'serviceTask',
  'task',
  'scriptTask',
  'sendTask',
  'userTask',
  'receiveTask',
  'businessRuleTask',
  'manualTask',
]);
/** Drawn for people; nothing runs because of them. */
const DRAWN = new Set([
  'extensionElements',
  'incoming',
  'outgoing',
  'textAnnotation',
  'association',
  'documentation',
  'ioSpecification',
  'laneSet',
]);

interface SequenceFlow {
  readonly element: IflwElement;
  readonly source: string;
  readonly target: string;
}

/** Elements and sequence flows of a process or subprocess. */
interface Scope {
  readonly elements: readonly IflwElement[];
  readonly flows: readonly SequenceFlow[];
}

/** What a process turned into, with its start events, which sender channels point at. */
export interface ConvertedProcess {
  readonly process: FlowProcess;
  readonly starts: readonly IflwElement[];
}

export function convertProcess(element: IflwElement, conversion: StepConversion): ConvertedProcess {
  return new ProcessConverter(element, conversion).convert();
}

class ProcessConverter {
  readonly #element: IflwElement;
  readonly #conversion: StepConversion;
  readonly #steps: StepDefinition[] = [];

  constructor(element: IflwElement, conversion: StepConversion) {
    this.#element = element;
    this.#conversion = conversion;
  }

  convert(): ConvertedProcess {
    const { context } = this.#conversion;
    const scope = this.#scopeOf(this.#element);
    const starts = scope.elements.filter(({ tag }) => tag === 'startEvent');
    const start = this.#startOf(scope, starts, this.#element);
    const subprocesses = scope.elements.filter(({ tag }) => tag === 'subProcess');
    let exceptionSubprocess: FlowProcess['exceptionSubprocess'];
    for (const subprocess of subprocesses) {
      const inner = this.#exceptionSubprocess(subprocess);
      if (exceptionSubprocess !== undefined)
        context.problem(
          'unsupported-element',
          subprocess,
          'A process has one exception subprocess.',
          'one exception subprocess with a router',
        );
      exceptionSubprocess ??= inner;
    }
    for (const child of scope.elements)
      if (child.tag !== 'startEvent' && child.tag !== 'subProcess') this.#convertElement(child, scope);
    const local = this.#element.get('processType') === 'directCall';
    if (
      /^required$/i.test(this.#element.get('transactionalHandling')) &&
      this.#steps.some(({ type }) => type === 'dataStoreWrite' || type === 'writeVariables')
    )
      context.warn(
        'ignored-setting',
        this.#element,
        'Data store writes and variables stay when a later step fails; they are not in one transaction.',
      );
    return {
      starts,
      process: {
        id: this.#element.id,
        name: this.#element.name || this.#element.id,
        kind: local ? 'local' : 'main',
        ...(start === undefined ? {} : { start }),
        steps: this.#steps,
        ...(exceptionSubprocess === undefined ? {} : { exceptionSubprocess }),
      },
    };
  }

  #scopeOf(owner: IflwElement): Scope {
    const { context } = this.#conversion;
    const elements: IflwElement[] = [];
    const flows: SequenceFlow[] = [];
    for (const node of owner.node.children) {
      if (node.kind !== 'element' || DRAWN.has(node.name)) continue;
      const child = new IflwElement(node, context);
      if (node.namespace !== BPMN_NAMESPACE)
        context.problem('unsupported-element', child, `The element ${node.qualifiedName} is not of BPMN 2.0.`);
      else if (node.name === 'sequenceFlow')
        flows.push({
          element: child,
          source: node.attribute('sourceRef') ?? '',
          target: node.attribute('targetRef') ?? '',
        });
      else elements.push(child);
    }
    const ids = new Set(elements.map(({ id }) => id));
    for (const { element, source, target } of flows)
      for (const end of [source, target])
        if (!ids.has(end))
          context.problem(
            'unresolved-reference',
            element,
            `The sequence flow refers to "${end}", which is not beside it.`,
          );
    return { elements, flows };
  }

  #startOf(scope: Scope, starts: readonly IflwElement[], owner: IflwElement): string | undefined {
    const { context } = this.#conversion;
    const [start, ...more] = starts;
    if (start === undefined) {
      context.problem('invalid-graph', owner, 'The process has no start event.');
      return undefined;
    }
    for (const extra of more)
      context.problem('unsupported-element', extra, 'A process has one start event.', 'one process for each start');
    return this.#next(start, scope);
  }

  /** @returns the one step after an element */
  #next(element: IflwElement, scope: Scope): string | undefined {
    const { context } = this.#conversion;
    const [flow, ...more] = scope.flows.filter(({ source }) => source === element.id);
    if (flow === undefined) {
      context.problem(
        'invalid-graph',
        element,
        'Nothing follows this element, and it is no end event.',
        'an end event behind it',
      );
      return undefined;
    }
    for (const extra of more)
      context.problem(
        'invalid-graph',
        extra.element,
        `"${element.name}" has several successors, but is no gateway.`,
        'a router or multicast',
      );
    return flow.target;
  }

  #exceptionSubprocess(subprocess: IflwElement): FlowProcess['exceptionSubprocess'] {
    const { context } = this.#conversion;
    const kind = subprocess.get('activityType');
    if (kind !== 'ErrorEventSubProcessTemplate') {
      context.problem(
        'unsupported-element',
        subprocess,
        `The subprocess "${kind}" is not offered.`,
        'a local process and a process call',
      );
      return undefined;
    }
    const scope = this.#scopeOf(subprocess);
    const starts = scope.elements.filter(({ tag }) => tag === 'startEvent');
    const start = this.#startOf(scope, starts, subprocess);
    for (const child of scope.elements) {
      if (child.tag === 'startEvent') continue;
      if (child.tag === 'subProcess')
        context.problem('unsupported-element', child, 'A subprocess holds no subprocess.', 'a local process');
      else this.#convertElement(child, scope);
    }
    return { id: subprocess.id, name: subprocess.name, ...(start === undefined ? {} : { start }) };
  }

  #convertElement(element: IflwElement, scope: Scope): void {
    const { context } = this.#conversion;
    switch (element.tag) {
      case 'endEvent':
        this.#convertEnd(element);
        return;
      case 'exclusiveGateway':
        this.#convertRouter(element, scope);
        return;
      case 'parallelGateway':
        this.#convertParallel(element, scope);
        return;
      default:
    }
    if (!ACTIVITIES.has(element.tag)) {
      context.problem(
        'unsupported-element',
        element,
        `The element ${element.tag} is not offered.`,
        'a step, router, multicast or event',
      );
      this.#steps.push(placeholder(element, this.#nextQuietly(element, scope)));
      return;
    }
    const step = convertActivity(element, this.#next(element, scope), this.#conversion);
    // A step that is refused keeps its place, so that what leads to it is not reported as well.
    this.#steps.push(step ?? placeholder(element, this.#nextQuietly(element, scope)));
  }

  #nextQuietly(element: IflwElement, scope: Scope): string | undefined {
    return scope.flows.find(({ source }) => source === element.id)?.target;
  }

  #convertEnd(element: IflwElement): void {
    const { context } = this.#conversion;
    const definition =
      element.node.children.find((child) => child.kind === 'element' && child.name.endsWith('EventDefinition'))?.name ??
      '';
    const kinds: Readonly<Record<string, EndStep['kind']>> = {
      '': 'none',
      messageEventDefinition: 'message',
      errorEventDefinition: 'error',
      escalationEventDefinition: 'escalation',
      terminateEventDefinition: 'terminate',
    };
    const kind = kinds[definition];
    if (kind === undefined) {
      context.problem(
        'unsupported-element',
        element,
        `The end event ${definition} is not offered.`,
        'a message, error, escalation or terminate end event',
      );
      this.#steps.push(placeholder(element, undefined));
      return;
    }
    const end: EndStep = {
      id: element.id,
      name: element.name || element.id,
      type: 'end',
      kind,
      errorCode: element.get('ErrorCode'),
    };
    const receiver = this.#conversion.receiverOf(element.id);
    if (receiver === undefined) {
      this.#steps.push(end);
      return;
    }
    // A channel at an end event is called last; its answer is what the sender gets.
    this.#steps.push(
      { id: end.id, name: end.name, type: 'requestReply', receiver, next: `${end.id}.end` },
      { ...end, id: `${end.id}.end` },
    );
  }

  #outgoing(element: IflwElement, scope: Scope): SequenceFlow[] {
    const order = element.children('outgoing').map((child) => child.text.trim());
    const place = (flow: SequenceFlow): number => {
      const index = order.indexOf(flow.element.id);
      return index < 0 ? order.length : index;
    };
    return scope.flows
      .filter(({ source }) => source === element.id)
      .sort((first, second) => place(first) - place(second));
  }

  #convertRouter(element: IflwElement, scope: Scope): void {
    const { context } = this.#conversion;
    const defaultId = element.node.attribute('default');
    const conditional: Route[] = [];
    const fallback: Route[] = [];
    for (const flow of this.#outgoing(element, scope)) {
      const route = { id: flow.element.id, name: flow.element.name || flow.element.id, next: flow.target };
      const condition = conditionOf(flow.element, (text) => context.resolve(text, flow.element));
      if (flow.element.id === defaultId) fallback.push(route);
      else if (condition === null)
        context.problem('missing-key', flow.element, 'The route has no condition and is not the default.');
      else conditional.push({ ...route, condition });
    }
    if (conditional.length + fallback.length === 0)
      context.problem('invalid-graph', element, 'The router has no routes.');
    this.#steps.push({
      id: element.id,
      name: element.name || element.id,
      type: 'router',
      routes: [...conditional, ...fallback],
      throwOnNoRoute: element.flag('throwException'),
    });
  }

  #convertParallel(element: IflwElement, scope: Scope): void {
    const { context } = this.#conversion;
    const base = { id: element.id, name: element.name || element.id };
    const activity = element.get('activityType');
    if (activity === 'Join') {
      const next = this.#next(element, scope);
      this.#steps.push({ ...base, type: 'join', ...(next === undefined ? {} : { next }) });
      return;
    }
    if (activity !== 'Multicast') {
      context.problem(
        'unsupported-element',
        element,
        `The parallel gateway "${activity}" is not offered.`,
        'a multicast or join',
      );
      this.#steps.push(placeholder(element, undefined));
      return;
    }
    const flows = this.#outgoing(element, scope);
    if (flows.length === 0) context.problem('invalid-graph', element, 'The multicast has no branches.');
    const sequential = /sequential/i.test(element.get('subActivityType'));
    const step: MulticastStep = {
      ...base,
      type: 'multicast',
      mode: sequential ? 'sequential' : 'parallel',
      branches: ordered(element, flows, sequential).map((flow) => ({
        id: flow.element.id,
        name: flow.element.name || flow.element.id,
        next: flow.target,
      })),
    };
    this.#steps.push(step);
  }
}

/** A sequential multicast may list its branches in a table, by number and name. */
function ordered(element: IflwElement, flows: readonly SequenceFlow[], sequential: boolean): readonly SequenceFlow[] {
  const rows = sequential ? element.table('routeSequenceTable') : [];
  if (rows.length === 0) return flows;
  const place = new Map<string, number>();
  rows.forEach((row, index) => {
    for (const value of row.values()) if (!/^\d+$/.test(value)) place.set(value, index);
  });
  const placeOf = ({ element: flow }: SequenceFlow): number =>
    place.get(flow.name) ?? place.get(flow.id) ?? rows.length;
  return [...flows].sort((first, second) => placeOf(first) - placeOf(second));
}

function conditionOf(flow: IflwElement, resolve: (text: string) => string): Condition | null {
  const [expression] = flow.children('conditionExpression');
  const text = resolve(expression?.text ?? '').trim();
  if (text === '') return null;
  return { language: flow.get('expressionType') === 'NonXML' ? 'simple' : 'xpath', expression: text };
}

function placeholder(element: IflwElement, next: string | undefined): StepDefinition {
  return {
    id: element.id,
    name: element.name || element.id,
    type: 'contentModifier',
    headers: [],
    properties: [],
    ...(next === undefined ? {} : { next }),
  };
}
