import { flowMediaTypes, multipartMediaType } from '@sluice/contracts';
import { invalidArgument, SluiceError, type FieldViolation } from '@sluice/domain';
import { isUtf8 } from 'node:buffer';

/** Programs that upload files seldom know the types of these. */
const typesByEnding: Readonly<Record<string, string>> = {
  yaml: 'application/yaml',
  yml: 'application/yaml',
  json: 'application/json',
  iflw: 'application/xml',
  xml: 'application/xml',
  zip: 'application/zip',
};

/** An artifact crosses the bus in base64, with its ports, in one message of at most 4 MB. */
export const maxArtifactBytes = 2_900_000;

export interface SentArtifact {
  readonly mediaType: string;
  /** Base64. */
  readonly content: string;
  readonly ports?: Record<string, string>;
}

/**
 * Reads what a flow was sent as: the artifact alone, or `multipart/form-data` with a part `artifact` and a part `ports` for
 * each script, which has the script's file name.
 * @throws SluiceError `unsupported-media-type`, `invalid-argument`, `payload-too-large`
 */
export async function readArtifact(contentType: string | undefined, body: unknown): Promise<SentArtifact> {
  const type = mediaTypeOf(contentType);
  if (type === multipartMediaType && Buffer.isBuffer(body)) return readMultipart(contentType ?? '', body);
  const mediaType = flowMediaTypes[type];
  if (!mediaType) {
    const known = [...Object.keys(flowMediaTypes), multipartMediaType].join(', ');
    throw new SluiceError('unsupported-media-type', `Send the flow with a content type: ${known}.`);
  }
  const content = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body ?? {}));
  return { mediaType, content: content.toString('base64') };
}

async function readMultipart(contentType: string, body: Buffer): Promise<SentArtifact> {
  let form: FormData;
  try {
    form = await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData();
  } catch (error) {
    throw new SluiceError(
      'invalid-argument',
      'The body is not multipart/form-data as its content type says: see that the boundary is the one in the header.',
      undefined,
      { cause: error },
    );
  }
  const violations: FieldViolation[] = [];
  const ports: Record<string, string> = {};
  let artifact: { mediaType: string; content: Buffer } | undefined;
  for (const [name, value] of form) {
    if (typeof value === 'string') {
      violations.push({ field: name, message: 'must be a file with a file name (curl: -F name=@file)' });
      continue;
    }
    const content = Buffer.from(await value.arrayBuffer());
    if (name === 'ports') {
      if (Object.hasOwn(ports, value.name)) violations.push({ field: name, message: `has ${value.name} twice` });
      if (!isUtf8(content)) violations.push({ field: name, message: `must be UTF-8, and ${value.name} is not` });
      ports[value.name] = content.toString('utf8');
    } else if (name !== 'artifact') {
      violations.push({ field: name, message: 'is not known here; known are artifact and ports' });
    } else if (artifact) {
      violations.push({ field: name, message: 'must be there once' });
    } else {
      const mediaType = flowMediaTypes[mediaTypeOf(value.type)] ?? typesByEnding[endingOf(value.name)];
      if (mediaType) artifact = { mediaType, content };
      else
        violations.push({
          field: name,
          message: `must have a content type (${Object.keys(flowMediaTypes).join(', ')}) or a file name that ends in ${Object.keys(typesByEnding).join(', ')}`,
        });
    }
  }
  if (!artifact && violations.length === 0) violations.push({ field: 'artifact', message: 'must be there' });
  if (!artifact || violations.length > 0) throw invalidArgument(violations);
  const sent = { mediaType: artifact.mediaType, content: artifact.content.toString('base64'), ports };
  // Scripts grow when they are written as JSON.
  if (Buffer.byteLength(JSON.stringify(sent)) > (maxArtifactBytes / 3) * 4 + 64 * 1024) throw tooLarge();
  return sent;
}

function tooLarge(): SluiceError {
  return new SluiceError(
    'payload-too-large',
    `An artifact with its ports has at most ${maxArtifactBytes} bytes: leave out resources that no step uses, or import a package in parts.`,
    { maximumBytes: maxArtifactBytes },
  );
}

function mediaTypeOf(contentType: string | undefined): string {
  return (contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

function endingOf(fileName: string): string {
  return fileName.slice(fileName.lastIndexOf('.') + 1).toLowerCase();
}
