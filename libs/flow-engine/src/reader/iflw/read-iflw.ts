import { compileCollecting } from '../../compile/compile-flow.js';
import { FlowDefinitionError, type FlowProblem, type FlowWarning } from '../../error/flow-errors.js';
import type { ReceiverChannel, SenderChannel } from '../../model/channel-definition.js';
import type { FlowDefinition, FlowProcess } from '../../model/flow-definition.js';
import { parseXml, type XmlNode } from '@sluice/xml';

import { ArtifactFiles, type ScriptToPort } from './artifact-files.js';
import { convertReceiver, convertSchedule, convertSender, type FlowSettings, splitHeaders } from './convert-channel.js';
import { convertProcess } from './convert-process.js';
import type { StepConversion } from './step-conversion.js';
import { BPMN_NAMESPACE, IflwContext, IflwElement } from './iflw-element.js';
import type { FlowArtifact, ScriptCollection } from './read-archive.js';

/** What reading an artifact gave; the definition is of use only without problems. */
export interface IflwReading {
  readonly definition: FlowDefinition | null;
  readonly problems: readonly FlowProblem[];
  readonly warnings: readonly FlowWarning[];
  readonly scriptsToPort: readonly ScriptToPort[];
}

/** Children of `definitions` that say nothing about what runs. */
const DRAWN = new Set(['BPMNDiagram', 'extensionElements', 'documentation']);

/** Reads an `.iflw`. Never throws for what is in it: every problem is in the result, and nothing is skipped silently. */
export function readIflw(
  artifact: FlowArtifact,
  ports: Readonly<Record<string, string>>,
  collections: readonly ScriptCollection[],
): IflwReading {
  const context = new IflwContext(artifact.parameters);
  const files = new ArtifactFiles(artifact.files, ports, collections);
  const finish = (definition: FlowDefinition | null): IflwReading => ({
    definition,
    problems: context.problems,
    warnings: context.warnings,
    scriptsToPort: files.scriptsToPort(),
  });
  let document: XmlNode;
  try {
    document = parseXml(artifact.flow);
  } catch (error) {
    context.problems.push({ path: artifact.path, code: 'syntax', message: (error as Error).message });
    return finish(null);
  }
  const root = document.firstElement;
  if (root === null || root.name !== 'definitions' || root.namespace !== BPMN_NAMESPACE) {
    context.problems.push({
      path: artifact.path,
      code: 'not-a-flow',
      message: 'The document is not a BPMN 2.0 definition.',
    });
    return finish(null);
  }
  const definition = new IflwReader(root, artifact, context, files).read();
  if (definition === null) return finish(null);
  addCompileProblems(definition, context);
  return finish(definition);
}

/** Expressions and stylesheets are checked only where the conversion found nothing wrong with the element itself. */
function addCompileProblems(definition: FlowDefinition, context: IflwContext): void {
  const found: FlowProblem[] = [];
  compileCollecting(definition, found);
  const known = new Set(context.problems.map((problem) => problem.element?.id));
  for (const problem of found) {
    if (problem.code === 'duplicate-id' || problem.code === 'unresolved-reference') {
      const reported = context.problems.some(
        ({ code, element }) => code === problem.code && element?.id === problem.element?.id,
      );
      if (reported) continue;
    } else if (problem.element !== undefined && known.has(problem.element.id)) continue;
    context.problems.push(problem);
  }
}

class IflwReader {
  readonly #root: XmlNode;
  readonly #artifact: FlowArtifact;
  readonly #context: IflwContext;
  readonly #files: ArtifactFiles;

  constructor(root: XmlNode, artifact: FlowArtifact, context: IflwContext, files: ArtifactFiles) {
    this.#root = root;
    this.#artifact = artifact;
    this.#context = context;
    this.#files = files;
  }

  read(): FlowDefinition | null {
    this.#checkIds();
    const children = this.#root.children.filter((child) => child.kind === 'element' && !DRAWN.has(child.name));
    const elements = children.map((child) => new IflwElement(child, this.#context));
    const collaboration = elements.find(({ tag }) => tag === 'collaboration');
    const processElements = elements.filter(({ tag }) => tag === 'process');
    for (const other of elements)
      if (other.tag !== 'collaboration' && other.tag !== 'process')
        this.#context.problem('unsupported-element', other, `The element ${other.tag} is not offered.`);
    if (collaboration === undefined || processElements.length === 0) {
      this.#context.problems.push({
        path: this.#artifact.path,
        code: 'not-a-flow',
        message: 'The document has no collaboration with a process.',
      });
      return null;
    }
    const settings = this.#settings(collaboration);
    const channels = collaboration.children('messageFlow').map((node) => new IflwElement(node, this.#context));
    this.#checkCollaboration(collaboration);
    const { receivers, byElement } = this.#receivers(channels, processElements);
    const conversion: StepConversion = {
      context: this.#context,
      files: this.#files,
      receiverOf: (id) => byElement.get(id),
    };
    const converted = processElements.map((element) => convertProcess(element, conversion));
    const processes = converted.map(({ process }) => process);
    const senders = this.#senders(channels, converted, settings);
    this.#checkStarted(processes, senders, processElements);
    return {
      modelVersion: 1,
      name: this.#artifact.name,
      source: 'IFLW',
      log: { level: 'INFO' },
      namespaces: this.#namespaces(collaboration),
      senders,
      receivers,
      processes,
      resources: this.#files.resources,
      scripts: this.#files.scripts,
    };
  }

  /** Ids must be unique: a reader that overlooks a second one loses what it stands for. */
  #checkIds(): void {
    const seen = new Map<string, number>();
    const pending = [this.#root];
    for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
      const id = node.attribute('id');
      if (id !== null) {
        const before = seen.get(id);
        if (before === undefined) seen.set(id, node.line);
        else
          this.#context.problem(
            'duplicate-id',
            new IflwElement(node, this.#context),
            `The id "${id}" is used in line ${before} already.`,
            'a unique id for each element',
          );
      }
      for (let index = node.children.length - 1; index >= 0; index--) {
        const child = node.children[index] as XmlNode;
        if (child.kind === 'element' && child.name !== 'BPMNDiagram' && child.name !== 'extensionElements')
          pending.push(child);
      }
    }
  }

  #settings(collaboration: IflwElement): FlowSettings {
    const session = collaboration.get('httpSessionHandling');
    if (session !== '' && session !== 'None')
      this.#context.warn(
        'ignored-setting',
        collaboration,
        `HTTP sessions ("${session}") are not kept; each call to a receiver stands alone.`,
      );
    if (collaboration.flag('corsEnabled'))
      this.#context.problem(
        'unsupported-setting',
        collaboration,
        'CORS is not offered.',
        'a load balancer that answers preflight requests',
      );
    return {
      allowedHeaders: splitHeaders(collaboration.get('allowedHeaderList')),
      returnExceptionToSender: collaboration.flag('returnExceptionToSender'),
    };
  }

  /** `xmlns:a=urn:a;xmlns:b=urn:b` */
  #namespaces(collaboration: IflwElement): Record<string, string> {
    const namespaces: Record<string, string> = {};
    for (const part of collaboration.get('namespaceMapping').split(';')) {
      const match = /^\s*(?:xmlns:)?([\w.-]+)\s*=\s*(\S.*?)\s*$/.exec(part);
      if (match !== null) namespaces[match[1] as string] = match[2] as string;
      else if (part.trim() !== '')
        this.#context.problem(
          'invalid-value',
          collaboration,
          `"${part}" is not a namespace mapping.`,
          'xmlns:prefix=uri',
        );
    }
    return namespaces;
  }

  #checkCollaboration(collaboration: IflwElement): void {
    const known = new Set([
      'participant',
      'messageFlow',
      'extensionElements',
      'documentation',
      'textAnnotation',
      'association',
    ]);
    for (const child of collaboration.node.children)
      if (child.kind === 'element' && !known.has(child.name))
        this.#context.problem(
          'unsupported-element',
          new IflwElement(child, this.#context),
          `The element ${child.name} is not offered.`,
        );
  }

  #receivers(
    channels: readonly IflwElement[],
    processes: readonly IflwElement[],
  ): { receivers: ReceiverChannel[]; byElement: Map<string, string> } {
    const receivers: ReceiverChannel[] = [];
    const byElement = new Map<string, string>();
    const steps = new Set(processes.flatMap((process) => idsBelow(process.node)));
    for (const channel of channels) {
      const source = channel.node.attribute('sourceRef') ?? '';
      if (!steps.has(source)) continue;
      if (byElement.has(source)) {
        this.#context.problem(
          'unsupported-element',
          channel,
          'A step calls one receiver.',
          'one request-reply for each receiver',
        );
        continue;
      }
      // Even a refused channel has its place, so that its step is not reported as well.
      byElement.set(source, channel.id);
      const receiver = convertReceiver(channel, this.#context);
      receivers.push(receiver ?? { id: channel.id, name: channel.name, adapter: 'ProcessDirect', address: '/refused' });
    }
    return { receivers, byElement };
  }

  #senders(
    channels: readonly IflwElement[],
    converted: readonly ReturnType<typeof convertProcess>[],
    settings: FlowSettings,
  ): SenderChannel[] {
    const senders: SenderChannel[] = [];
    const byStart = new Map<string, string>();
    for (const { process, starts } of converted) {
      for (const start of starts) {
        byStart.set(start.id, process.id);
        if (start.has('timerEventDefinition'))
          senders.push({
            id: start.id,
            name: start.name || 'Timer',
            process: process.id,
            adapter: 'Timer',
            schedule: convertSchedule(start, this.#context),
          });
        else if (start.has('errorEventDefinition'))
          this.#context.problem(
            'unsupported-element',
            start,
            'An error start event stands in an exception subprocess only.',
          );
      }
    }
    for (const channel of channels) {
      const process = byStart.get(channel.node.attribute('targetRef') ?? '');
      if (process === undefined) {
        if (channel.raw('direction') === 'Sender')
          this.#context.problem('unresolved-reference', channel, 'The sender channel leads to no start event.');
        continue;
      }
      const sender = convertSender(channel, process, settings, this.#context);
      if (sender !== null) senders.push(sender);
    }
    return senders;
  }

  #checkStarted(
    processes: readonly FlowProcess[],
    senders: readonly SenderChannel[],
    elements: readonly IflwElement[],
  ): void {
    const started = new Set(senders.map(({ process }) => process));
    for (const process of processes) {
      const element = elements.find(({ id }) => id === process.id);
      if (element === undefined || process.kind === 'local' || started.has(process.id)) continue;
      const refused = this.#context.problems.some(({ code }) => code === 'unsupported-adapter');
      if (!refused)
        this.#context.problem(
          'invalid-graph',
          element,
          'No sender channel or timer starts the process.',
          'an HTTPS sender channel',
        );
    }
  }
}

function idsBelow(node: XmlNode): string[] {
  const ids: string[] = [];
  const pending = [node];
  for (let current = pending.pop(); current !== undefined; current = pending.pop()) {
    const id = current.attribute('id');
    if (id !== null) ids.push(id);
    for (const child of current.children) if (child.kind === 'element') pending.push(child);
  }
  return ids;
}

/** @throws FlowDefinitionError when there are problems */
export function requireDefinition(reading: IflwReading): { definition: FlowDefinition; warnings: FlowWarning[] } {
  if (reading.definition === null || reading.problems.length > 0) throw new FlowDefinitionError(reading.problems);
  return { definition: reading.definition, warnings: [...reading.warnings] };
}
