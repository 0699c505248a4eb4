import type { StepDefinition } from '../../model/step-definition.js';
import type { IflwElement } from './iflw-element.js';
import type { StepBase, StepConversion } from './step-conversion.js';

/** The one value of `headerMapping` that artifacts are known to have, and what it means where the first line is excluded. */
const BY_HEADER = 'mapHeadersToXSD';

/** The CSV to XML converter. Its fields are those of the record in the schema. */
export function csvToXml(
  element: IflwElement,
  base: StepBase,
  { context, files }: StepConversion,
): StepDefinition | null {
  const recordPath = element.get('XPath_Field_Location');
  const schema = element.get('XML_Schema_File_Path');
  const recordMarker = element.get('Record_Identifier_in_CSV').trim();
  const dynamic = [recordPath, schema, recordMarker].find((value) => value.includes('${') || /^pd:/i.test(value));
  if (dynamic !== undefined) {
    context.problem(
      'unsupported-setting',
      element,
      `The converter takes "${dynamic}" from each message, which is not offered.`,
      'a fixed schema, path and record marker',
    );
    return null;
  }
  const found = schema === '' ? { fields: [], targetNamespace: '' } : files.recordFields(schema, recordPath);
  if (found === null) {
    context.problem(
      'missing-resource',
      element,
      `The schema "${schema}" is not in the artifact, or does not describe ${recordPath} as a sequence of elements with text.`,
      'add the schema to the artifact',
    );
    return null;
  }
  const { fields, targetNamespace } = found;
  if (targetNamespace !== '')
    context.warn(
      'ignored-setting',
      element,
      `The elements are written without the target namespace "${targetNamespace}" of the schema.`,
    );
  const excludeFirstLine =
    element.flag('Exclude_First_Line_Header') || element.flag('ignoreFirstLineAsHeader') || fields.length === 0;
  const mapping = element.get('headerMapping').trim();
  if (excludeFirstLine && mapping !== '' && mapping !== BY_HEADER) {
    context.problem(
      'unsupported-setting',
      element,
      `The mapping of CSV headers "${mapping}" is not known.`,
      `headerMapping ${BY_HEADER}, or no header to exclude`,
    );
    return null;
  }
  return {
    ...base,
    type: 'csvToXml',
    recordPath,
    fieldSeparator: element.get('Field_Separator_in_CSV') || ',',
    excludeFirstLine,
    fieldNames: fields.map(({ name }) => name),
    columns: excludeFirstLine ? 'header' : 'position',
    optionalFieldNames: fields.filter(({ required }) => !required).map(({ name }) => name),
    recordMarker,
  };
}

/** The XML to CSV converter. Its properties have other names from version to version. */
export function xmlToCsv(element: IflwElement, base: StepBase): StepDefinition {
  return {
    ...base,
    type: 'xmlToCsv',
    recordPath: element.get('XPath_Field_Location'),
    fieldSeparator: element.get('Field_Separator_in_CSV') || ',',
    includeHeader: element.flag('Include_Header') || !['', 'none'].includes(element.get('CSV_Header').toLowerCase()),
    includeParent: element.flag('Include_Master'),
    parentPath: element.get('Master_XPath_Field_Location') || element.get('XPath_Master_Location'),
    includeAttributes: element.flag('Include_Attribute'),
  };
}
