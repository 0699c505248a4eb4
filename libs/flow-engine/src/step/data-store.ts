import type { StepWork } from '../compile/compiled-flow.js';
import type { StepCompiler } from '../compile/step-compiler.js';
import { FlowProcessingError } from '@sluice/domain';
import { valueToText } from '../expression/convert-value.js';
import { decodeText } from '../message/charset.js';
import type {
  DataStoreDeleteStep,
  DataStoreGetStep,
  DataStoreSelectStep,
  DataStoreWriteStep,
} from '../model/step-definition.js';
import type { DataStoreEntry, DataStoreName } from '../port/flow-ports.js';
import { andThen } from '../run/awaitable.js';
import type { FlowRun } from '../run/flow-run.js';
import { escapeAttribute } from '@sluice/xml';

const WHAT = 'data store';

function storeName(
  step: { readonly store: string; readonly visibility: 'local' | 'global' },
  compiler: StepCompiler,
): (run: FlowRun) => DataStoreName {
  const store = compiler.simple(step.store, 'store');
  return (run) => ({ store: valueToText(store(run)), visibility: step.visibility });
}

/** Writes the body, with the headers if asked for; without an id one is made and told in the header SapDataStoreId. */
export function compileDataStoreWrite(step: DataStoreWriteStep, compiler: StepCompiler): StepWork {
  const name = storeName(step, compiler);
  const entryId = compiler.simple(step.entryId, 'entryId');
  const { overwrite, encrypt, expirationDays } = step;
  return (run) => {
    const port = run.scope.port('dataStore', WHAT);
    const id = valueToText(entryId(run)) || run.scope.ports.newId();
    const headers: Record<string, string> = {};
    if (step.includeHeaders) for (const [header, value] of run.message.headers) headers[header] = valueToText(value);
    run.message.headers.set('SapDataStoreId', id);
    return port.write(name(run), { id, body: run.message.bytes(), headers }, { overwrite, encrypt, expirationDays });
  };
}

export function compileDataStoreGet(step: DataStoreGetStep, compiler: StepCompiler): StepWork {
  const name = storeName(step, compiler);
  const entryId = compiler.simple(step.entryId, 'entryId');
  return (run) => {
    const port = run.scope.port('dataStore', WHAT);
    const store = name(run);
    const id = valueToText(entryId(run));
    return andThen(port.get(store, id), (entry) => {
      if (entry === undefined) {
        if (step.throwOnMissing)
          throw new FlowProcessingError('data-store-missing', `The data store "${store.store}" has no entry "${id}".`);
        return;
      }
      run.message.body = entry.body;
      for (const [header, value] of Object.entries(entry.headers)) run.message.headers.set(header, value);
      run.message.headers.set('SapDataStoreId', entry.id);
      if (step.deleteOnCompletion) run.scope.onCompletion.push(() => port.delete(store, [entry.id]));
    });
  };
}

/** The entries as `<messages><message id="…">…</message></messages>`; they must be XML. */
export function compileDataStoreSelect(step: DataStoreSelectStep, compiler: StepCompiler): StepWork {
  const name = storeName(step, compiler);
  return (run) => {
    const port = run.scope.port('dataStore', WHAT);
    const store = name(run);
    return andThen(port.select(store, step.maximumEntries), (entries) => {
      run.message.body = `<?xml version="1.0" encoding="UTF-8"?><messages>${entries.map(messageElement).join('')}</messages>`;
      run.message.headers.set('Content-Type', 'application/xml');
      if (step.deleteOnCompletion && entries.length > 0)
        run.scope.onCompletion.push(() =>
          port.delete(
            store,
            entries.map((entry) => entry.id),
          ),
        );
    });
  };
}

function messageElement(entry: DataStoreEntry): string {
  const body = decodeText(entry.body, contentTypeOf(entry)).replace(/^\ufeff?\s*<\?xml[^>]*\?>\s*/, '');
  return `<message id="${escapeAttribute(entry.id)}">${body}</message>`;
}

function contentTypeOf({ headers }: DataStoreEntry): string | undefined {
  const name = Object.keys(headers).find((header) => header.toLowerCase() === 'content-type');
  return name === undefined ? undefined : headers[name];
}

export function compileDataStoreDelete(step: DataStoreDeleteStep, compiler: StepCompiler): StepWork {
  const name = storeName(step, compiler);
  const entryId = compiler.simple(step.entryId, 'entryId');
  return (run) => run.scope.port('dataStore', WHAT).delete(name(run), [valueToText(entryId(run))]);
}
