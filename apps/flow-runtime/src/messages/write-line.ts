import type { MessageDetail, MessageLine } from '@sluice/contracts';
import type { FlowDefinition, FlowOutcome, StepRecord } from '@sluice/flow-engine';
import { storableJson } from '../persistence/storable-json.js';

/** A flow whose messages are logged; an endpoint is one. */
export interface LoggedFlow {
  readonly flowId: string;
  readonly definition: FlowDefinition;
}

/** The detail of one entry in octets, so that it travels in one message of the bus whatever a flow traced. */
const maxDetail = 1_500_000;
/** Texts of errors come from anywhere. */
const maxText = 16 * 1024;
const maxAttachment = 512 * 1024;

/** Writes entries as lines (`MessageLine` of contracts). The usual one is put together from texts that are there already. */
export class WriteLine {
  readonly #ends = new WeakMap<LoggedFlow, Map<string, string>>();

  line(
    id: string,
    start: number,
    end: number | null,
    status: MessageLine[3],
    flow: LoggedFlow,
    sender: string,
    more?: {
      readonly correlationId?: string;
      readonly runtimeId?: string;
      /** A text is one that {@link writeDetail} wrote. */
      readonly detail?: MessageDetail | string | undefined;
    },
  ): string {
    const begin = `["${id}",${start},${end === null ? 'null' : end},"${status}",${this.#about(flow, sender)}`;
    if (more === undefined) return `${begin},null,null,null]`;
    const { correlationId, runtimeId, detail } = more;
    const correlation = correlationId === undefined || correlationId === id ? 'null' : storableJson(correlationId);
    return `${begin},${correlation},${storableJson(runtimeId ?? null)},${detail === undefined ? 'null' : typeof detail === 'string' ? detail : writeDetail(detail)}]`;
  }

  #about(flow: LoggedFlow, sender: string): string {
    let ends = this.#ends.get(flow);
    if (ends === undefined) this.#ends.set(flow, (ends = new Map()));
    let end = ends.get(sender);
    if (end === undefined) {
      // A flow may set the sender from what it is sent.
      if (ends.size >= 256) ends.clear();
      end = `${storableJson(flow.flowId)},"${flow.definition.log.level}",${storableJson(sender)}`;
      ends.set(sender, end);
    }
    return end;
  }
}

/** A line that is no entry, of so many octets. */
export function trialLine(bytes: number): string {
  return 'null'.padEnd(bytes);
}

/**
 * @param payloads false: what was traced of bodies, headers and properties, and what attachments hold, is left out
 * @returns undefined for a message of which there is nothing more to tell
 */
export function detailOf(outcome: FlowOutcome, payloads: boolean): MessageDetail | undefined {
  if (
    outcome.error === undefined &&
    outcome.receiver === undefined &&
    outcome.messageType === undefined &&
    outcome.applicationId === undefined &&
    outcome.steps.length === 0 &&
    outcome.customHeaders.length === 0 &&
    outcome.attachments.length === 0 &&
    outcome.log.length === 0
  )
    return undefined;
  const dropped = !payloads && (outcome.attachments.length > 0 || outcome.steps.some(isTraced));
  return {
    ...(dropped ? { payloadsDropped: true } : {}),
    ...(outcome.error ? { error: outcome.error.message.slice(0, maxText) } : {}),
    ...(outcome.receiver === undefined ? {} : { receiver: outcome.receiver.slice(0, maxText) }),
    ...(outcome.messageType === undefined ? {} : { messageType: outcome.messageType.slice(0, maxText) }),
    ...(outcome.applicationId === undefined ? {} : { applicationId: outcome.applicationId.slice(0, maxText) }),
    ...(outcome.customHeaders.length > 0
      ? {
          customHeaders: Object.fromEntries(
            outcome.customHeaders.map(({ name, value }) => [name, value.slice(0, maxText)]),
          ),
        }
      : {}),
    ...(outcome.steps.length > 0
      ? { steps: outcome.steps.map((step) => (payloads ? { ...step } : withoutTrace(step))) }
      : {}),
    ...(outcome.stepsDropped > 0 ? { stepsDropped: outcome.stepsDropped } : {}),
    ...(outcome.log.length > 0 ? { log: outcome.log.map((entry) => ({ ...entry })) } : {}),
    ...(outcome.attachments.length > 0
      ? {
          attachments: outcome.attachments.map(({ name, mediaType, content }) => {
            const bytes = Buffer.from(content);
            if (!payloads) return { name, mediaType, size: bytes.length, content: '', contentDropped: true as const };
            const kept = bytes.subarray(0, maxAttachment);
            return { name, mediaType, size: bytes.length, content: kept.toString('base64') };
          }),
        }
      : {}),
  };
}

function isTraced({ payload, headers, properties }: StepRecord): boolean {
  return payload !== undefined || headers !== undefined || properties !== undefined;
}

function withoutTrace(step: StepRecord) {
  const { payload: _payload, headers: _headers, properties: _properties, ...rest } = step;
  return isTraced(step) ? { ...rest, payloadTruncated: true } : rest;
}

/**
 * The detail in JSON, so long that it travels in one message of the bus: what is largest and least missed is left out until the rest
 * fits: payloads, attachments, step records, log entries.
 */
export function writeDetail(detail: MessageDetail): string {
  let text = storableJson(detail);
  if (Buffer.byteLength(text) <= maxDetail) return text;
  let kept: MessageDetail = {
    ...detail,
    payloadsDropped: true,
    ...(detail.steps
      ? {
          steps: detail.steps.map(({ payload, ...step }) =>
            payload === undefined ? step : { ...step, payloadTruncated: true },
          ),
        }
      : {}),
  };
  text = storableJson(kept);
  if (Buffer.byteLength(text) <= maxDetail) return text;
  let room = maxDetail / 3;
  const attachments = (detail.attachments ?? []).map((attachment) => {
    const fits = attachment.content.length <= room;
    if (fits) room -= attachment.content.length;
    return fits ? attachment : { ...attachment, content: '', contentDropped: true as const };
  });
  const steps = (kept.steps ?? []).slice(0, 500).map(({ headers: _headers, properties: _properties, ...step }) => step);
  kept = {
    ...kept,
    attachments,
    steps,
    stepsDropped: (detail.stepsDropped ?? 0) + (detail.steps?.length ?? 0) - steps.length,
    log: (detail.log ?? []).slice(0, 100),
  };
  text = storableJson(kept);
  if (Buffer.byteLength(text) <= maxDetail) return text;
  return storableJson({
    payloadsDropped: true,
    error: (detail.error ?? 'What this message left in its log was too large to be kept.').slice(0, maxText),
  });
}
