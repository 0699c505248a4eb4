import type { FlowProblem, FlowWarning } from '../../error/flow-errors.js';
import type {
  ProcessDirectSender,
  ReceiverAuthentication,
  ReceiverChannel,
  SenderAuthorization,
  SenderChannel,
} from '../../model/channel-definition.js';
import { checkAddress } from '../../model/check-address.js';
import { checkAuthorization } from '../../model/check-authorization.js';
import type { FlowDefinition, FlowProcess } from '../../model/flow-definition.js';
import type {
  Assignment,
  Condition,
  GatherStep,
  GatherStrategy,
  SplitExpression,
  StepDefinition,
  ValueSource,
} from '../../model/step-definition.js';
import type {
  NativeAssignment,
  NativeCondition,
  NativeFlow,
  NativeGather,
  NativeReceiver,
  NativeSender,
  NativeStep,
} from './flow-format.js';

export const DEFAULT_ROLE = 'ESBMessaging.send';
export const DEFAULT_BODY_SIZE_MB = 40;
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
        this.#problem(`processes.${name}`, 'The name "main" is taken by the steps of the flow itself.');
      else processes.push(this.#process(name, name, 'local', process.steps, process.onException, `processes.${name}.`));
    }
    return {
      modelVersion: 1,
      name: flow.name,
      source,
      log: { level: flow.log?.level ?? 'INFO' },
      namespaces: { ...flow.namespaces },
      senders: [this.#sender(flow.sender)],
      receivers: this.#receivers,
      processes,
      resources: { ...flow.resources },
      scripts: Object.fromEntries(Object.entries(flow.scripts ?? {}).map(([name, code]) => [name, { source: code }])),
    };
  }

  #problem(path: string, message: string, line?: number, nearest?: string): void {
    this.problems.push({
      path,
      ...(line === undefined ? {} : { line }),
      code: 'invalid-value',
      message,
      ...(nearest === undefined ? {} : { nearest }),
    });
  }

  #sender(sender: NativeSender): SenderChannel {
    const base = { id: 'sender', name: sender.name ?? sender.adapter, process: MAIN_PROCESS };
    if (sender.adapter === 'Timer')
      return {
        ...base,
        adapter: 'Timer',
        schedule:
          sender.cron === undefined
            ? { kind: 'once' }
            : { kind: 'cron', expression: sender.cron, timeZone: sender.timeZone ?? 'UTC' },
      };
    const wrong = checkAddress(sender.address);
    if (wrong !== null)
      this.problems.push({
        path: 'sender.address',
        code: 'invalid-address',
        message: `${wrong} ("${sender.address}")`,
      });
    if (sender.adapter === 'ProcessDirect')
      return { ...base, adapter: 'ProcessDirect', address: sender.address } satisfies ProcessDirectSender;
    const settings = {
      ...base,
      address: sender.address,
      authorization: this.#authorization(sender.authorization),
      maximumBodySizeMb: sender.maximumBodySizeMb ?? DEFAULT_BODY_SIZE_MB,
      allowedHeaders: sender.allowedHeaders ?? ['*'],
      ...(sender.maximumConcurrency === undefined ? {} : { maximumConcurrency: sender.maximumConcurrency }),
      ...(sender.maximumQueued === undefined ? {} : { maximumQueued: sender.maximumQueued }),
      csrfProtection: sender.csrfProtection ?? false,
      returnExceptionToSender: sender.returnExceptionToSender ?? false,
    };
    if (sender.adapter === 'SOAP')
      return { ...settings, adapter: 'SOAP', messageExchangePattern: sender.messageExchangePattern ?? 'RequestReply' };
    return { ...settings, adapter: sender.adapter };
  }

  #authorization(
    authorization: Exclude<NativeSender, { adapter: 'ProcessDirect' | 'Timer' }>['authorization'],
  ): SenderAuthorization {
    if (authorization === undefined) return { type: 'UserRole', role: DEFAULT_ROLE };
    const read: SenderAuthorization =
      authorization.type === 'UserRole'
        ? { type: 'UserRole', role: authorization.role ?? DEFAULT_ROLE }
        : { type: 'ClientCertificate', certificates: authorization.certificates };
    for (const { path, message } of checkAuthorization(read)) this.#problem(`sender.authorization.${path}`, message);
    if (read.type === 'UserRole') return read;
    this.warnings.push({ ...CLIENT_CERTIFICATE_WARNING, path: 'sender.authorization' });
    return read;
  }

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
          this.#problem(
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
          headers: this.#assignments(step.value.headers, `${path}.headers`, step.line),
          properties: this.#assignments(step.value.properties, `${path}.properties`, step.line),
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
        const receiver = this.#receiver(step.value, `${id}.receiver`);
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
        this.#plainStep(step, base, path);
    }
  }

  #plainStep(step: NativeStep, base: { id: string; name: string; next?: string }, path: string): void {
    switch (step.kind) {
      case 'jsonToXml':
        this.#steps.push({
          ...base,
          type: 'jsonToXml',
          addRootElement: step.value.rootElement !== undefined,
          rootElementName: step.value.rootElement ?? '',
          rootElementNamespace: step.value.rootNamespace ?? '',
          useNamespaces: step.value.namespaces !== undefined,
          namespaceSeparator: step.value.namespaceSeparator ?? ':',
          namespaces: { ...step.value.namespaces },
        });
        return;
      case 'xmlToJson':
        this.#steps.push({
          ...base,
          type: 'xmlToJson',
          suppressRootElement: step.value.suppressRootElement ?? false,
          useNamespaces: step.value.namespaces !== undefined,
          namespaceSeparator: step.value.namespaceSeparator ?? ':',
          namespaces: { ...step.value.namespaces },
          arrays: step.value.allArrays === true ? 'all' : (step.value.arrays ?? []),
          streaming: step.value.streaming ?? false,
        });
        return;
      case 'csvToXml':
        this.#steps.push({
          ...base,
          type: 'csvToXml',
          recordPath: step.value.recordPath,
          fieldSeparator: step.value.fieldSeparator ?? ',',
          excludeFirstLine:
            step.value.excludeFirstLine ?? (step.value.fieldNames === undefined || step.value.columns === 'header'),
          fieldNames: step.value.fieldNames ?? [],
          ...(step.value.columns === undefined ? {} : { columns: step.value.columns }),
          ...(step.value.recordMarker === undefined ? {} : { recordMarker: step.value.recordMarker }),
        });
        return;
      case 'xmlToCsv':
        this.#steps.push({
          ...base,
          type: 'xmlToCsv',
          recordPath: step.value.recordPath,
          fieldSeparator: step.value.fieldSeparator ?? ',',
          includeHeader: step.value.includeHeader ?? true,
          includeParent: false,
          parentPath: '',
          includeAttributes: step.value.includeAttributes ?? false,
        });
        return;
      case 'xslt':
        this.#steps.push({ ...base, type: 'xslt', stylesheet: step.value.stylesheet, output: 'Bytes' });
        return;
      case 'xmlValidation':
      case 'jsonValidation':
        this.#steps.push({
          ...base,
          type: step.kind,
          schema: step.value.schema,
          preventException: step.value.preventException ?? false,
        });
        return;
      case 'encode':
      case 'decode':
        this.#steps.push({ ...base, type: step.kind, encoding: step.value.encoding });
        return;
      case 'dataStoreWrite':
        this.#steps.push({
          ...base,
          type: 'dataStoreWrite',
          store: step.value.store,
          visibility: step.value.visibility ?? 'local',
          entryId: step.value.entryId ?? '',
          overwrite: step.value.overwrite ?? false,
          includeHeaders: step.value.includeHeaders ?? false,
          encrypt: step.value.encrypt ?? true,
          expirationDays: step.value.expirationDays ?? 30,
        });
        return;
      case 'dataStoreGet':
        this.#steps.push({
          ...base,
          type: 'dataStoreGet',
          store: step.value.store,
          visibility: step.value.visibility ?? 'local',
          entryId: step.value.entryId,
          deleteOnCompletion: step.value.deleteOnCompletion ?? false,
          throwOnMissing: step.value.throwOnMissing ?? true,
        });
        return;
      case 'dataStoreSelect':
        this.#steps.push({
          ...base,
          type: 'dataStoreSelect',
          store: step.value.store,
          visibility: step.value.visibility ?? 'local',
          maximumEntries: step.value.maximumEntries ?? 1,
          deleteOnCompletion: step.value.deleteOnCompletion ?? false,
        });
        return;
      case 'dataStoreDelete':
        this.#steps.push({
          ...base,
          type: 'dataStoreDelete',
          store: step.value.store,
          visibility: step.value.visibility ?? 'local',
          entryId: step.value.entryId,
        });
        return;
      case 'writeVariables':
        this.#steps.push({
          ...base,
          type: 'writeVariables',
          expirationDays: step.value.expirationDays ?? 400,
          variables: this.#assignments(step.value.variables, `${path}.variables`, step.line).map(
            ({ name, source, value, dataType }) => ({
              name,
              scope: step.value.global === true ? ('global' as const) : ('local' as const),
              source,
              value,
              dataType,
            }),
          ),
        });
        return;
      case 'mapping':
        this.#steps.push({ ...base, type: 'mapping', jsonata: step.value.jsonata });
        return;
      case 'script':
        this.#steps.push({
          ...base,
          type: 'script',
          script: step.value.script,
          function: step.value.function ?? 'processData',
        });
        return;
      case 'xmlModifier':
        this.#steps.push({
          ...base,
          type: 'xmlModifier',
          removeXmlDeclaration: step.value.removeXmlDeclaration ?? false,
          removeExternalDtd: step.value.removeExternalDtd ?? false,
        });
        return;
      case 'persist':
        this.#steps.push({
          ...base,
          type: 'persist',
          storeId: step.value.storeId ?? base.id,
          encrypt: step.value.encrypt ?? true,
        });
        return;
      case 'log':
        this.#steps.push({
          ...base,
          type: 'log',
          level: step.value.level ?? 'INFO',
          text: step.value.text,
          attachBody: step.value.attachBody ?? false,
        });
        return;
      case 'end':
      case 'errorEnd':
      case 'escalationEnd':
        this.#steps.push({
          id: base.id,
          name: base.name,
          type: 'end',
          kind: step.kind === 'end' ? 'message' : step.kind === 'errorEnd' ? 'error' : 'escalation',
          errorCode: step.kind === 'end' ? '' : (step.value.errorCode ?? ''),
        });
        return;
      default:
        throw new Error(`The step kind ${step.kind} has no translation.`);
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
    if (given.length !== 1) this.#problem(path, 'A splitter has exactly one of xpath, token and lineBreak.', step.line);
    const expression: SplitExpression =
      xpath !== undefined
        ? { type: 'xpath', value: xpath }
        : token !== undefined
          ? { type: 'token', value: token }
          : { type: 'lineBreak' };
    if (xpath === undefined && step.value.ignoreDefaultNamespaces === true)
      this.#problem(path, 'Only a splitter by xpath can ignore default namespaces.', step.line);
    if (gather === undefined && next !== undefined)
      this.#problem(
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
        this.#problem(path, 'combineAtXPath needs source and target.');
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

  #receiver(receiver: NativeReceiver, id: string): ReceiverChannel {
    const base = { id, name: receiver.name ?? receiver.adapter };
    switch (receiver.adapter) {
      case 'HTTP':
        return {
          ...base,
          adapter: 'HTTP',
          address: receiver.address,
          query: receiver.query ?? '',
          method: receiver.method ?? 'POST',
          sendBody: receiver.sendBody ?? false,
          timeoutMs: receiver.timeoutMs ?? 60_000,
          authentication: authenticationOf(receiver.authentication),
          requestHeaders: receiver.requestHeaders ?? [],
          responseHeaders: receiver.responseHeaders ?? ['*'],
          throwOnFailure: receiver.throwOnFailure ?? true,
          retries: receiver.retries ?? 0,
          retryIntervalMs: receiver.retryIntervalMs ?? 5_000,
        };
      case 'SOAP':
        return {
          ...base,
          adapter: 'SOAP',
          address: receiver.address,
          soapVersion: receiver.soapVersion ?? '1.1',
          soapAction: receiver.soapAction ?? '',
          timeoutMs: receiver.timeoutMs ?? 60_000,
          authentication: authenticationOf(receiver.authentication),
          cleanupHeaders: receiver.cleanupHeaders ?? true,
        };
      case 'ProcessDirect':
        return { ...base, adapter: 'ProcessDirect', address: receiver.address };
      case 'Mail':
        return {
          ...base,
          adapter: 'Mail',
          server: receiver.server,
          security: receiver.security ?? 'starttls_required',
          authentication: receiver.credential === undefined ? 'none' : 'loginPlain',
          credential: receiver.credential ?? '',
          from: receiver.from,
          to: receiver.to,
          cc: receiver.cc ?? '',
          bcc: receiver.bcc ?? '',
          subject: receiver.subject ?? '',
          body: receiver.body ?? '${body}',
          contentType: receiver.contentType ?? 'text/plain',
          contentEncoding: 'UTF-8',
          timeoutMs: receiver.timeoutMs ?? 30_000,
        };
    }
  }

  #condition(condition: NativeCondition, path: string, line: number | undefined): Condition {
    if (typeof condition === 'string') return { language: 'simple', expression: condition };
    if (condition.simple !== undefined && condition.xpath === undefined)
      return { language: 'simple', expression: condition.simple };
    if (condition.xpath !== undefined && condition.simple === undefined)
      return { language: 'xpath', expression: condition.xpath };
    this.#problem(path, 'A condition has exactly one of simple and xpath.', line);
    return { language: 'simple', expression: 'false' };
  }

  #assignments(
    table: Readonly<Record<string, NativeAssignment>> | undefined,
    path: string,
    line: number | undefined,
  ): readonly Assignment[] {
    return Object.entries(table ?? {}).map(([name, value]) => {
      if (typeof value === 'string')
        return { action: 'create', name, source: 'expression', value, dataType: '', defaultValue: '' };
      const sources = SOURCES.filter((source) => value[source] !== undefined);
      const [source] = sources;
      if (value.delete === true) {
        if (sources.length > 0) this.#problem(`${path}.${name}`, 'delete excludes a value.', line);
        return { action: 'delete', name, source: 'constant', value: '', dataType: '', defaultValue: '' };
      }
      if (sources.length !== 1)
        this.#problem(`${path}.${name}`, `Exactly one of ${SOURCES.join(', ')} is expected.`, line);
      return {
        action: 'create',
        name,
        source: source ?? 'constant',
        value: source === undefined ? '' : (value[source] ?? ''),
        dataType: value.type ?? '',
        defaultValue: value.default ?? '',
      };
    });
  }
}

const SOURCES = [
  'constant',
  'expression',
  'header',
  'property',
  'xpath',
  'localVariable',
  'globalVariable',
  'numberRange',
] as const satisfies readonly ValueSource[];

/** What every flow with this authorization is told when it is deployed. */
export const CLIENT_CERTIFICATE_WARNING = {
  code: 'client-certificate-authorization',
  message:
    'Authorization by client certificate compares subject and issuer DN, not the certificate, and a renewed certificate with other DNs needs the flow deployed again. A user role needs neither.',
} as const;

function authenticationOf(authentication: ReceiverAuthentication | undefined): ReceiverAuthentication {
  return authentication ?? { type: 'None' };
}
