/** Parts of an `.iflw` for tests: a process of elements with properties, behind an HTTPS sender. */

const property = (key: string, value: string): string =>
  `<ifl:property><key>${key}</key><value>${value}</value></ifl:property>`;
export const properties = (entries: Record<string, string>): string =>
  `<bpmn2:extensionElements>${Object.entries(entries)
    .map(([key, value]) => property(key, value))
    .join('')}</bpmn2:extensionElements>`;
export const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
export const activity = (id: string, entries: Record<string, string>, inner = ''): string =>
  `<bpmn2:callActivity id="${id}" name="${id}">${properties(entries)}${inner}</bpmn2:callActivity>`;
export const flow = (id: string, from: string, to: string, inner = ''): string =>
  `<bpmn2:sequenceFlow id="${id}" name="${id}" sourceRef="${from}" targetRef="${to}">${inner}</bpmn2:sequenceFlow>`;
export const START = '<bpmn2:startEvent id="Start"><bpmn2:messageEventDefinition/></bpmn2:startEvent>';
export const END = '<bpmn2:endEvent id="End"><bpmn2:messageEventDefinition/></bpmn2:endEvent>';
export const HTTPS = {
  ComponentType: 'HTTPS',
  direction: 'Sender',
  urlPath: '/t',
  senderAuthType: 'RoleBased',
  userRole: 'R',
};

export function iflw(
  process: string,
  options: {
    sender?: Record<string, string>;
    channels?: string;
    more?: string;
    flowProperties?: Record<string, string>;
  } = {},
): string {
  return `<?xml version="1.0"?><bpmn2:definitions xmlns:bpmn2="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:ifl="http:///com.sap.ifl.model/Ifl.xsd" id="Defs">
<bpmn2:collaboration id="Coll">${properties(options.flowProperties ?? {})}<bpmn2:messageFlow id="M" name="in" sourceRef="P1" targetRef="Start">${properties(options.sender ?? HTTPS)}</bpmn2:messageFlow>${options.channels ?? ''}</bpmn2:collaboration>
<bpmn2:process id="Main" name="Main">${process}</bpmn2:process>${options.more ?? ''}</bpmn2:definitions>`;
}

export const line = (...steps: [id: string, xml: string][]): string => {
  const ids = ['Start', ...steps.map(([id]) => id), 'End'];
  return (
    START +
    steps.map(([, xml]) => xml).join('') +
    END +
    ids
      .slice(1)
      .map((id, index) => flow(`F${index}`, ids[index] as string, id))
      .join('')
  );
};
