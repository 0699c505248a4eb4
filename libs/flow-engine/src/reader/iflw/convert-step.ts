import type { GatherStrategy, StepDefinition } from '../../model/step-definition.js';
import { contentModifier, variables } from './convert-content-modifier.js';
import { csvToXml, xmlToCsv } from './convert-csv-step.js';
import { dataStore } from './convert-data-store.js';
import { jsonToXml, xmlToJson } from './convert-json-step.js';
import { script, validator, xslt } from './convert-resource-step.js';
import { splitter } from './convert-splitter.js';
import type { IflwContext, IflwElement } from './iflw-element.js';
import type { StepBase, StepConversion } from './step-conversion.js';
import { refusalOf } from './unsupported-catalog.js';

/** @returns the step of an activity, or null after reporting why there is none */
export function convertActivity(
  element: IflwElement,
  next: string | undefined,
  conversion: StepConversion,
): StepDefinition | null {
  const { context } = conversion;
  const base: StepBase = { id: element.id, name: element.name || element.id, ...(next === undefined ? {} : { next }) };
  const activity = element.get('activityType');
  const sub = element.get('subActivityType');
  switch (activity) {
    case 'Enricher':
      return contentModifier(element, base, context);
    case 'Filter':
      return {
        ...base,
        type: 'filter',
        xpath: element.get('wrapContent') || element.get('xpath'),
        resultType: filterType(element, context),
      };
    case 'Splitter':
      return splitter(element, base, context);
    case 'Gather':
      return gather(element, base, context);
    case 'ExternalCall':
    case 'Send': {
      const receiver = conversion.receiverOf(element.id);
      if (receiver === undefined) {
        context.problem('unresolved-reference', element, 'The step has no receiver channel.');
        return null;
      }
      return { ...base, type: activity === 'Send' ? 'send' : 'requestReply', receiver };
    }
    case 'ProcessCallElement':
      return processCall(element, base, sub, context);
    case 'DBstorage':
      return dataStore(element, base, context);
    case 'JsonToXmlConverter':
      return jsonToXml(element, base, context);
    case 'XmlToJsonConverter':
      return xmlToJson(element, base, context);
    case 'CsvToXmlConverter':
      return csvToXml(element, base, conversion);
    case 'XmlToCsvConverter':
      return xmlToCsv(element, base);
    case 'Mapping':
      if (sub === 'XSLTMapping' || element.get('mappingType') === 'XSLTMapping') return xslt(element, base, conversion);
      break;
    case 'XmlValidator':
    case 'JsonValidator':
      return validator(element, base, activity, conversion);
    case 'Encoder':
    case 'Decoder':
      return codec(element, base, activity, context);
    case 'Variables':
      return variables(element, base);
    case 'Persist':
      return {
        ...base,
        type: 'persist',
        storeId: element.get('messageStoreId') || element.id,
        encrypt: element.flag('encrypt', true),
      };
    case 'XmlModifier':
      if (!['', 'none'].includes(element.get('xmlCharacterHandling')))
        context.problem(
          'unsupported-setting',
          element,
          'Characters that XML forbids are not replaced.',
          'xmlCharacterHandling none',
        );
      return {
        ...base,
        type: 'xmlModifier',
        removeXmlDeclaration: element.flag('removeXmlDeclaration'),
        removeExternalDtd: element.flag('removeExternalDTDs'),
      };
    case 'Script':
      return script(element, base, sub, conversion);
    default:
  }
  const refusal = refusalOf(activity, sub);
  context.problem(
    'unsupported-step',
    element,
    `${activity || element.tag}${sub === '' ? '' : `/${sub}`}: ${refusal.why}`,
    refusal.nearest,
  );
  return null;
}

function filterType(
  element: IflwElement,
  context: IflwContext,
): 'Node' | 'Nodelist' | 'String' | 'Integer' | 'Number' | 'Boolean' {
  const type = element.get('xpathType') || 'Nodelist';
  const known = (['Node', 'Nodelist', 'String', 'Integer', 'Number', 'Boolean'] as const).find(
    (name) => name.toLowerCase() === type.toLowerCase(),
  );
  if (known === undefined)
    context.problem('unsupported-setting', element, `The result type "${type}" is not offered.`, 'Nodelist');
  return known ?? 'Nodelist';
}

function gather(element: IflwElement, base: StepBase, context: IflwContext): StepDefinition {
  const format = element.get('messageType');
  const algorithm = element.get('aggregationAlgorithm').toLowerCase();
  const messageFormat = /plain/i.test(format) ? 'plainText' : /different/i.test(format) ? 'differentXml' : 'sameXml';
  let strategy: GatherStrategy = { type: messageFormat === 'plainText' ? 'concatenate' : 'combine' };
  if (algorithm.includes('xpath'))
    strategy = { type: 'combineAtXPath', source: element.get('sourceXPath'), target: element.get('targetXPath') };
  else if (algorithm.includes('concat')) strategy = { type: 'concatenate' };
  else if (algorithm !== '' && !algorithm.includes('multi-mapping') && !algorithm.includes('plain'))
    context.problem(
      'unsupported-setting',
      element,
      `The aggregation "${algorithm}" is not offered.`,
      'combine, combine at XPath or concatenate',
    );
  return { ...base, type: 'gather', messageFormat, strategy };
}

function processCall(element: IflwElement, base: StepBase, sub: string, context: IflwContext): StepDefinition | null {
  const process = element.get('processId');
  if (sub !== 'LoopingProcess') return { ...base, type: 'processCall', process };
  const [loop] = element.children('standardLoopCharacteristics');
  const expression = (
    loop?.children.find((child) => child.name === 'loopCondition')?.text ?? element.get('loopCondition')
  ).trim();
  if (expression === '') {
    context.problem('missing-key', element, 'The looping process call has no condition.');
    return null;
  }
  const maximum = Number(loop?.attribute('loopMaximum') ?? '999');
  const resolved = context.resolve(expression, element);
  return {
    ...base,
    type: 'processCall',
    process,
    loop: {
      condition: { language: resolved.includes('${') ? 'simple' : 'xpath', expression: resolved },
      maximumIterations: Number.isInteger(maximum) && maximum > 0 ? Math.min(maximum, 99_999) : 999,
    },
  };
}

function codec(element: IflwElement, base: StepBase, activity: string, context: IflwContext): StepDefinition | null {
  const kind = element.get('encoderType');
  const type = activity === 'Encoder' ? 'encode' : 'decode';
  if (/base64/i.test(kind)) return { ...base, type, encoding: 'Base64' };
  if (/gzip/i.test(kind)) return { ...base, type, encoding: 'GZIP' };
  if (/^zip/i.test(kind)) return { ...base, type, encoding: 'ZIP' };
  context.problem('unsupported-step', element, `"${kind}" is not offered.`, 'Base64, ZIP or GZIP');
  return null;
}
