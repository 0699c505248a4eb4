import type { StepDefinition } from '../../model/step-definition.js';
import type { IflwContext, IflwElement } from './iflw-element.js';
import type { StepBase } from './step-conversion.js';

/** The four operations of a data store. */
export function dataStore(element: IflwElement, base: StepBase, context: IflwContext): StepDefinition | null {
  const common = {
    ...base,
    store: element.get('storageName'),
    visibility: /^global$/i.test(element.get('visibility')) ? ('global' as const) : ('local' as const),
  };
  if (common.store === '') context.problem('missing-key', element, 'The data store has no name.');
  const operation = element.get('operation').toLowerCase();
  switch (operation) {
    case 'put':
    case 'write':
      return {
        ...common,
        type: 'dataStoreWrite',
        entryId: element.get('messageId'),
        overwrite: element.flag('override'),
        includeHeaders: element.flag('includeMessageHeaders'),
        encrypt: element.flag('encrypt', true),
        expirationDays: element.integer('expire', 30, 1),
      };
    case 'get':
      return {
        ...common,
        type: 'dataStoreGet',
        entryId: element.get('messageId'),
        deleteOnCompletion: element.flag('delete'),
        throwOnMissing: element.flag('throwExceptionOnMissingEntry', true),
      };
    case 'select':
      return {
        ...common,
        type: 'dataStoreSelect',
        maximumEntries: element.integer('maxresults', 1, 1),
        deleteOnCompletion: element.flag('delete'),
      };
    case 'delete':
      return { ...common, type: 'dataStoreDelete', entryId: element.get('messageId') };
    default:
      context.problem(
        'unsupported-step',
        element,
        `The data store operation "${operation}" is not offered.`,
        'put, get, select or delete',
      );
      return null;
  }
}
