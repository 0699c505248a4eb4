import { describe, expect, it } from '@jest/globals';
import { type SluiceError } from '@sluice/domain';
import { maxArtifactBytes, readArtifact } from './read-artifact.js';

async function multipart(form: FormData): Promise<[contentType: string, body: Buffer]> {
  const request = new Response(form);
  return [request.headers.get('content-type') ?? '', Buffer.from(await request.arrayBuffer())];
}

async function refusal(form: FormData): Promise<SluiceError> {
  const [contentType, body] = await multipart(form);
  return readArtifact(contentType, body).then(
    () => {
      throw new Error('It was accepted.');
    },
    (error: unknown) => error as SluiceError,
  );
}

describe('what a flow is sent as', () => {
  it('is its content type and its bytes', async () => {
    expect(await readArtifact('text/yaml; charset=utf-8', Buffer.from('name: x'))).toEqual({
      mediaType: 'application/yaml',
      content: Buffer.from('name: x').toString('base64'),
    });
    await expect(readArtifact('text/plain', Buffer.from('x'))).rejects.toMatchObject({
      code: 'unsupported-media-type',
    });
  });

  it('may be multipart/form-data with an artifact and a port for each script by its file name', async () => {
    const form = new FormData();
    form.append('artifact', new File([new Uint8Array([0x50, 0x4b, 3, 4, 0xff])], 'orders.zip'));
    form.append('ports', new File(['function a() {}'], 'a.groovy.js', { type: 'text/javascript' }));
    form.append('ports', new File(['function b() {}'], 'orders/b.js'));
    const [contentType, body] = await multipart(form);
    expect(await readArtifact(contentType, body)).toEqual({
      mediaType: 'application/zip',
      content: Buffer.from([0x50, 0x4b, 3, 4, 0xff]).toString('base64'),
      ports: { 'a.groovy.js': 'function a() {}', 'orders/b.js': 'function b() {}' },
    });
  });

  it('names every part that is wrong', async () => {
    const form = new FormData();
    form.append('artifact', new File(['x'], 'orders.bin'));
    form.append('ports', 'function a() {}');
    form.append('port', new File(['x'], 'a.js'));
    const { code, details } = await refusal(form);
    expect(code).toBe('invalid-argument');
    expect((details?.['violations'] as { field: string }[]).map(({ field }) => field)).toEqual([
      'artifact',
      'ports',
      'port',
    ]);
    expect((await refusal(new FormData())).message).toContain('artifact');
  });

  it('is refused when the boundary is not the one of the header, or when it is too large for the bus', async () => {
    const form = new FormData();
    form.append('artifact', new File(['x'], 'orders.yaml'));
    const [, body] = await multipart(form);
    await expect(readArtifact('multipart/form-data; boundary=other', body)).rejects.toMatchObject({
      code: 'invalid-argument',
    });
    form.append('ports', new File(['\n'.repeat(maxArtifactBytes)], 'a.js'));
    expect((await refusal(form)).code).toBe('payload-too-large');
  });
});
