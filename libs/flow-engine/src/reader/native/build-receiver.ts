import type { ReceiverAuthentication, ReceiverChannel } from '../../model/channel-definition.js';
import type { NativeReceiver } from './flow-format.js';

/** @returns the channel of a receiver, with its defaults */
export function buildReceiver(receiver: NativeReceiver, id: string): ReceiverChannel {
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

function authenticationOf(authentication: ReceiverAuthentication | undefined): ReceiverAuthentication {
  return authentication ?? { type: 'None' };
}
