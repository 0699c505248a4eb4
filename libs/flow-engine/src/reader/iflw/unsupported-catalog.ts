/** Why a step of the reference is refused, and what to do instead. */
export interface Refusal {
  readonly why: string;
  readonly nearest: string;
}

const REFUSALS: Readonly<Record<string, Refusal>> = {
  Aggregator: {
    why: 'Messages of different calls are not collected over time.',
    nearest: 'a data store write here, and a timer flow that selects, combines and deletes',
  },
  'Mapping/OperationMapping': { why: 'Operation mappings are not run.', nearest: 'an XSLT or JSONata mapping' },
  Mapping: {
    why: 'Graphical message mappings (.mmap) are not run.',
    nearest: 'an XSLT or JSONata mapping with the same result',
  },
  XMLtoEDIConverter: { why: 'EDI is not written.', nearest: 'a script step, or a converter behind a request-reply' },
  EDItoXMLConverter: { why: 'EDI is not read.', nearest: 'a script step, or a converter behind a request-reply' },
  EDIExtractor: { why: 'EDI is not read.', nearest: 'a content modifier with XPath on XML' },
  EDISplitter: { why: 'EDI is not read.', nearest: 'a general splitter on XML' },
  contentEnricherWithLookup: {
    why: 'Content enrichment is not done.',
    nearest: 'request-reply, with the original body kept in a property, and an XSLT mapping',
  },
  PollEnrich: { why: 'Polling receivers are not called.', nearest: 'a request-reply over HTTP' },
  XmlDigitalSignMessage: { why: 'Messages are not signed.', nearest: 'a signing service behind a request-reply' },
  SimpleSignMessage: { why: 'Messages are not signed.', nearest: 'a signing service behind a request-reply' },
  PKCS7MessageSigner: { why: 'Messages are not signed.', nearest: 'a signing service behind a request-reply' },
  PGPEncryptor: { why: 'PGP is not offered.', nearest: 'TLS with a client certificate to the receiver' },
  PGPDecryptor: { why: 'PGP is not offered.', nearest: 'TLS with a client certificate from the sender' },
  PKCS7Encryptor: { why: 'PKCS#7 is not offered.', nearest: 'TLS with a client certificate to the receiver' },
  PKCS7Decryptor: { why: 'PKCS#7 is not offered.', nearest: 'TLS with a client certificate from the sender' },
  MessageDigest: { why: 'Digests are not computed.', nearest: 'a script step' },
  IDMapper: {
    why: 'Ids are not mapped for exactly-once delivery.',
    nearest: 'a data store write with the id as entry id',
  },
};

/** @returns what to say of an activity the engine does not have */
export function refusalOf(activityType: string, subActivityType: string): Refusal {
  return (
    REFUSALS[`${activityType}/${subActivityType}`] ??
    REFUSALS[activityType] ?? {
      why: 'The step is not known to this engine.',
      nearest: 'a script step, or a service behind a request-reply',
    }
  );
}

const ADAPTERS: Readonly<Record<string, string>> = {
  HCIOData: 'an HTTP receiver with the OData address, query and Accept header',
  OData: 'an HTTPS sender, or an HTTP receiver with the OData address',
  AdvancedEventMesh: 'an HTTP receiver on the REST endpoint of the event mesh',
  JMS: 'a data store and a timer flow',
  AMQP: 'an HTTP receiver on the REST endpoint of the broker',
  Kafka: 'an HTTP receiver on a REST proxy',
  SFTP: 'an HTTP receiver on a file service',
  FTP: 'an HTTP receiver on a file service',
  SuccessFactors: 'an HTTP receiver with the OData address',
  RFC: 'an HTTP or SOAP receiver on the function as a web service',
  IDOC: 'a SOAP receiver',
  AS2: 'an HTTPS sender',
  JDBC: 'a service behind an HTTP receiver',
  Mail: 'an HTTPS sender that a mail gateway calls',
};

/** @returns the nearest thing to an adapter that is not offered */
export function nearestAdapter(adapter: string, direction: 'sender' | 'receiver'): string {
  return (
    ADAPTERS[adapter] ??
    (direction === 'sender'
      ? 'an HTTPS, SOAP, IDOC or ProcessDirect sender, or a timer'
      : 'an HTTP, SOAP, ProcessDirect or Mail receiver')
  );
}
