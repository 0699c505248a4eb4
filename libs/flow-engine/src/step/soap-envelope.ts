import { FlowProcessingError } from '@sluice/domain';
import type { Message } from '../message/message.js';
import { serializeXml, type XmlNode } from '@sluice/xml';

export const SOAP_11 = 'http://schemas.xmlsoap.org/soap/envelope/';
export const SOAP_12 = 'http://www.w3.org/2003/05/soap-envelope';

/** Puts the body into an envelope. A body that is an envelope already is sent as it is. */
export function wrapSoap(message: Message, version: '1.1' | '1.2'): string {
  const namespace = version === '1.2' ? SOAP_12 : SOAP_11;
  const root = message.isEmpty ? null : message.document().firstElement;
  if (root !== null && root.name === 'Envelope' && (root.namespace === SOAP_11 || root.namespace === SOAP_12))
    return serializeXml(root);
  const body = root === null ? '' : serializeXml(root);
  return `<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="${namespace}"><soap:Body>${body}</soap:Body></soap:Envelope>`;
}

/**
 * Takes the body out of an envelope.
 * @returns the content as XML, and the text of a fault if it is one
 * @throws FlowProcessingError `xml-malformed`
 */
export function unwrapSoap(message: Message): {
  readonly body: string;
  readonly fault: string | null;
  readonly version: '1.1' | '1.2';
} {
  const envelope = message.document().firstElement;
  if (
    envelope === null ||
    envelope.name !== 'Envelope' ||
    (envelope.namespace !== SOAP_11 && envelope.namespace !== SOAP_12)
  )
    throw new FlowProcessingError('xml-malformed', 'The message is not a SOAP envelope.');
  const body = child(envelope, 'Body');
  if (body === null) throw new FlowProcessingError('xml-malformed', 'The SOAP envelope has no body.');
  const fault = child(body, 'Fault');
  const content = body.children.filter((node) => node.kind === 'element');
  return {
    body: content.map((node) => serializeXml(node, { omitNamespace: envelope.namespace })).join(''),
    fault: fault === null ? null : faultText(fault),
    version: envelope.namespace === SOAP_12 ? '1.2' : '1.1',
  };
}

function child(parent: XmlNode, name: string): XmlNode | null {
  return (
    parent.children.find(
      (node) => node.kind === 'element' && node.name === name && node.namespace === parent.namespace,
    ) ?? null
  );
}

function faultText(fault: XmlNode): string {
  const reason = fault.children.find(
    (node) => node.kind === 'element' && (node.name === 'faultstring' || node.name === 'Reason'),
  );
  return (reason ?? fault).text.trim();
}
