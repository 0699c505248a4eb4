import { FlowProcessingError } from '@sluice/domain';
import type { FlowWarning } from '../error/flow-errors.js';
import type { ReceiverChannel } from '../model/channel-definition.js';
import type { FlowDefinition } from '../model/flow-definition.js';
import { httpMethods, receiverUrl } from '../step/call-receiver.js';

/**
 * What of a receiver channel no message could be sent by, read as it is read when one is. Texts that hold an expression are
 * known at a message only. A warning, no refusal: artifacts come with addresses that are yet to be filled in, and with receivers
 * that are never reached.
 */
export function checkReceivers(definition: FlowDefinition): FlowWarning[] {
  return definition.receivers.flatMap((receiver) =>
    faultsOf(receiver).map(({ field, message }) => ({
      path: `${receiver.id}.${field}`,
      code: 'incomplete-configuration' as const,
      message: `Every message to the receiver "${receiver.name}" will fail: ${message}`,
    })),
  );
}

interface Fault {
  readonly field: string;
  readonly message: string;
}

function faultsOf(receiver: ReceiverChannel): Fault[] {
  if (receiver.adapter !== 'HTTP' && receiver.adapter !== 'SOAP') return [];
  const faults: Fault[] = [];
  // That there is none is told by the reader.
  if (receiver.address !== '' && isConstant(receiver.address)) {
    const message = whyNoUrl(receiver.address);
    if (message !== undefined) faults.push({ field: 'address', message });
  }
  if (receiver.adapter === 'HTTP' && isConstant(receiver.method)) {
    const method = receiver.method.trim().toUpperCase();
    if (!httpMethods.has(method))
      faults.push({
        field: 'method',
        message: `"${receiver.method}" is not an HTTP method.`,
      });
  }
  return faults;
}

const isConstant = (text: string): boolean => !text.includes('${') && !text.includes('$simple{');

function whyNoUrl(address: string): string | undefined {
  try {
    receiverUrl(address, '');
    return undefined;
  } catch (error) {
    if (error instanceof FlowProcessingError) return error.message;
    throw error;
  }
}
