import type { StepDefinition } from '../../model/step-definition.js';
import { buildAssignments } from './build-assignments.js';
import type { NativeStep } from './flow-format.js';
import type { ReportProblem } from './report-problem.js';

/** @returns a step that holds no other steps and calls nothing */
export function buildPlainStep(
  step: NativeStep,
  base: { readonly id: string; readonly name: string; readonly next?: string },
  path: string,
  report: ReportProblem,
): StepDefinition {
  switch (step.kind) {
    case 'jsonToXml':
      if (step.value.rootNamespace !== undefined && step.value.rootElement === undefined)
        report(`${path}.rootNamespace`, 'A namespace of the root is that of an added one.', step.line, 'rootElement');
      return {
        ...base,
        type: 'jsonToXml',
        addRootElement: step.value.rootElement !== undefined,
        rootElementName: step.value.rootElement ?? '',
        rootElementNamespace: step.value.rootNamespace ?? '',
        useNamespaces: step.value.namespaces !== undefined,
        namespaceSeparator: step.value.namespaceSeparator ?? ':',
        namespaces: { ...step.value.namespaces },
      };
    case 'xmlToJson':
      return {
        ...base,
        type: 'xmlToJson',
        suppressRootElement: step.value.suppressRootElement ?? false,
        useNamespaces: step.value.namespaces !== undefined,
        namespaceSeparator: step.value.namespaceSeparator ?? ':',
        namespaces: { ...step.value.namespaces },
        arrays: step.value.allArrays === true ? 'all' : (step.value.arrays ?? []),
        streaming: step.value.streaming ?? false,
      };
    case 'csvToXml':
      return {
        ...base,
        type: 'csvToXml',
        recordPath: step.value.recordPath,
        fieldSeparator: step.value.fieldSeparator ?? ',',
        excludeFirstLine:
          step.value.excludeFirstLine ?? (step.value.fieldNames === undefined || step.value.columns === 'header'),
        fieldNames: step.value.fieldNames ?? [],
        ...(step.value.columns === undefined ? {} : { columns: step.value.columns }),
        ...(step.value.recordMarker === undefined ? {} : { recordMarker: step.value.recordMarker }),
      };
    case 'xmlToCsv':
      return {
        ...base,
        type: 'xmlToCsv',
        recordPath: step.value.recordPath,
        fieldSeparator: step.value.fieldSeparator ?? ',',
        includeHeader: step.value.includeHeader ?? true,
        includeParent: false,
        parentPath: '',
        includeAttributes: step.value.includeAttributes ?? false,
      };
    case 'xslt':
      return { ...base, type: 'xslt', stylesheet: step.value.stylesheet, output: 'Bytes' };
    case 'xmlValidation':
    case 'jsonValidation':
      return {
        ...base,
        type: step.kind,
        schema: step.value.schema,
        preventException: step.value.preventException ?? false,
      };
    case 'encode':
    case 'decode':
      return { ...base, type: step.kind, encoding: step.value.encoding };
    case 'dataStoreWrite':
      return {
        ...base,
        type: 'dataStoreWrite',
        store: step.value.store,
        visibility: step.value.visibility ?? 'local',
        entryId: step.value.entryId ?? '',
        overwrite: step.value.overwrite ?? false,
        includeHeaders: step.value.includeHeaders ?? false,
        encrypt: step.value.encrypt ?? true,
        expirationDays: step.value.expirationDays ?? 30,
      };
    case 'dataStoreGet':
      return {
        ...base,
        type: 'dataStoreGet',
        store: step.value.store,
        visibility: step.value.visibility ?? 'local',
        entryId: step.value.entryId,
        deleteOnCompletion: step.value.deleteOnCompletion ?? false,
        throwOnMissing: step.value.throwOnMissing ?? true,
      };
    case 'dataStoreSelect':
      return {
        ...base,
        type: 'dataStoreSelect',
        store: step.value.store,
        visibility: step.value.visibility ?? 'local',
        maximumEntries: step.value.maximumEntries ?? 1,
        deleteOnCompletion: step.value.deleteOnCompletion ?? false,
      };
    case 'dataStoreDelete':
      return {
        ...base,
        type: 'dataStoreDelete',
        store: step.value.store,
        visibility: step.value.visibility ?? 'local',
        entryId: step.value.entryId,
      };
    case 'writeVariables':
      return {
        ...base,
        type: 'writeVariables',
        expirationDays: step.value.expirationDays ?? 400,
        variables: buildAssignments(step.value.variables, `${path}.variables`, step.line, report).map(
          ({ name, source, value, dataType }) => ({
            name,
            scope: step.value.global === true ? ('global' as const) : ('local' as const),
            source,
            value,
            dataType,
          }),
        ),
      };
    case 'mapping':
      return { ...base, type: 'mapping', jsonata: step.value.jsonata };
    case 'script':
      return {
        ...base,
        type: 'script',
        script: step.value.script,
        function: step.value.function ?? 'processData',
      };
    case 'xmlModifier':
      return {
        ...base,
        type: 'xmlModifier',
        removeXmlDeclaration: step.value.removeXmlDeclaration ?? false,
        removeExternalDtd: step.value.removeExternalDtd ?? false,
      };
    case 'persist':
      return {
        ...base,
        type: 'persist',
        storeId: step.value.storeId ?? base.id,
        encrypt: step.value.encrypt ?? true,
      };
    case 'log':
      return {
        ...base,
        type: 'log',
        level: step.value.level ?? 'INFO',
        text: step.value.text,
        attachBody: step.value.attachBody ?? false,
      };
    case 'end':
    case 'errorEnd':
    case 'escalationEnd':
      return {
        id: base.id,
        name: base.name,
        type: 'end',
        kind: step.kind === 'end' ? 'message' : step.kind === 'errorEnd' ? 'error' : 'escalation',
        errorCode: step.kind === 'end' ? '' : (step.value.errorCode ?? ''),
      };
    default:
      throw new Error(`The step kind ${step.kind} has no translation.`);
  }
}
