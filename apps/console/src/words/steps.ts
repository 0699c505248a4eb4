import type { StepType } from '@sluice/flow-engine/model';

/** The steps of a flow by the names that the reference gives them. */
export const stepNames: Readonly<Record<StepType, string>> = {
  contentModifier: 'Content Modifier',
  router: 'Router',
  filter: 'Filter',
  splitter: 'Splitter',
  gather: 'Gather',
  join: 'Join',
  multicast: 'Multicast',
  requestReply: 'Request Reply',
  send: 'Send',
  processCall: 'Process Call',
  jsonToXml: 'JSON to XML Converter',
  xmlToJson: 'XML to JSON Converter',
  csvToXml: 'CSV to XML Converter',
  xmlToCsv: 'XML to CSV Converter',
  xslt: 'XSLT Mapping',
  xmlValidation: 'XML Validator',
  jsonValidation: 'JSON Validator',
  encode: 'Encoder',
  decode: 'Decoder',
  dataStoreWrite: 'Data Store Write',
  dataStoreGet: 'Data Store Get',
  dataStoreSelect: 'Data Store Select',
  dataStoreDelete: 'Data Store Delete',
  writeVariables: 'Write Variables',
  mapping: 'Mapping',
  script: 'Script',
  xmlModifier: 'XML Modifier',
  persist: 'Persist Message',
  log: 'Log',
  end: 'End',
};

const names: ReadonlyMap<string, string> = new Map([
  ...Object.entries(stepNames),
  ['errorEnd', 'Error End'],
  ['escalationEnd', 'Escalation End'],
]);

/** The name of a type of step; a text that is no type stays: a step without a name of its own is named by its type. */
export function stepName(type: string): string {
  return names.get(type) ?? type;
}
