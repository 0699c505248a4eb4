import { describe, expect, it } from '@jest/globals';
import type { HttpSender } from '../model/channel-definition.js';
import { readFlowDefinition } from '../reader/read-flow-definition.js';
import { compileFlow } from '../compile/compile-flow.js';
import type { FlowOutcome } from '../run/flow-outcome.js';
import { runFlow } from '../run/run-flow.js';
import { fixedPorts, utf8 } from '../testing/flow-fixture.js';
import { isReservedHeader } from './reserved-headers.js';
import { readSenderRequest } from './sender-exchange.js';

const reserved = [
  'SAP_Sender',
  'SAP_Receiver',
  'SAP_ReceiverOverwrite',
  'SAP_ApplicationID',
  'SAP_MessageType',
  'SAP_MessageProcessingLogID',
  'SAP_MessageProcessingLogLevel',
  'SAP_MessageProcessingLogConfiguration',
  'SAP_MessageProcessingLogCustomStatus',
  'SAP_MplCorrelationId',
  'SAP_PregeneratedMplId',
  'SAP_CorrelateMPLs',
  'SAP_MonitoringStateProperties',
  'SAP_XmlValidationResult',
  'SAP_JsonValidationResult',
  'SAP_EDI_Document_Standard',
  'SAP_AS2MessageContentType',
  'SAP_AuthHeaderValue',
  'SAP_FtpMarkerFileName',
  'SAP_SomethingNew',
  'SapAuthenticatedUserName',
  'SapDataStoreId',
  'SapMessageId',
  'SapMessageIdEx',
  'SapInterchangeControlNumber',
  'SapIDocType',
  'SapIDocTransferId',
  'SapIDocDbId',
  'SapPlainSoapQueueId',
  'SAPJMSRetries',
  'SapRmAppName',
  'CamelHttpUri',
  'CamelHttpMethod',
  'CamelHttpResponseCode',
  'CamelHttpPath',
  'CamelHttpQuery',
  'CamelHttpUrl',
  'CamelServletContextPath',
  'CamelFileName',
  'CamelSplitIndex',
  'CamelCharsetName',
  'CamelAnythingNew',
  'org.apache.camel.Something',
  'breadcrumbId',
  'Sluice-Decision-Id',
  'Sluice-Actor',
  'Sluice-Anything',
];

/** As some program on the way, or some server behind, may take for the same name. */
function spellings(name: string): string[] {
  const separated = name.replace(/([a-z0-9])(?=[A-Z])/g, '$1_');
  const written = [name, separated].flatMap((each) =>
    ['_', '-', '.'].map((separator) => each.replace(/[_.-]+/g, separator)),
  );
  return [...new Set(written.flatMap((each) => [each, each.toLowerCase(), each.toUpperCase()]))];
}

describe.each([
  { channel: 'without allowedHeaders', allowed: '' },
  { channel: 'that allows all', allowed: ', allowedHeaders: ["*"]' },
  { channel: 'that names them', allowed: `, allowedHeaders: ${JSON.stringify(reserved.flatMap(spellings))}` },
])('attack 44: a header that is SAP’s, Camel’s or our own, sent to a channel $channel', ({ allowed }) => {
  const { definition } = readFlowDefinition({
    mediaType: 'application/yaml',
    content: utf8(`name: t\nsender: {adapter: HTTPS, address: /t${allowed}}\nsteps: []\n`),
  });
  const channel = definition.senders[0] as HttpSender;
  const sent = (headers: Record<string, string>) => ({
    method: 'POST',
    path: '',
    query: '',
    url: 'https://h/http/t',
    headers,
    body: 'b',
  });
  const ours = new Set(Array.from(readSenderRequest(channel, sent({})).headers, ([name]) => name));

  it.each(reserved)('%s does not reach the flow in any spelling, nor the log', (name) => {
    for (const spelling of spellings(name)) {
      const message = readSenderRequest(channel, sent({ [spelling]: 'forged' }));
      expect([...message.headers].filter(([key, value]) => !ours.has(key) || value === 'forged')).toEqual([]);
      const outcome = runFlow(compileFlow(definition), message, fixedPorts()) as FlowOutcome;
      expect([outcome.sender, outcome.receiver, outcome.messageType, outcome.applicationId]).toEqual(
        Array.from({ length: 4 }),
      );
    }
  });
});

describe('a header that only looks like one', () => {
  it.each(['sap-client', 'sap-language', 'sap-passport', 'Sapling', 'sapphire-id', 'X-SAP-Order', 'caramel', 'id'])(
    '%s is a sender’s to send',
    (name) => {
      expect(isReservedHeader(name)).toBe(false);
    },
  );
});
