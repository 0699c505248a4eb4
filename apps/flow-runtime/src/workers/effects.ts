import {
  isStreamedBody,
  type DataStoreEntry,
  type DataStoreName,
  type FlowPorts,
  type HttpRequest,
  type MailRequest,
  type MessageAttachment,
  type ProcessDirectCaller,
  type StreamedBody,
} from '@sluice/flow-engine';
import type { Effect, PackedMessage } from './worker-frames.js';
import { unpackMessage, packMessage } from './pack-message.js';

/** What crosses for one call: plain data, and octets beside it. */
export interface Crossing {
  readonly value: unknown;
  readonly parts: readonly Uint8Array[];
}

/** Asks the runtime for an effect. @throws FlowProcessingError as the port itself does */
export type Ask = (effect: Effect, given: unknown, parts: readonly Uint8Array[]) => Promise<Crossing>;

type HttpGiven = Omit<HttpRequest, 'body'> & { readonly body: 'none' | 'bytes' | 'streamed' };
type StoreOptions = { readonly overwrite: boolean; readonly encrypt: boolean; readonly expirationDays: number };
type PackedEntry = Omit<DataStoreEntry, 'body'>;
interface MailGiven extends Omit<MailRequest, 'attachments'> {
  readonly attachments: readonly { readonly name: string; readonly mediaType: string; readonly text: boolean }[];
}

/** The ports of a flow that runs in a worker: each effect is asked for, and had by the runtime. */
export function portsThatAsk(ask: Ask): Omit<FlowPorts, 'now' | 'newId' | 'script'> {
  const plain = async (effect: Effect, given: unknown) => (await ask(effect, given, [])).value;
  return {
    http: {
      send: async ({ body, ...request }) => {
        const kind = body === null ? 'none' : isStreamedBody(body) ? 'streamed' : 'bytes';
        const given: HttpGiven = { ...request, body: kind };
        const parts = body === null || isStreamedBody(body) ? [] : [body];
        const answer = await ask('http.send', given, parts);
        const { status, headers } = answer.value as { status: number; headers: Record<string, string> };
        return { status, headers, body: answer.parts[0] ?? new Uint8Array() };
      },
    },
    processDirect: {
      call: async (address, message, caller) => {
        const parts: Uint8Array[] = [];
        const given = { address, message: packMessage(message, parts), caller };
        const answer = await ask('processDirect.call', given, parts);
        return unpackMessage(answer.value as PackedMessage, answer.parts);
      },
    },
    dataStore: {
      write: async (name, { body, ...entry }, options) =>
        void (await ask('dataStore.write', { name, entry, options }, [body])),
      get: async (name, id) => {
        const answer = await ask('dataStore.get', { name, id }, []);
        return answer.value === null ? undefined : entriesOf(answer)[0];
      },
      select: async (name, maximumEntries) => entriesOf(await ask('dataStore.select', { name, maximumEntries }, [])),
      delete: async (name, ids) => void (await plain('dataStore.delete', { name, ids })),
    },
    variables: {
      get: async (name, scope) => ((await plain('variables.get', { name, scope })) as string | null) ?? undefined,
      set: async (name, scope, value, expirationDays) =>
        void (await plain('variables.set', { name, scope, value, expirationDays })),
      nextNumber: async (range) => (await plain('variables.nextNumber', { range })) as string,
    },
    mail: {
      send: async ({ attachments, ...mail }) => {
        const given: MailGiven = {
          ...mail,
          attachments: attachments.map(({ name, mediaType, content }) => ({
            name,
            mediaType,
            text: typeof content === 'string',
          })),
        };
        await ask(
          'mail.send',
          given,
          attachments.map(({ content }) => (typeof content === 'string' ? Buffer.from(content) : content)),
        );
      },
    },
    persist: {
      persist: async (storeId, message, encrypt, messageId) => {
        const parts: Uint8Array[] = [];
        // As it is stored: in octets.
        const copy = message.clone();
        copy.body = message.bytes();
        copy.attachments = [];
        const given = { storeId, message: packMessage(copy, parts), encrypt, messageId };
        await ask('persist.persist', given, parts);
      },
    },
  };
}

/**
 * Has an effect that a worker asked for, by the ports of its flow.
 * @param streamed the body of the request that the message came by, while it is still to come
 * @throws FlowProcessingError as the port does
 */
export async function haveEffect(
  ports: FlowPorts,
  effect: Effect,
  given: unknown,
  parts: readonly Uint8Array[],
  streamed: StreamedBody | undefined,
): Promise<Crossing> {
  switch (effect) {
    case 'http.send': {
      const { body: kind, ...request } = given as HttpGiven;
      const body = kind === 'none' ? null : kind === 'streamed' ? (streamed ?? null) : (parts[0] ?? null);
      const { status, headers, body: reply } = await offered(ports.http).send({ ...request, body });
      return { value: { status, headers }, parts: [reply] };
    }
    case 'processDirect.call': {
      const { address, message, caller } = given as {
        address: string;
        message: PackedMessage;
        caller: ProcessDirectCaller;
      };
      const reply = await offered(ports.processDirect).call(address, unpackMessage(message, parts), caller);
      const replyParts: Uint8Array[] = [];
      return { value: packMessage(reply, replyParts), parts: replyParts };
    }
    case 'dataStore.write': {
      const { name, entry, options } = given as { name: DataStoreName; entry: PackedEntry; options: StoreOptions };
      await offered(ports.dataStore).write(name, { ...entry, body: parts[0] ?? new Uint8Array() }, options);
      return nothing;
    }
    case 'dataStore.get': {
      const { name, id } = given as { name: DataStoreName; id: string };
      const entry = await offered(ports.dataStore).get(name, id);
      return entry === undefined ? nothing : packEntries([entry]);
    }
    case 'dataStore.select': {
      const { name, maximumEntries } = given as { name: DataStoreName; maximumEntries: number };
      return packEntries(await offered(ports.dataStore).select(name, maximumEntries));
    }
    case 'dataStore.delete': {
      const { name, ids } = given as { name: DataStoreName; ids: readonly string[] };
      await offered(ports.dataStore).delete(name, ids);
      return nothing;
    }
    case 'variables.get': {
      const { name, scope } = given as { name: string; scope: 'local' | 'global' };
      return { value: (await offered(ports.variables).get(name, scope)) ?? null, parts: [] };
    }
    case 'variables.set': {
      const { name, scope, value, expirationDays } = given as {
        name: string;
        scope: 'local' | 'global';
        value: string;
        expirationDays: number;
      };
      await offered(ports.variables).set(name, scope, value, expirationDays);
      return nothing;
    }
    case 'variables.nextNumber': {
      const { range } = given as { range: string };
      const variables = offered(ports.variables);
      const number = variables.nextNumber ? await variables.nextNumber(range) : await variables.get(range, 'global');
      return { value: number ?? null, parts: [] };
    }
    case 'mail.send': {
      const { attachments, ...mail } = given as MailGiven;
      const opened = attachments.map(({ name, mediaType, text }, index): MessageAttachment => {
        const content = parts[index] ?? new Uint8Array();
        return { name, mediaType, content: text ? Buffer.from(content).toString() : content };
      });
      await offered(ports.mail).send({ ...mail, attachments: opened });
      return nothing;
    }
    case 'persist.persist': {
      const { storeId, message, encrypt, messageId } = given as {
        storeId: string;
        message: PackedMessage;
        encrypt: boolean;
        messageId: string;
      };
      await offered(ports.persist).persist(storeId, unpackMessage(message, parts), encrypt, messageId);
      return nothing;
    }
  }
}

const nothing: Crossing = { value: null, parts: [] };

function offered<Port>(port: Port | undefined): Port {
  if (port === undefined) throw new Error('This runtime offers no such port.');
  return port;
}

function packEntries(entries: readonly DataStoreEntry[]): Crossing {
  return {
    value: entries.map(({ id, headers }): PackedEntry => ({ id, headers })),
    parts: entries.map(({ body }) => body),
  };
}

function entriesOf({ value, parts }: Crossing): DataStoreEntry[] {
  return (value as readonly PackedEntry[]).map((entry, index) => ({
    ...entry,
    body: parts[index] ?? new Uint8Array(),
  }));
}
