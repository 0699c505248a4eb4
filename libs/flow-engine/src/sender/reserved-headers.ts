/**
 * Headers that mean something to a flow, to its log or to a program behind it, and that come from the runtime or from the flow's
 * own steps alone (attack 44). Judged by letters and digits only: `sap-sender`, `SAP_Sender` and `sap.sender` are one name to some program.
 */
const FAMILIES =
  /^(camel|orgapachecamel|sluice|breadcrumbid|sap(applicationid|aribaidoc|as[24]|attachment|auth|correlat|customstatus|data|edi|eric|eventing|exchange|exception|file|ftp|sftp|idoc|inbound|interchange|iscorrel|jms|json|kafka|messageid|messageprocessing|messagetype|monitoring|mpl|outbound|plainsoap|pregenerated|queue|receiver|rm|sender|soap|trace|xi|xml))/;
/** Every other one in SAP's own way of writing them. */
const SAP_PREFIX = /^sap[^a-z0-9]/;
/** What clients of SAP systems send of themselves over HTTP; nothing here reads them. */
const OF_CLIENTS = new Set([
  'sap-cancel-on-close',
  'sap-client',
  'sap-contextid',
  'sap-contextid-accept',
  'sap-language',
  'sap-passport',
  'sap-statistics',
]);

/** Whether a header's name is one of SAP's, Camel's or our own, in whatever spelling. */
export function isReservedHeader(name: string): boolean {
  const lower = name.toLowerCase();
  return FAMILIES.test(lower.replace(/[^a-z0-9]/g, '')) || (SAP_PREFIX.test(lower) && !OF_CLIENTS.has(lower));
}
