import { mayReadBody } from '@sluice/simple-language';
import type { HttpReceiver, SenderChannel } from '../model/channel-definition.js';
import type { FlowDefinition } from '../model/flow-definition.js';
import type { ContentModifierStep, StepDefinition } from '../model/step-definition.js';

/** What keeps the body of a sender channel from being passed on as it comes. */
export type GatherReason =
  | 'not-https'
  | 'log-level-trace'
  | 'exception-subprocess'
  | 'no-receiver-call'
  | 'step-before-call'
  | 'expression-reads-body'
  | 'receiver-not-http'
  | 'method-may-lack-body'
  | 'receiver-retries'
  | 'body-may-be-sent-twice';

/** Methods that always send the body of the message. */
const methodsWithBody: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

/**
 * Decides whether the body of a channel's requests is gathered before the flow begins. It is not where nothing in the flow
 * sees more of it than a chunk: steps before the first request-reply set headers and properties alone, and that call sends
 * the body once. What is not known for certain is gathered.
 * @returns null when it is passed on as it comes
 */
export function whyBodyIsGathered(definition: FlowDefinition, sender: SenderChannel): GatherReason | null {
  // The other adapters take the body out of an envelope, or have none.
  if (sender.adapter !== 'HTTPS') return 'not-https';
  // Every step's payload is kept there.
  if (definition.log.level === 'TRACE') return 'log-level-trace';
  const process = definition.processes.find(({ id }) => id === sender.process);
  if (process === undefined) return 'no-receiver-call';
  // It gets the message as it was when a step failed, with its body.
  if (process.exceptionSubprocess !== undefined) return 'exception-subprocess';
  const steps = new Map(process.steps.map((step) => [step.id, step]));
  const visited = new Set<StepDefinition>();
  for (let at = process.start; ;) {
    const step = at === undefined ? undefined : steps.get(at);
    if (step === undefined || visited.has(step)) return 'no-receiver-call';
    visited.add(step);
    if (step.type === 'requestReply') return whyCallGathers(definition, step.receiver);
    if (step.type !== 'contentModifier') return 'step-before-call';
    const reason = whyModifierGathers(step);
    if (reason !== null) return reason;
    at = step.next;
  }
}

/** Ids of the sender channels whose bodies may be passed on as they come: no step needs the whole. */
export function streamingSendersOf(definition: FlowDefinition): ReadonlySet<string> {
  return new Set(
    definition.senders.filter((sender) => whyBodyIsGathered(definition, sender) === null).map(({ id }) => id),
  );
}

function whyModifierGathers(step: ContentModifierStep): GatherReason | null {
  if (step.body !== undefined) return 'step-before-call';
  for (const { action, source, value } of [...step.headers, ...step.properties]) {
    if (action === 'delete' || source === 'constant' || source === 'header' || source === 'property') continue;
    if (source === 'xpath') return 'expression-reads-body';
    if (source !== 'expression') return 'step-before-call';
    if (mayReadBody(value)) return 'expression-reads-body';
  }
  return null;
}

function whyCallGathers(definition: FlowDefinition, receiverId: string): GatherReason | null {
  const receiver = definition.receivers.find(({ id }) => id === receiverId);
  if (receiver?.adapter !== 'HTTP') return 'receiver-not-http';
  if (!methodsWithBody.has(receiver.method.trim().toUpperCase())) return 'method-may-lack-body';
  if (receiver.retries !== 0) return 'receiver-retries';
  // A token that is refused is replaced, and the request sent again.
  if (receiver.authentication.type === 'OAuth2ClientCredentials') return 'body-may-be-sent-twice';
  return expressionsOf(receiver).some(mayReadBody) ? 'expression-reads-body' : null;
}

function expressionsOf({ address, query, authentication }: HttpReceiver): readonly string[] {
  if (authentication.type === 'None') return [address, query];
  return [
    address,
    query,
    authentication.type === 'ClientCertificate' ? authentication.keyAlias : authentication.credential,
  ];
}
