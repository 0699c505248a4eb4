import { matchesPath, openApiDocument, operations, parametersOf } from '@sluice/contracts';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

const document = openApiDocument('1') as unknown as {
  paths: Record<
    string,
    Record<string, { responses: Record<string, { content?: Record<string, { schema?: object }> }> }>
  >;
};
const ajv = new Ajv2020({ strict: false, formats: { 'date-time': true, uuid: true, uri: true } });
ajv.addSchema(document, 'document');
const validators = new Map<string, ValidateFunction>();

/**
 * Holds an answer of the admin API against its description: a status that is not there, a media type, a member that nobody
 * declared, and one that is missing, are faults.
 * @throws Error naming the fault
 */
export function checkAnswer(
  method: string,
  url: string,
  answer: { readonly status: number; readonly contentType: string; readonly body: unknown; readonly bytes: Buffer },
): void {
  const path = url.split('?')[0] ?? '';
  const operation = operations
    .filter((each) => matchesPath(each.path, path))
    .toSorted((a, b) => parametersOf(a.path).length - parametersOf(b.path).length)
    .find((each) => each.method === method);
  // Of a path or a method that there is not, the document says nothing.
  if (!operation) {
    if (answer.status === 404 || answer.status === 405) return;
    throw new Error(`${method} ${url} was answered ${answer.status}, and no operation is there.`);
  }
  const described = document.paths[operation.path]?.[method.toLowerCase()]?.responses[answer.status];
  if (!described)
    throw new Error(`${operation.id} answered ${answer.status}, which is not described: ${answer.bytes.toString()}`);
  const type = answer.contentType.split(';')[0] ?? '';
  if (!described.content) {
    if (answer.bytes.length > 0) throw new Error(`${operation.id} answered ${answer.status} with a body.`);
    return;
  }
  const content = described.content[type];
  if (!content) throw new Error(`${operation.id} answered ${answer.status} as ${type}, which is not described.`);
  if (!content.schema) return;
  const pointer = ['paths', operation.path, method.toLowerCase(), 'responses', String(answer.status), 'content', type]
    .map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')))
    .join('/');
  const validate = validators.get(pointer) ?? ajv.compile({ $ref: `document#/${pointer}/schema` });
  validators.set(pointer, validate);
  if (!validate(answer.body))
    throw new Error(
      `${operation.id} answered ${answer.status} otherwise than described: ${ajv.errorsText(validate.errors)}; ${JSON.stringify(validate.errors?.[0]?.params)}`,
    );
}
